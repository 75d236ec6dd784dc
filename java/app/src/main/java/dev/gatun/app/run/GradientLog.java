package dev.gatun.app.run;

import dev.gatun.app.report.LineChart;
import dev.gatun.app.report.Log;
import dev.gatun.model.GradientFlow;
import dev.gatun.persist.AtomicFiles;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code gradients.csv}, what {@code train.watch_gradients} sees, and two charts of it: the norm of
 * each layer's gradient over the run, and dL/dh_t along the steps of the last look.
 */
public final class GradientLog implements TrainingListener {
  /** The file's name in a run's folder. */
  public static final String FILE = "gradients.csv";

  /** Of the first step's gradient to the last one's: what is left then says nothing any more. */
  private static final double VANISHED = 1e-6;

  private static final double EXPLODED = 1e4;

  /** What the norm of a layer's gradient is of, in the file. */
  private static final String PARAMETERS = "parameters";

  /** As {@link Double#toString} writes it; a line that a kill has cut is left out. */
  private static final String NORM = "NaN|Infinity|\\d+\\.\\d+(E-?\\d+)?";

  private static final String HEADER = "step,layer,of,time,norm\n";

  private final Path folder;
  private final Log log;

  /** Norms by layer, each with its step. */
  private final Map<String, List<double[]>> norms = new LinkedHashMap<>();

  private @Nullable GradientFlow last;
  private boolean begun;

  GradientLog(Path folder, Log log) {
    this.folder = folder;
    this.log = log;
  }

  private Path file() {
    return folder.resolve(FILE);
  }

  /** Leaves out what a resumed run looks at again; the charts go on from the rest. */
  private void begin(long after) throws IOException {
    StringBuilder kept = new StringBuilder(HEADER);
    if (Files.isRegularFile(file())) {
      for (String line : Files.readAllLines(file())) {
        String[] fields = line.split(",", -1);
        boolean whole = fields.length == 5 && fields[0].matches("\\d+") && fields[4].matches(NORM);
        if (whole && Long.parseLong(fields[0]) <= after) {
          kept.append(line).append('\n');
          if (fields[2].equals(PARAMETERS)) {
            point(Long.parseLong(fields[0]), fields[1], Double.parseDouble(fields[4]));
          }
        }
      }
    }
    AtomicFiles.write(file(), kept.toString());
    begun = true;
  }

  private void point(long step, String layer, double norm) {
    norms.computeIfAbsent(layer, name -> new ArrayList<>()).add(new double[] {step, norm});
  }

  @Override
  public void onGradients(Trainer trainer, GradientFlow flow) {
    long step = trainer.steps() + 1;
    try {
      if (!begun) {
        begin(trainer.steps());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    StringBuilder rows = new StringBuilder();
    flow.layers()
        .forEach(
            (layer, norm) -> {
              rows.append(row(step, layer, PARAMETERS, "", norm));
              point(step, layer, norm);
            });
    flow.states()
        .forEach(
            (layer, values) -> {
              for (int i = 0; i < values.size(); i++) {
                String time = flow.steps().get(i).toString();
                rows.append(row(step, layer, "state", time, values.get(i)));
              }
            });
    last = flow;
    try {
      AtomicFiles.append(file(), rows.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String row(long step, String layer, String of, String time, double norm) {
    return String.format(Locale.ROOT, "%d,%s,%s,%s,%s%n", step, layer, of, time, norm);
  }

  @Override
  public void onEnd(Trainer trainer, Outcome outcome) {
    GradientFlow seen = last;
    if (seen == null) {
      return;
    }
    try {
      LineChart layers = new LineChart("Gradients of layers", "step", "log10 of the norm");
      for (Map.Entry<String, List<double[]>> entry : norms.entrySet()) {
        List<double[]> points = entry.getValue();
        double[] at = points.stream().mapToDouble(p -> p[0]).toArray();
        layers.line(entry.getKey(), at, logs(points.stream().map(p -> p[1]).toList()), false);
      }
      AtomicFiles.write(folder.resolve("gradients.svg"), layers.toSvg());
      if (!seen.states().isEmpty()) {
        double[] at = seen.steps().stream().mapToDouble(Integer::doubleValue).toArray();
        LineChart time = new LineChart("dL/dh over time", "step of time", "log10 of the norm");
        seen.states().forEach((layer, values) -> time.line(layer, at, logs(values), false));
        AtomicFiles.write(folder.resolve("gradient_flow.svg"), time.toSvg());
      }
      for (Map.Entry<String, List<Double>> entry : seen.states().entrySet()) {
        String words = words(entry.getKey(), entry.getValue());
        if (!words.isEmpty()) {
          log.line(words);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double[] logs(List<Double> values) {
    return values.stream().mapToDouble(v -> v > 0 ? Math.log10(v) : Double.NaN).toArray();
  }

  /** What the flow through a layer says, empty if nothing is wrong. */
  static String words(String layer, List<Double> states) {
    // What a direction reads first is what its gradient reaches last.
    boolean reverse = layer.endsWith(GradientFlow.REVERSE);
    String far = reverse ? "last" : "first";
    String near = reverse ? "first" : "last";
    double ratio = states.getFirst() / states.getLast();
    ratio = reverse ? 1 / ratio : ratio;
    if (ratio < VANISHED) {
      return "gradients vanish in %s: dL/dh of the %s step is %.1e of the %s one's; %s"
          .formatted(
              layer, far, ratio, near, "try lstm or gru, a forget bias of 1, or shorter sequences");
    }
    if (ratio > EXPLODED) {
      return "gradients explode in %s: dL/dh of the %s step is %.1e times the %s one's; %s"
          .formatted(layer, far, ratio, near, "set train.clip, or lower train.rate");
    }
    return "";
  }
}
