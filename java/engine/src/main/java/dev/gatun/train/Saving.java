package dev.gatun.train;

import dev.gatun.model.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** When a trainer writes which checkpoint. */
final class Saving {
  private static final System.Logger LOG = System.getLogger(Saving.class.getName());

  private final Trainer trainer;
  private final TrainerBuilder options;
  private final Model model;
  private final @Nullable CheckpointFolder folder;

  Saving(Trainer trainer, TrainerBuilder options) {
    this.trainer = trainer;
    this.options = options;
    model = options.model;
    folder = options.checkpoints == null ? null : new CheckpointFolder(options.checkpoints);
  }

  /** After a step. */
  void every(Progress progress) throws IOException {
    boolean due = options.checkpointEvery > 0 && progress.step % options.checkpointEvery == 0;
    if (folder == null || !due || progress.skippedInRow > 0) {
      return;
    }
    // Where a report is due it saves, when there is more to save.
    boolean saved = progress.reportDue ? options.checkpointKeep > 0 && last() : last();
    if (saved && options.checkpointKeep > 0) {
      folder.keep(progress.step, options.checkpointKeep);
    }
  }

  /** The best so far. */
  void best() throws IOException {
    if (folder != null) {
      trainer.save(folder.best());
    }
  }

  /** What a run goes on from; false if there is no folder or the weights are not finite. */
  boolean last() throws IOException {
    if (folder == null) {
      return false;
    }
    // What was saved last can be gone on from; NaN cannot.
    boolean finite = model.parameters().finite();
    if (finite) {
      trainer.save(folder.last());
    } else {
      LOG.log(
          System.Logger.Level.WARNING,
          "step {0}: the weights are not finite; the checkpoint before is kept",
          trainer.steps());
    }
    return finite;
  }

  /** At the first of some steps that are not finite: what was good, if nothing has it yet. */
  void beforeTrouble(Progress progress) throws IOException {
    if (folder != null && progress.skippedInRow == 1 && !Files.exists(folder.last())) {
      last();
    }
  }

  /** At the end of a run that could not go on: weights that are not finite become the last good. */
  void goBack() throws IOException {
    if (folder != null && Files.exists(folder.last()) && !model.parameters().finite()) {
      Path last = folder.last();
      model.load(last);
      LOG.log(
          System.Logger.Level.WARNING,
          "step {0}: the weights were not finite; they are those of {1} again",
          trainer.steps(),
          last);
    }
  }
}
