package dev.gatun.train;

import dev.gatun.model.Model;
import java.io.IOException;
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

  /**
   * After a report: what a run goes on from, unless the weights are in doubt; those saved before,
   * if any are, are the better ones to go back to.
   */
  void report(Progress progress) throws IOException {
    if (progress.savedWeights < 0 || !progress.doubtful()) {
      last();
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
      trainer.progress.savedWeights = trainer.progress.weights();
    } else {
      LOG.log(
          System.Logger.Level.WARNING,
          "step {0}: the weights are not finite; the checkpoint before is kept",
          trainer.steps());
    }
    return finite;
  }

  /** At the first of some steps that are not finite: if nothing is saved yet, what is there. */
  void beforeTrouble(Progress progress) throws IOException {
    if (folder != null && progress.skippedInRow == 1 && progress.savedWeights < 0) {
      last();
    }
  }

  /** At the end of a run that could not go on: weights that are not finite become the last good. */
  void goBack() throws IOException {
    if (folder != null && trainer.progress.savedWeights >= 0 && !model.parameters().finite()) {
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
