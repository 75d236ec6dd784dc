package dev.gatun.kernels;

import static dev.gatun.kernels.Species.getFloat;
import static dev.gatun.kernels.Species.setFloat;

/**
 * Attention of one query over the keys of one sequence, float32 at addresses; strides count floats
 * from one step to the next. Each part is a method of its own, so that none fills C2's budget.
 */
public final class AttentionRows {
  private AttentionRows() {}

  /** scores[s] = scale · query[width]·key[s, width]. */
  public static void dot(
      int keys, int width, float scale, long query, long key, long keyStride, long scores) {
    for (int s = 0; s < keys; s++, key += 4 * keyStride) {
      setFloat(scores + 4L * s, scale * Reductions.dot(width, query, key));
    }
  }

  /**
   * scores[s] = scale · vector·tanh(query + key[s]).
   *
   * @param query 0: none
   * @param hidden scratch, [width]
   */
  public static void additive(
      int keys,
      int width,
      float scale,
      long query,
      long vector,
      long key,
      long keyStride,
      long hidden,
      long scores) {
    for (int s = 0; s < keys; s++, key += 4 * keyStride) {
      hidden(width, query, key, hidden);
      setFloat(scores + 4L * s, scale * Reductions.dot(width, vector, hidden));
    }
  }

  private static void hidden(int width, long query, long key, long hidden) {
    if (query == 0) {
      Activations.tanh(width, key, hidden);
    } else {
      Elementwise.copy(width, key, hidden);
      Elementwise.add(width, query, hidden);
      Activations.tanh(width, hidden, hidden);
    }
  }

  /** weights[keys] = their softmax; weights[keys..room) = 0. */
  public static void softmax(int keys, int room, long weights) {
    if (keys > 0) {
      Softmax.forward(keys, weights, weights);
    }
    Elementwise.fill(room - keys, weights + 4L * keys, 0f);
  }

  /** context[depth] = the sum over s of weights[s]·value[s, depth]. */
  public static void mix(
      int keys, int depth, long weights, long value, long valueStride, long context) {
    Elementwise.fill(depth, context, 0f);
    for (int s = 0; s < keys; s++, value += 4 * valueStride) {
      Elementwise.axpy(depth, getFloat(weights + 4L * s), value, context);
    }
  }

  /**
   * The derivative of {@link #mix} and {@link #softmax}: dScores[keys] out, and dValue[s] +=
   * weights[s]·dContext, laid out as value; 0: not wanted.
   */
  public static void mixBackward(
      int keys,
      int depth,
      long weights,
      long value,
      long valueStride,
      long dContext,
      long dValue,
      long dScores) {
    for (int s = 0; s < keys; s++) {
      long step = 4 * valueStride * s;
      setFloat(dScores + 4L * s, Reductions.dot(depth, dContext, value + step));
      if (dValue != 0) {
        Elementwise.axpy(depth, getFloat(weights + 4L * s), dContext, dValue + step);
      }
    }
    Softmax.backward(keys, weights, dScores, dScores);
  }

  /**
   * The derivative of {@link #dot}: dQuery += and dKey[s] +=, laid out as query and key; 0: not
   * wanted.
   */
  public static void dotBackward(
      int keys,
      int width,
      float scale,
      long query,
      long key,
      long keyStride,
      long dScores,
      long dQuery,
      long dKey) {
    for (int s = 0; s < keys; s++) {
      float g = scale * getFloat(dScores + 4L * s);
      long step = 4 * keyStride * s;
      if (dQuery != 0) {
        Elementwise.axpy(width, g, key + step, dQuery);
      }
      if (dKey != 0) {
        Elementwise.axpy(width, g, query, dKey + step);
      }
    }
  }

  /**
   * The derivative of {@link #additive}: dQuery +=, dKey[s] +=, dVector +=; the first two may be 0:
   * not wanted.
   *
   * @param hidden scratch, [2, width]
   */
  public static void additiveBackward(
      int keys,
      int width,
      float scale,
      long query,
      long vector,
      long key,
      long keyStride,
      long hidden,
      long dScores,
      long dQuery,
      long dKey,
      long dVector) {
    long slope = hidden + 4L * width;
    for (int s = 0; s < keys; s++) {
      float g = scale * getFloat(dScores + 4L * s);
      long step = 4 * keyStride * s;
      hidden(width, query, key + step, hidden);
      Elementwise.axpy(width, g, hidden, dVector);
      // v (1 - h²)
      Elementwise.product(width, hidden, hidden, slope);
      Elementwise.multiply(width, vector, slope);
      Elementwise.scale(width, -1f, slope);
      Elementwise.add(width, vector, slope);
      if (dQuery != 0) {
        Elementwise.axpy(width, g, slope, dQuery);
      }
      if (dKey != 0) {
        Elementwise.axpy(width, g, slope, dKey + step);
      }
    }
  }
}
