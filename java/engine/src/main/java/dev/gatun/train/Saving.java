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
  private final Divergence divergence;
  private final @Nullable CheckpointFolder folder;

  Saving(Trainer trainer, TrainerBuilder options, Divergence divergence) {
    this.trainer = trainer;
    this.options = options;
    this.divergence = divergence;
    model = options.model;
    folder = options.checkpoints == null ? null : new CheckpointFolder(options.checkpoints);
  }

  /** After a step. */
  void every(Progress progress) throws IOException {
    boolean due = options.checkpointEvery > 0 && progress.step % options.checkpointEvery == 0;
    if (folder == null || !due || progress.skippedInRow > 0 || divergence.doubtful(progress)) {
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
   *
   * @param ruined whether {@link Divergence} doubts them
   */
  void report(Progress progress, boolean ruined) throws IOException {
    if (progress.savedWeights < 0 || !(ruined || progress.doubtful())) {
      last();
    }
  }

  /** Before the first step of a run, so that there is something to go back to whatever comes. */
  void first(Progress progress) throws IOException {
    if (progress.savedWeights < 0) {
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
      trainer.progress.savedRuined = false;
    } else {
      LOG.log(
          System.Logger.Level.WARNING,
          "step {0}: the weights are not finite; the checkpoint before is kept",
          trainer.steps());
    }
    return finite;
  }

  /**
   * At the end of a run that could not go on: weights that are not finite, or ruined, become the
   * last good.
   */
  void goBack(Outcome outcome) throws IOException {
    boolean ruined = outcome == Outcome.DIVERGED && trainer.progress.keptGood();
    boolean kept = folder != null && trainer.progress.savedWeights >= 0;
    if (kept && folder != null && (ruined || !model.parameters().finite())) {
      Path last = folder.last();
      model.load(last);
      LOG.log(
          System.Logger.Level.WARNING,
          "step {0}: the weights were ruined; they are those of {1} again",
          trainer.steps(),
          last);
    }
  }
}
