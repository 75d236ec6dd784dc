package dev.gatun.tests.support;

import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.AttentionSpec.Score;
import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** An attention with the same numbers on every backend, in tensors larger than its calls need. */
public final class AttentionCase implements AutoCloseable {
  /** The sizes of a call; the tensors have room for more. */
  public static final int TQ = 3;

  /** Steps of keys. */
  public static final int TK = 7;

  /** Sequences: one full, one empty, two in between. */
  public static final int N = 4;

  private static final int[] LENGTHS = {7, 0, 3, 1, 7};

  private final Backend backend;
  private final Workspace workspace;
  private final int tq;

  /** By name: those that are read, then those that are written. */
  public final Map<String, Tensor> tensors = new LinkedHashMap<>();

  /** What is tested. */
  public final Attention attention;

  /** Without queries there is one step of them; without lengths all sequences are full. */
  public AttentionCase(
      Backend backend, Score score, boolean queries, boolean ragged, int width, int depth) {
    this.backend = backend;
    workspace = backend.workspace();
    tq = queries ? TQ : 1;
    Random random = new Random(31);
    int room = queries ? TQ + 1 : 1;
    Tensor q = queries ? given("queries", random, room, N + 1, width) : null;
    Tensor k = given("keys", random, TK + 2, N + 1, width);
    Tensor x = given("values", random, TK + 2, N + 1, depth);
    boolean needsVector = !queries || score == Score.ADDITIVE;
    Tensor v = needsVector ? given("vector", random, width) : null;
    Tensor dContext = given("dContext", random, room, N + 1, depth);
    Tensor lengths = null;
    if (ragged) {
      lengths = workspace.tensor(DType.I32, N + 1);
      Host.write(backend, lengths, 7, 0, 3, 1, 7);
    }
    // Numbers where nothing may stay, but for the vector's gradient, which is added to.
    AttentionIo.Gradients gradients =
        new AttentionIo.Gradients(
            dContext,
            queries ? given("dQueries", random, room, N + 1, width) : null,
            given("dKeys", random, TK + 2, N + 1, width),
            given("dValues", random, TK + 2, N + 1, depth),
            v == null ? null : given("dVector", random, width));
    Tensor weights = given("weights", random, room, N + 1, TK + 2);
    Tensor context = given("context", random, room, N + 1, depth);
    attention =
        backend.attention(
            new AttentionSpec(score, 0.7, room, TK + 2, N + 1),
            new AttentionIo(q, k, x, lengths, v, weights, context, gradients));
  }

  private Tensor given(String name, Random random, long... shape) {
    Tensor tensor = Numbers.fill(backend, random, workspace.real(shape), 1);
    tensors.put(name, tensor);
    return tensor;
  }

  /** Forward and backward. */
  public AttentionCase run() {
    forward();
    attention.backward(tq, TK, N);
    return this;
  }

  /** Forward. */
  public void forward() {
    attention.forward(tq, TK, N);
  }

  /** The steps of queries. */
  public int queries() {
    return tq;
  }

  /** The valid keys of a sequence where they differ. */
  public static int length(int sequence) {
    return LENGTHS[sequence];
  }

  /** All of a tensor; empty for one that is not there. */
  public double[] values(String name) {
    @Nullable Tensor tensor = tensors.get(name);
    return tensor == null ? new double[0] : Host.read(backend, tensor);
  }

  @Override
  public void close() {
    attention.close();
    workspace.close();
  }
}
