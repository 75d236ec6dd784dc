package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.backend.Backend;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a run has learnt: a checkpoint, its strings and the configuration.
 *
 * @param config of the run
 * @param checkpoint the file
 * @param strings what it keeps besides tensors: vocabulary or scaler
 */
public record TrainedRun(Config config, Path checkpoint, Map<String, String> strings) {
  /**
   * Reads everything but the parameters.
   *
   * @param folder of the run
   * @param which best, last or a file; empty: best, else last
   * @throws InputException if the folder or the checkpoint is none
   */
  public static TrainedRun open(Path folder, String which) throws IOException {
    RunDirectory run = RunDirectory.open(folder);
    Path file = which.isEmpty() ? run.checkpoint() : run.checkpoint(which);
    try (SafetensorsReader reader = new SafetensorsReader(file)) {
      return new TrainedRun(run.readConfig(), file, reader.metadata());
    } catch (FormatException e) {
      throw new InputException(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * The trained model; the caller closes it.
   *
   * @param spec its layers
   */
  public Model load(ModelSpec spec, Backend backend) throws IOException {
    Model model = spec.build(backend, 0);
    try {
      model.load(checkpoint);
      return model;
    } catch (FormatException e) {
      model.close();
      throw new InputException(String.valueOf(e.getMessage()), e);
    } catch (IOException | RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }
}
