package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.HostMemory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.FarBackend;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.function.Executable;

/** A suite that runs once for each backend, each test with a context and a workspace of its own. */
@Tag("backend")
abstract class Contract {
  final String name;
  final Backend backend;
  final Workspace workspace;
  final Random random = new Random(42);

  /** Unit roundoff of the backend's real type: bounds are small multiples of it. */
  final double eps;

  /** The CPU with its other engine for large products. */
  private static final String PACKED = "cpu, packed products";

  Contract(String name) {
    this.name = name;
    backend = open(name, 2);
    workspace = backend.workspace();
    eps = Numbers.roundoff(backend);
  }

  static List<String> names() {
    return Subjects.names();
  }

  /**
   * The backends, the CPU once more with its other engine for large products, and a GPU once more
   * with our own kernels for what cuDNN has too.
   */
  static List<String> namesAndEngines() {
    List<String> names = new ArrayList<>(Subjects.names());
    if (names.contains("cpu")) {
      names.add(PACKED);
    }
    if (names.contains("cuda")) {
      names.add(Subjects.OWN_CELLS);
    }
    return names;
  }

  /** As {@link #namesAndEngines}, and a GPU in every precision. */
  static List<String> namesEnginesAndPrecisions() {
    List<String> names = new ArrayList<>(namesAndEngines());
    if (names.contains("cuda")) {
      names.addAll(Subjects.precise());
    }
    return names;
  }

  /** Opens one of {@link #namesAndEngines}: the CPU with one engine whatever is measured here. */
  static Backend open(String name, int threads) {
    Backend opened = Subjects.open(name.equals(PACKED) ? "cpu" : name, threads);
    opened.reproduce(name.equals(PACKED) ? "packed" : "openblas");
    return opened;
  }

  @AfterEach
  void free() {
    workspace.close();
    backend.close();
  }

  /** Real, filled with values within 1. */
  final Tensor random(long... shape) {
    return fill(workspace.real(shape), 1);
  }

  /** Values within a bound. */
  final Tensor fill(Tensor tensor, double bound) {
    return Numbers.fill(backend, random, tensor, bound);
  }

  final double[] read(Tensor tensor) {
    return Host.read(backend, tensor);
  }

  final double get(Tensor tensor, long i) {
    return Host.get(backend, tensor, i);
  }

  final Tensor write(Tensor tensor, double... values) {
    return Host.write(backend, tensor, values);
  }

  final void set(Tensor tensor, long i, double value) {
    Host.set(backend, tensor, i, value);
  }

  /** For what only a backend that computes in host memory can check. */
  final void assumeHostMemory(String reason) {
    assumeTrue(
        scalar(0).memory() instanceof HostMemory, () -> "memory is not the host's: " + reason);
  }

  /** For large shapes, which say nothing more of where memory lies. */
  static void assumeNear(Backend backend, long work) {
    assumeTrue(
        !backend.name().equals(FarBackend.NAME) || work <= 20_000,
        "the reference computes larger shapes itself");
  }

  final Tensor real(double... values) {
    return write(workspace.real(values.length), values);
  }

  final Tensor ints(int... values) {
    return write(
        workspace.tensor(DType.I32, values.length),
        Arrays.stream(values).asDoubleStream().toArray());
  }

  final Tensor scalar(double value) {
    return write(workspace.tensor(DType.F64, 1), value);
  }

  /** Wrong arguments get an error that says what is wrong. */
  static void assertRefused(String part, Executable call) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), () -> "\"" + message + "\" does not say \"" + part + "\"");
  }
}
