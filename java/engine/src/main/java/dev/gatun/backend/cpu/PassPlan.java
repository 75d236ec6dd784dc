package dev.gatun.backend.cpu;

import dev.gatun.backend.RecurrentIo.Decay;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Workspace;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the passes of one stack share while they are planned.
 *
 * @param spec the stack
 * @param weights packed for all passes
 * @param training whether state is saved for backward
 * @param maxTime the largest T
 * @param maxBatch the largest N
 * @param workspace owns every buffer of the stack
 * @param sequences the lengths of the current call
 * @param team runs the parts
 * @param rows one for each part of the team
 * @param decay of the first layer's states; null: they do not
 * @param shared addresses of the buffers that all passes use in turn
 */
record PassPlan(
    RecurrentSpec spec,
    CpuRecurrentWeights weights,
    boolean training,
    int maxTime,
    int maxBatch,
    Workspace workspace,
    Sequences sequences,
    Team team,
    List<Rows> rows,
    @Nullable Decay decay,
    Shared shared) {

  /**
   * Buffers that passes use in turn.
   *
   * @param previous [T*N, out], h of the step before for ragged batches; 0 if there are none
   * @param zeros one state row of zeros
   */
  record Shared(long previous, long zeros) {}

  /** A buffer of its own with {@code width} floats for each packed row. */
  long perRow(int width) {
    return workspace.real((long) maxTime * maxBatch, width).address();
  }

  /** A buffer with {@code width} floats for each sequence. */
  long perSequence(int width) {
    return workspace.real(maxBatch, width).address();
  }

  /** A buffer of {@code count} floats. */
  long floats(long count) {
    return workspace.real(count).address();
  }

  long sharedPrevious() {
    return shared.previous();
  }

  long zeros() {
    return shared.zeros();
  }
}
