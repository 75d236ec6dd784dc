package dev.gatun.app.run;

import dev.gatun.app.report.ConfusionMatrix;
import dev.gatun.app.report.LineChart;
import dev.gatun.app.report.Log;
import dev.gatun.app.task.Classified;
import dev.gatun.app.task.Forecast;
import dev.gatun.app.task.SeriesTask;
import dev.gatun.app.task.Task;
import dev.gatun.backend.WeightType;
import dev.gatun.model.Model;
import dev.gatun.persist.AtomicFiles;
import java.io.IOException;
import java.util.Arrays;
import java.util.SequencedMap;

/**
 * What a run ends with: its best checkpoint measured, and drawn where there is something to see.
 */
final class FinalTest {
  /** Points a forecast chart shows at most: beyond that lines merge into a band. */
  private static final int CHART_POINTS = 500;

  private FinalTest() {}

  /** Measures the best checkpoint, and draws what a forecaster says. */
  static SequencedMap<String, Double> of(Task task, Model model, RunDirectory run, Log log)
      throws IOException {
    model.load(run.checkpoint());
    SequencedMap<String, Double> measures;
    if (task instanceof SeriesTask series) {
      Forecast forecast = series.forecast(model, task.measured());
      measures = forecast.measures();
      draw(series, forecast, run, task.measuredName());
    } else {
      measures = task.measure(model, task.measured(), WeightType.FLOAT32);
      Classified classified = task.classified(model, task.measured(), WeightType.FLOAT32);
      if (classified != null) {
        draw(classified, run, task.measuredName());
      }
    }
    log.line((task.measuredName() + ": " + task.describe(measures)).replace(": \n", ":\n"));
    return measures;
  }

  private static void draw(Classified classified, RunDirectory run, String part)
      throws IOException {
    ConfusionMatrix matrix = new ConfusionMatrix(classified.names(), classified.metrics());
    AtomicFiles.write(run.confusion(), matrix.toSvg("Confusion: " + part + " part"));
  }

  private static void draw(SeriesTask task, Forecast forecast, RunDirectory run, String part)
      throws IOException {
    int output = forecast.outputs() - task.windows().targets().size();
    String target = task.windows().targets().getFirst();
    int ahead = task.windows().horizon();
    LineChart chart =
        new LineChart(
                "%s, %d row%s ahead, %s part".formatted(target, ahead, ahead == 1 ? "" : "s", part),
                task.timeName(),
                target)
            .line(
                "actual",
                end(forecast, forecast.place(), output),
                end(forecast, forecast.truth(), output),
                false)
            .line(
                "forecast",
                end(forecast, forecast.place(), output),
                end(forecast, forecast.predicted(), output),
                false);
    if (forecast.model().hasInterval()) {
      chart.band(
          end(forecast, forecast.place(), output),
          end(forecast, forecast.model().lower(), output),
          end(forecast, forecast.model().upper(), output));
    }
    if (forecast.season() > 0) {
      chart.line(
          forecast.season() + " rows before",
          end(forecast, forecast.place(), output),
          end(forecast, forecast.seasonal(), output),
          true);
    }
    AtomicFiles.write(run.forecast(), chart.toSvg());
  }

  private static double[] end(Forecast forecast, double[] values, int output) {
    double[] all = forecast.output(values, output);
    return Arrays.copyOfRange(all, Math.max(0, all.length - CHART_POINTS), all.length);
  }
}
