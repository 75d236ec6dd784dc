package dev.gatun.train;

import dev.gatun.backend.DeviceException;
import dev.gatun.data.Batch;
import dev.gatun.model.LossGuard;
import dev.gatun.model.Plan;
import dev.gatun.model.StepRecording;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RecordableOptimizer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Training steps as graphs, one for each shape of batch: the first of a shape is run as it is, the
 * second recorded, and from then on one launch does all of it. Ragged batches, and those that
 * overlap, are run as they are.
 */
final class StepGraphs implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(StepGraphs.class.getName());

  /** Full and last batches need two each; of data with a length for each batch the first ones. */
  private static final int MOST = 64;

  private final Plan plan;

  /** Null: its updates cannot be recorded and come after the graph. */
  private final @Nullable RecordableOptimizer optimizer;

  /** Null where updates come after the graph, and the host has read the loss. */
  private final @Nullable LossGuard guard;

  private final List<Shape> shapes = new ArrayList<>();
  private boolean refused;
  private boolean told;

  StepGraphs(Plan plan, Optimizer optimizer) {
    this.plan = plan;
    this.optimizer =
        optimizer instanceof RecordableOptimizer given && given.recordable() ? given : null;
    guard = this.optimizer == null ? null : new LossGuard(plan, optimizer.parameters());
  }

  /** What has been seen once, and its recording from the second time on. */
  private static final class Shape {
    final int t;
    final int n;
    final boolean last;
    final boolean refreshes;
    @Nullable StepRecording recording;

    Shape(Batch data, boolean last, boolean refreshes) {
      t = data.time();
      n = data.size();
      this.last = last;
      this.refreshes = refreshes;
    }

    boolean is(Batch data, boolean ofLast, boolean ofRefresh) {
      return t == data.time() && n == data.size() && last == ofLast && refreshes == ofRefresh;
    }
  }

  /** Whether the graph of an update's last batch has the update in it. */
  boolean updates() {
    return optimizer != null;
  }

  /**
   * Runs forward and backward of a batch and, of the last one and with {@link #updates}, the
   * update.
   *
   * @return false if it is to be run without a graph; nothing has been done then
   */
  boolean run(Batch data, double weight, boolean last, double rate) {
    if (data.carried() < data.time()) {
      return false;
    }
    if (refused || data.ragged()) {
      tellRagged();
      return false;
    }
    boolean refreshes = plan.refreshDue();
    Shape shape = find(data, last, refreshes);
    if (shape == null) {
      if (shapes.size() < MOST) {
        shapes.add(new Shape(data, last, refreshes));
      }
      return false;
    }
    boolean updates = last && optimizer != null;
    StepRecording recording = shape.recording;
    if (recording == null) {
      recording = record(data, weight, updates);
      shape.recording = recording;
    }
    if (recording == null) {
      return false;
    }
    if (last && optimizer != null) {
      optimizer.rate(rate);
    }
    recording.run(data, weight);
    if (last && optimizer != null) {
      optimizer.parameters().changed();
    }
    return true;
  }

  /** Once: why steps that could be graphs are none. */
  private void tellRagged() {
    if (!refused && !told) {
      told = true;
      LOG.log(
          System.Logger.Level.INFO,
          "batches with sequences of different lengths run without graphs, with the same results");
    }
  }

  private @Nullable Shape find(Batch data, boolean last, boolean refreshes) {
    for (int i = 0; i < shapes.size(); i++) { // an iterator would be an object each time
      if (shapes.get(i).is(data, last, refreshes)) {
        return shapes.get(i);
      }
    }
    return null;
  }

  private void update() {
    if (guard != null && optimizer != null) {
      guard.apply();
      optimizer.update();
    }
  }

  /** Null, with a line in the log, if the steps cannot be recorded: none is tried again. */
  private @Nullable StepRecording record(Batch data, double weight, boolean updates) {
    try {
      return plan.record(data, weight, updates ? this::update : () -> {});
    } catch (DeviceException e) {
      refused = true;
      LOG.log(
          System.Logger.Level.WARNING,
          "training goes on without graphs, with the same results: " + e.getMessage());
      return null;
    }
  }

  @Override
  public void close() {
    for (Shape shape : shapes) {
      if (shape.recording != null) {
        shape.recording.close();
      }
    }
    if (guard != null) {
      guard.close();
    }
  }
}
