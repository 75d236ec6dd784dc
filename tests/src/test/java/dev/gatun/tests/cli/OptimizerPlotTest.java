package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Names;
import dev.gatun.app.config.UpdateKeys.Optimizers;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The comparison of optimizers as docs/techniques/reading-a-run.md has it, over two epochs. */
class OptimizerPlotTest {
  private static final Path ROOT = Path.of(System.getProperty("gatun.root"));
  private static final Pattern LOOP = Pattern.compile("for rule in ([^;]*); do");
  private static final Pattern PLOT = Pattern.compile("gatun plot ([a-z ]+) --output");

  /** Of a curve's width: the grid's lines and the legend's have others. */
  private static final Pattern CURVE =
      Pattern.compile("<path d=\"([^\"]*)\"[^>]* stroke-width=\"1.8\"");

  private static final int EPOCHS = 2;

  @TempDir Path folder;

  private static String found(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    assertTrue(matcher.find(), () -> pattern + " in " + text);
    return matcher.group(1);
  }

  private Outcome good(String... command) {
    Outcome outcome = InProcess.run(command);
    assertEquals(0, outcome.status(), outcome.err());
    return outcome;
  }

  @Test
  void everyOptimizerHasACurveOnOnePlot() throws Exception {
    String page = Files.readString(ROOT.resolve("docs/techniques/reading-a-run.md"));
    Map<String, String> rates = new LinkedHashMap<>();
    for (String rule : found(LOOP, page).split(" ", -1)) {
      rates.put(rule.split("=", -1)[0], rule.split("=", -1)[1]);
    }
    List<String> all = Arrays.stream(Optimizers.values()).map(Names::of).toList();
    assertEquals(new TreeSet<>(all), new TreeSet<>(rates.keySet()), "the page's loop");
    assertEquals(List.copyOf(rates.keySet()), List.of(found(PLOT, page).split(" ", -1)));
    String config = ROOT.resolve("examples/optimizers.yaml").toString();
    List<String> plot = new ArrayList<>(List.of("plot"));
    for (Map.Entry<String, String> rule : rates.entrySet()) {
      String run = folder.resolve(rule.getKey()).toString();
      String name = "train.optimizer.name=" + rule.getKey();
      String rate = "train.rate=" + rule.getValue();
      String epochs = "train.epochs=" + EPOCHS;
      good(
          "train",
          config,
          "--run",
          run,
          "--device",
          "cpu",
          "--set",
          name,
          "--set",
          rate,
          "--set",
          epochs);
      plot.add(run);
    }
    Path chart = folder.resolve("optimizers.svg");
    plot.addAll(List.of("--output", chart.toString()));
    good(plot.toArray(String[]::new));
    assertCurves(Files.readString(chart), rates);
  }

  /** A name and a curve of its own for each, with a point for each report. */
  private static void assertCurves(String svg, Map<String, String> rates) {
    for (String name : rates.keySet()) {
      assertTrue(svg.contains(">" + name + "<"), () -> name + " is not in " + svg);
    }
    List<String> curves = CURVE.matcher(svg).results().map(match -> match.group(1)).toList();
    assertEquals(rates.size(), curves.size(), svg);
    // Without weight decay AdamW is Adam.
    assertEquals(rates.size() - 1, new TreeSet<>(curves).size(), "two curves are the same");
    for (String curve : curves) {
      assertEquals(EPOCHS, curve.split("[ML]", -1).length - 1, curve);
    }
  }
}
