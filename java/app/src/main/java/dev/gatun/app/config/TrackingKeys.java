package dev.gatun.app.config;

import java.util.List;

/** The keys about what other programs read of a run: TensorBoard and MLflow. */
public final class TrackingKeys {
  /** Whose histograms go to the event file. */
  public enum Histograms {
    NONE,
    WEIGHTS,
    GRADIENTS,
    BOTH
  }

  public static final Key<Boolean> METRICS =
      Key.of(
              "train.report_metrics",
              Type.flag(),
              false,
              "whether each report also measures the validation part, as gatun eval: columns of"
                  + " metrics.csv, which take another run through it")
          .knownAs("metrics", "compute_metrics")
          .free();

  public static final Key<Histograms> HISTOGRAMS =
      Key.of(
              "train.histograms",
              Type.oneOf(Histograms.class),
              Histograms.NONE,
              "histograms in the event file that TensorBoard shows: of the weights at each report,"
                  + " of the gradients where train.watch_gradients looks")
          .knownAs("histogram_freq", "log_histograms", "watch")
          .free();

  public static final Key<String> MLFLOW =
      Key.of(
              "train.mlflow.uri",
              Type.text("the address of a server"),
              "",
              "the tracking server that gets settings and metrics, as http://localhost:5000;"
                  + " empty: none")
          .knownAs("tracking_uri", "mlflow_tracking_uri")
          .free();

  public static final Key<String> EXPERIMENT =
      Key.of(
              "train.mlflow.experiment",
              Type.text("a name"),
              "gatun",
              "the server's experiment that the run belongs to, made if missing")
          .knownAs("experiment_name", "project")
          .free();

  public static final Key<String> RUN_NAME =
      Key.of(
              "train.mlflow.run_name",
              Type.text("a name"),
              "",
              "what the server calls the run; empty: the name of the run's folder")
          .knownAs("name")
          .free();

  static final List<Key<?>> ALL = List.of(METRICS, HISTOGRAMS, MLFLOW, EXPERIMENT, RUN_NAME);

  private TrackingKeys() {}
}
