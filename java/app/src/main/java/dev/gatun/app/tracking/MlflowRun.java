package dev.gatun.app.tracking;

import dev.gatun.persist.AtomicFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.mlflow.api.proto.Service.CreateRun;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Param;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowHttpException;

/**
 * A run on an MLflow tracking server, by MLflow's own client: the configuration as parameters, each
 * report as metrics. A thread of its own talks to the server, so that training never waits for it;
 * a server that is down or refuses costs one warning and the rest of the tracking, not the run.
 *
 * <p>The client reads its credentials where it always does: {@code MLFLOW_TRACKING_USERNAME},
 * {@code MLFLOW_TRACKING_PASSWORD}, {@code MLFLOW_TRACKING_TOKEN}.
 */
public final class MlflowRun implements Tracker {
  /** The server's limits on a batch: https://mlflow.org/docs/latest/rest-api.html#log-batch. */
  private static final int PARAMETERS_PER_BATCH = 100;

  private static final int LONGEST_PARAMETER = 6000;

  /** How long the end of a run waits for the server: it may hang, and the run is saved. */
  private static final int LAST_SECONDS = 10;

  /**
   * What a run is called where.
   *
   * @param uri of the server
   * @param experiment made if missing
   * @param name of the run
   * @param memory a file that keeps the run's id, so that a resumed run goes on with it
   */
  public record Place(String uri, String experiment, String name, Path memory) {}

  private final Place place;
  private final Warning warning;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("mlflow").factory());
  private final AtomicReference<@Nullable String> problem = new AtomicReference<>();
  private @Nullable MlflowClient client;
  private String id = "";
  private boolean warned;

  /** Gets the one warning, on the thread that trains. */
  @FunctionalInterface
  public interface Warning {
    /** One line. */
    void line(String text) throws IOException;
  }

  private interface Work {
    void run() throws IOException;
  }

  private MlflowRun(Place place, Warning warning) {
    this.place = place;
    this.warning = warning;
  }

  /**
   * Begins a run on the server, or goes on with the one that the memory knows.
   *
   * @param settings the configuration, by key
   */
  public static MlflowRun start(Place place, Map<String, String> settings, Warning warning) {
    // The client is no module of its own: it stands on the class path, or is made one by its name.
    MlflowRun.class
        .getModule()
        .addReads(
            ModuleLayer.boot()
                .findModule("mlflow.client")
                .orElseGet(() -> ClassLoader.getSystemClassLoader().getUnnamedModule()));
    MlflowRun run = new MlflowRun(place, warning);
    run.later(() -> run.begin(settings));
    return run;
  }

  private MlflowClient client() {
    MlflowClient made = client;
    if (made == null) {
      made = new MlflowClient(place.uri.replaceAll("/+$", ""));
      client = made;
    }
    return made;
  }

  private void begin(Map<String, String> settings) throws IOException {
    MlflowClient server = client();
    if (Files.isRegularFile(place.memory)) {
      id = Files.readString(place.memory).strip();
      server.sendPost("runs/update", "{\"run_id\":\"" + id + "\",\"status\":\"RUNNING\"}");
      return;
    }
    Optional<Experiment> found = server.getExperimentByName(place.experiment);
    String experiment =
        found.isPresent()
            ? found.get().getExperimentId()
            : server.createExperiment(place.experiment);
    RunInfo info =
        server.createRun(
            CreateRun.newBuilder()
                .setExperimentId(experiment)
                .setRunName(place.name)
                .setStartTime(System.currentTimeMillis())
                .addTags(tag("mlflow.runName", place.name))
                .addTags(tag("mlflow.source.name", "gatun"))
                .build());
    id = info.getRunId();
    AtomicFiles.write(place.memory, id + "\n");
    List<Param> all = new ArrayList<>();
    settings.forEach((key, value) -> all.add(parameter(key, value)));
    for (int i = 0; i < all.size(); i += PARAMETERS_PER_BATCH) {
      List<Param> some = all.subList(i, Math.min(all.size(), i + PARAMETERS_PER_BATCH));
      server.logBatch(id, List.of(), some, List.of());
    }
  }

  private static RunTag tag(String key, String value) {
    return RunTag.newBuilder().setKey(key).setValue(value).build();
  }

  private static Param parameter(String key, String value) {
    String cut = value.substring(0, Math.min(value.length(), LONGEST_PARAMETER));
    return Param.newBuilder().setKey(key).setValue(cut).build();
  }

  @Override
  public void report(long step, SequencedMap<String, Double> values) throws IOException {
    warn();
    SequencedMap<String, Double> kept = new LinkedHashMap<>(values);
    long now = System.currentTimeMillis();
    later(() -> send(step, now, kept));
  }

  private void send(long step, long now, Map<String, Double> values) {
    List<Metric> metrics = new ArrayList<>();
    values.forEach(
        (name, value) -> {
          if (Double.isFinite(value)) {
            metrics.add(
                Metric.newBuilder()
                    .setKey(name)
                    .setValue(value)
                    .setStep(step)
                    .setTimestamp(now)
                    .build());
          }
        });
    client().logBatch(id, metrics, List.of(), List.of());
  }

  @Override
  public void end(boolean completed) {
    later(() -> client().setTerminated(id, completed ? RunStatus.FINISHED : RunStatus.KILLED));
    thread.shutdown();
    try {
      if (!thread.awaitTermination(LAST_SECONDS, TimeUnit.SECONDS)) {
        problem.compareAndSet(null, "no answer in " + LAST_SECONDS + " s");
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      warn();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Once something has failed, nothing more is tried: one warning, not one for each report. */
  @SuppressWarnings("FutureReturnValueIgnored") // the work keeps its own failure
  private void later(Work work) {
    thread.submit(
        () -> {
          if (problem.get() != null) {
            return;
          }
          try {
            work.run();
          } catch (LinkageError e) {
            problem.set(
                "its client is not there: start by gatun, or put it on the class path (" + e + ")");
          } catch (IOException | RuntimeException e) {
            problem.set(message(e));
          }
        });
  }

  private static String message(Exception e) {
    if (e instanceof MlflowHttpException http) {
      return http.getMessage()
          + ": "
          + http.getBodyMessage().strip().lines().findFirst().orElse("");
    }
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
  }

  private void warn() throws IOException {
    String what = problem.get();
    if (what != null && !warned) {
      warned = true;
      warning.line("MLflow at %s: %s; the run goes on without it".formatted(place.uri, what));
    }
  }
}
