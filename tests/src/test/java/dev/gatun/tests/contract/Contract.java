package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.function.Executable;

/** A suite that runs once for each backend, each test with a context and a workspace of its own. */
abstract class Contract {
  final Backend backend;
  final Workspace workspace;
  final Random random = new Random(42);

  /** Unit roundoff of the backend's real type: bounds are small multiples of it. */
  final double eps;

  /** The CPU with its other engine for large products. */
  private static final String PACKED = "cpu, packed products";

  Contract(String name) {
    backend = open(name, 2);
    workspace = backend.workspace();
    eps = Numbers.roundoff(backend);
  }

  static List<String> names() {
    return Backends.names();
  }

  /** The backends, and the CPU once more with its other engine for large products. */
  static List<String> namesAndEngines() {
    List<String> names = new ArrayList<>(Backends.names());
    names.add(PACKED);
    return names;
  }

  /** Opens one of {@link #namesAndEngines}: the CPU with one engine whatever is measured here. */
  static Backend open(String name, int threads) {
    Backend opened = Backends.open(name.equals(PACKED) ? "cpu" : name, threads);
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
    return Numbers.fill(random, workspace.real(shape), 1);
  }

  final Tensor real(double... values) {
    return workspace.real(values.length).copyFrom(values);
  }

  final Tensor ints(int... values) {
    return workspace.tensor(DType.I32, values.length).copyFrom(values);
  }

  final Tensor scalar(double value) {
    return workspace.tensor(DType.F64, 1).copyFrom(value);
  }

  /** Wrong arguments get an error that says what is wrong. */
  static void assertRefused(String part, Executable call) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), () -> "\"" + message + "\" does not say \"" + part + "\"");
  }
}
