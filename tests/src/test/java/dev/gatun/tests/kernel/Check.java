package dev.gatun.tests.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A kernel compared with plain scalar code; runs under JUnit and in child JVMs without it. */
record Check(String name, Consumer<Buffers> body) {
  /** All checks of all kernels. */
  static List<Check> all() {
    List<Check> all = new ArrayList<>();
    all.addAll(ActivationChecks.all());
    all.addAll(GemmChecks.all());
    all.addAll(RoundedGemmChecks.all());
    all.addAll(CellChecks.all());
    all.addAll(GruChecks.all());
    all.addAll(RegularChecks.all());
    all.addAll(ElementwiseChecks.all());
    all.addAll(LossChecks.all());
    all.addAll(OptimizerChecks.all());
    all.addAll(PhiloxChecks.all());
    return all;
  }

  void run() {
    try (Buffers buffers = new Buffers(name.hashCode())) {
      body.accept(buffers);
    }
  }

  @Override
  public String toString() {
    return name;
  }

  static void that(boolean condition, String message) {
    if (!condition) {
      throw new AssertionError(message);
    }
  }

  /** |actual - expected| <= tolerance, or both NaN, or both the same infinity. */
  static void near(double expected, double actual, double tolerance, String what) {
    boolean same = Double.compare(expected, actual) == 0;
    if (!same && !(Math.abs(actual - expected) <= tolerance)) {
      throw new AssertionError(what + ": expected " + expected + " but was " + actual);
    }
  }

  /** Every element within tolerance·max(1, |expected|). */
  static void near(double[] expected, float[] actual, double tolerance, String what) {
    that(expected.length == actual.length, what + ": other length");
    for (int i = 0; i < expected.length; i++) {
      double scale = Math.max(1, Math.abs(expected[i]));
      near(expected[i], actual[i], tolerance * scale, what + "[" + i + "]");
    }
  }
}
