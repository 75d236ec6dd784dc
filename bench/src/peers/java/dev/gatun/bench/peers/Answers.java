package dev.gatun.bench.peers;

import static java.util.Objects.requireNonNull;

import dev.gatun.backend.RecurrentSpec;
import dev.gatun.bench.StackData;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.persist.SafetensorsWriter;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an engine computes, each work once, in a process of its own.
 *
 * @param core what it ran on
 * @param threads how many it says it used
 * @param arrays by the names of {@link Stack#results}
 */
record Answers(String core, int threads, Map<String, float[]> arrays) {
  private static final String CORE = "core";
  private static final String THREADS = "threads";

  /**
   * Runs in the engine's process: writes an answer per work into a folder.
   *
   * @param args the engine, its threads, the folder, what to add to one weight, the works
   */
  public static void main(String... args) throws IOException {
    Engine engine = Peer.valueOf(args[0]).open(Integer.parseInt(args[1]));
    float added = Float.parseFloat(args[3]);
    for (int i = 4; i < args.length; i++) {
      Work work = Work.parse(args[i]);
      StackData data = work.data();
      data.weights()[someWeight(work.spec())] += added;
      write(file(Path.of(args[2]), i - 4), engine, compute(engine, work, data));
    }
    // Peers leave threads running.
    System.exit(0);
  }

  /** An index in the middle of the last layer's input biases: no ReLU is dead to it for long. */
  private static int someWeight(RecurrentSpec spec) {
    RecurrentSpec.WeightView bias =
        requireNonNull(spec.weight(RecurrentSpec.Weight.INPUT_BIAS, spec.layers() - 1, 0));
    return Math.toIntExact(bias.offset() + bias.size() / 2);
  }

  private static Map<String, float[]> compute(Engine engine, Work work, StackData data) {
    if (work.kind() == Work.Kind.STREAM) {
      return Map.of(Stack.OUTPUT, steps(engine, data));
    }
    try (Stack stack = engine.stack(data, work.kind() == Work.Kind.TRAIN)) {
      stack.run();
      return stack.results();
    }
  }

  private static float[] steps(Engine engine, StackData data) {
    int inputs = data.spec().inputSize();
    float[] x = new float[inputs];
    float[] y = new float[data.spec().outputSize()];
    float[] all = new float[data.time() * y.length];
    try (Stream stream = engine.stream(data)) {
      for (int t = 0; t < data.time(); t++) {
        System.arraycopy(data.x(), t * inputs, x, 0, inputs);
        stream.step(x, y);
        System.arraycopy(y, 0, all, t * y.length, y.length);
      }
    }
    return all;
  }

  private static Path file(Path folder, int index) {
    return folder.resolve(index + ".safetensors");
  }

  private static void write(Path file, Engine engine, Map<String, float[]> arrays)
      throws IOException {
    try (Workspace memory = Workspace.host(DType.F32)) {
      LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
      arrays.forEach(
          (name, values) -> tensors.put(name, memory.real(values.length).copyFrom(values)));
      Map<String, String> run =
          Map.of(CORE, engine.core(), THREADS, String.valueOf(engine.threads()));
      SafetensorsWriter.write(file, tensors, run);
    }
  }

  /**
   * Asks an engine in a process of its own.
   *
   * @param works what it can run
   * @param added to one weight of each work, 0 for the weights that all engines have
   * @throws IllegalStateException if the engine fails
   */
  static Map<Work, Answers> of(Peer peer, int threads, List<Work> works, float added)
      throws IOException {
    Path folder = Files.createTempDirectory("gatun-answers");
    try {
      List<String> arguments = new ArrayList<>();
      arguments.addAll(List.of(peer.name(), String.valueOf(threads)));
      arguments.addAll(List.of(folder.toString(), String.valueOf(added)));
      works.forEach(work -> arguments.add(work.toString()));
      ForkedJvm.run(peer, Answers.class, arguments);
      Map<Work, Answers> answers = new HashMap<>();
      for (int i = 0; i < works.size(); i++) {
        answers.put(works.get(i), read(file(folder, i)));
        Files.delete(file(folder, i));
      }
      return answers;
    } finally {
      Files.delete(folder);
    }
  }

  private static Answers read(Path file) throws IOException {
    try (SafetensorsReader reader = new SafetensorsReader(file)) {
      Map<String, float[]> arrays = new LinkedHashMap<>();
      for (String name : reader.tensors().keySet()) {
        arrays.put(name, reader.floats(name));
      }
      Map<String, String> run = reader.metadata();
      return new Answers(requireNonNull(run.get(CORE)), Integer.parseInt(run.get(THREADS)), arrays);
    }
  }

  /**
   * The largest difference of an array's norm from another engine's, relative to it.
   *
   * @throws IllegalStateException if arrays are missing or of another size
   */
  double error(Answers expected) {
    if (!arrays.keySet().equals(expected.arrays.keySet())) {
      throw new IllegalStateException(
          "there are %s instead of %s".formatted(arrays.keySet(), expected.arrays.keySet()));
    }
    double worst = 0;
    for (Map.Entry<String, float[]> entry : expected.arrays.entrySet()) {
      worst =
          Math.max(
              worst,
              error(entry.getKey(), entry.getValue(), requireNonNull(arrays.get(entry.getKey()))));
    }
    return worst;
  }

  private static double error(String name, float[] expected, float[] actual) {
    if (actual.length != expected.length) {
      throw new IllegalStateException(
          "%s has %d values instead of %d".formatted(name, actual.length, expected.length));
    }
    double norm = 0;
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      double d = expected[i] - actual[i];
      norm += (double) expected[i] * expected[i];
      difference += d * d;
    }
    // Nothing but zeros on both sides would prove nothing: 0/0 is NaN, which no bound accepts.
    return Math.sqrt(difference / norm);
  }
}
