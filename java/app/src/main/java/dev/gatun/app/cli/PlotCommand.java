package dev.gatun.app.cli;

import dev.gatun.app.config.InputException;
import dev.gatun.app.report.LineChart;
import dev.gatun.app.run.Curves;
import dev.gatun.persist.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code gatun plot}. */
@Command(
    name = "plot",
    description =
        "Draw the losses of a run, or one column of several runs on one chart, as SVG or PNG.")
final class PlotCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", arity = "1..*", description = "Folders of runs.")
  private List<Path> runs = new ArrayList<>();

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "A file that ends in .svg or .png, created or replaced.")
  private Path output = Path.of("");

  @Option(
      names = "--column",
      paramLabel = "NAME",
      defaultValue = "",
      description =
          "A column of metrics.csv. Default: the losses; of several runs the validation loss.")
  private String column = "";

  @Option(names = "--log", description = "Powers of ten on the vertical axis.")
  private boolean logarithmic;

  @Override
  public Integer call() throws IOException {
    String name = output.toString().toLowerCase(Locale.ROOT);
    if (!name.endsWith(".svg") && !name.endsWith(".png")) {
      throw new InputException("--output " + output + ": give a file that ends in .svg or .png");
    }
    Output.checkWritable("--output", output);
    LineChart chart = Curves.of(runs, column);
    if (logarithmic) {
      chart.logarithmic();
    }
    if (name.endsWith(".svg")) {
      AtomicFiles.write(output, chart.toSvg());
    } else {
      AtomicFiles.write(output, chart.toPng());
    }
    return 0;
  }
}
