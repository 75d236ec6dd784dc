package dev.gatun.train;

import dev.gatun.model.GradientFlow;
import java.nio.file.Path;

/**
 * Told what happens in a run, on the thread that trains. The trainer answers with the figures; it
 * may be asked to stop.
 */
public interface TrainingListener {
  /** When {@link Trainer#run} begins, also after a resume. */
  default void onStart(Trainer trainer) {}

  /** After each step, skipped ones included. To be quick: it is part of the step. */
  default void onStep(Trainer trainer) {}

  /** A step whose update was left out. Called before its {@link #onStep}. */
  default void onSkipped(Trainer trainer, SkippedStep skipped) {}

  /**
   * Between the backward and the update of a step that {@link TrainerBuilder#watchGradients} asks
   * for. Called before its {@link #onStep}.
   */
  default void onGradients(Trainer trainer, GradientFlow flow) {}

  /** After the last step of an epoch, before its report. */
  default void onEpoch(Trainer trainer) {}

  /**
   * At the end of an epoch or every so many steps, as configured, and at the end: {@link
   * Trainer#trainLoss} and, with validation data, {@link Trainer#validationLoss} are new.
   */
  default void onReport(Trainer trainer) {}

  /** After a checkpoint has been written. */
  default void onCheckpoint(Trainer trainer, Path file) {}

  /** When {@link Trainer#run} is about to return. */
  default void onEnd(Trainer trainer, Outcome outcome) {}
}
