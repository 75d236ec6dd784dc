package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Cell;
import dev.gatun.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs what the benchmark runs, on a small shape, against the reference. */
class RecurrentBenchmarkTest {
  /** 9 steps of K = 27 products in float: 1.2e-7 * sqrt(27) * 9, and as much again for backward. */
  private static final double TOLERANCE = 2e-5;

  @ParameterizedTest
  @EnumSource
  void computesWhatTheReferenceDoes(Cell cell) {
    RecurrentBenchmark cpu = open("cpu", cell);
    RecurrentBenchmark reference = open("reference", cell);
    try {
      assertClose(reference.infer(), cpu.infer());
      assertClose(reference.train(), cpu.train());
      assertClose(reference.training().y(), cpu.training().y());
      assertClose(reference.training().dx(), cpu.training().dx());
    } finally {
      cpu.close();
      reference.close();
    }
  }

  @Test
  void refusesAShapeThatIsNotFiveNumbers() {
    RecurrentBenchmark benchmark = new RecurrentBenchmark();
    benchmark.shape = "1,2,3";
    assertThrows(IllegalArgumentException.class, benchmark::open);
  }

  private static RecurrentBenchmark open(String backend, Cell cell) {
    RecurrentBenchmark benchmark = new RecurrentBenchmark();
    benchmark.backend = backend;
    benchmark.threads = 2;
    benchmark.cell = cell;
    benchmark.shape = "2,9,11,13,14";
    benchmark.open();
    return benchmark;
  }

  private static void assertClose(Tensor expected, Tensor actual) {
    double difference = 0;
    double norm = 0;
    for (long i = 0; i < expected.size(); i++) {
      double d = expected.get(i) - actual.get(i);
      difference += d * d;
      norm += expected.get(i) * expected.get(i);
    }
    assertTrue(norm > 0, "the reference gave nothing but zeros");
    double error = Math.sqrt(difference / norm);
    assertTrue(error <= TOLERANCE, "relative error " + error);
  }
}
