package dev.gatun.tests.cuda;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import java.util.Arrays;
import java.util.Random;

/** Seeded tensors for a kernel, and the same for the reference. */
final class Values {
  final Backend reference = Backends.open("reference");
  private final Random random = new Random(4);

  /** F32 values in -bound to bound. */
  Tensor reals(double bound, long... shape) {
    return Numbers.fill(reference, random, Tensor.host(DType.F32, shape), bound);
  }

  /** F32 values that a result must not keep. */
  Tensor garbage(long... shape) {
    return reals(1e3, shape);
  }

  /** I32 values of 0 to below {@code limit}. */
  Tensor ids(int limit, int n) {
    return Tensor.host(DType.I32, n).copyFrom(random.ints(n, 0, limit).toArray());
  }

  /** The same numbers in F64. */
  Tensor copy(Tensor tensor) {
    Tensor copy = Tensor.host(DType.F64, tensor.shape());
    reference.copy(tensor, copy);
    return copy;
  }

  static Tensor doubles(double... values) {
    return Tensor.host(DType.F64, values.length).copyFrom(values);
  }

  static void same(String name, Tensor expected, Tensor actual) {
    long at = expected.segment().mismatch(actual.segment());
    if (at >= 0) {
      throw new AssertionError(name + " differs in byte " + at + " of " + actual);
    }
  }

  static void that(boolean condition, String name, Tensor actual) {
    if (!condition) {
      throw new AssertionError(name + " is " + Arrays.toString(actual.toDoubles()));
    }
  }
}
