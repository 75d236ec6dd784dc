package dev.gatun.app.bench;

import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.stream.IntStream;

/**
 * Random numbers that another engine can make too, and sums by which it can compare results, so
 * that neither has to travel. An element is a hash of the seed, the array's name and its place;
 * bench/peers/target_noise.py makes the same bits. All arithmetic is exact but one rounding.
 *
 * @param seed other numbers for each
 */
public record Noise(int seed) {
  /** Sums of one array: eight of an error miss its norm tenfold with a chance below 10⁻⁶. */
  static final int SUMS = 8;

  private static final int SIGNS = mix("signs".hashCode());

  /** Elements that one task works on. */
  private static final int CHUNK = 1 << 16;

  private static final int MANTISSA = 24;
  private static final float UNIT = 0x1p-23f;

  /** A hash of 32 bits that is one to one: Chris Wellons' lowbias32. */
  private static int mix(int value) {
    int x = value;
    x ^= x >>> 16;
    x *= 0x7feb352d;
    x ^= x >>> 15;
    x *= 0x846ca68b;
    return x ^ x >>> 16;
  }

  private static int hash(int key, long index) {
    return mix(mix((int) index) ^ key);
  }

  private int key(String name) {
    return mix(mix(seed) ^ name.hashCode());
  }

  /** Whole numbers from 0 to bound - 1. */
  public int[] whole(String name, int count, int bound) {
    int key = key(name);
    return IntStream.range(0, count)
        .map(i -> Integer.remainderUnsigned(hash(key, i), bound))
        .toArray();
  }

  /** Numbers from -bound up to bound, rounded to F32 once. */
  public float[] floats(String name, int count, double bound) {
    try (Workspace memory = Workspace.host(DType.F32)) {
      Tensor tensor = memory.real(count);
      fill(tensor, name, bound);
      return tensor.toFloats();
    }
  }

  /** {@link #sums(Backend, Tensor)} of an array. */
  public static double[] sums(float[] values) {
    try (Workspace memory = Workspace.host(DType.F32)) {
      return sums(memory.real(values.length).copyFrom(values));
    }
  }

  /** The same numbers into a tensor of a backend. */
  void fill(Backend backend, Tensor tensor, String name, double bound) {
    try (Workspace staging = Workspace.host(backend.real())) {
      Tensor host = staging.real(tensor.shape());
      fill(host, name, bound);
      backend.copy(host, tensor);
    }
  }

  private void fill(Tensor host, String name, double bound) {
    int key = key(name);
    float most = (float) bound;
    chunks(host)
        .forEach(
            chunk -> {
              long end = end(host, chunk);
              for (long i = (long) chunk * CHUNK; i < end; i++) {
                host.set(i, ((hash(key, i) >>> (Integer.SIZE - MANTISSA)) * UNIT - 1) * most);
              }
            });
  }

  /**
   * Sums of a backend's tensor, each element with a sign that its place gives: of two results these
   * differ by about the norm of the difference. NaN if any element is.
   */
  static double[] sums(Backend backend, Tensor tensor) {
    try (Workspace staging = Workspace.host(backend.real())) {
      Tensor host = staging.real(tensor.shape());
      backend.copy(tensor, host);
      return sums(host);
    }
  }

  private static double[] sums(Tensor host) {
    double[] all = new double[SUMS];
    // In the order of the chunks, so that threads make no difference.
    for (double[] part : chunks(host).mapToObj(chunk -> sums(host, chunk)).toList()) {
      for (int k = 0; k < SUMS; k++) {
        all[k] += part[k];
      }
    }
    return all;
  }

  private static double[] sums(Tensor host, int chunk) {
    double[] sums = new double[SUMS];
    long end = end(host, chunk);
    for (long i = (long) chunk * CHUNK; i < end; i++) {
      double value = host.get(i);
      int signs = hash(SIGNS, i);
      for (int k = 0; k < SUMS; k++) {
        sums[k] += (signs >>> k & 1) == 0 ? value : -value;
      }
    }
    return sums;
  }

  private static IntStream chunks(Tensor host) {
    return IntStream.range(0, Math.toIntExact((host.size() + CHUNK - 1) / CHUNK)).parallel();
  }

  private static long end(Tensor host, int chunk) {
    return Math.min(host.size(), (chunk + 1L) * CHUNK);
  }
}
