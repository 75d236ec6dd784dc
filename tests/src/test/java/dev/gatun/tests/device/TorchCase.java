package dev.gatun.tests.device;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.persist.Json;
import dev.gatun.persist.SafetensorsWriter;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.DeviceRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;

/**
 * A random configuration with its files: weights and inputs for {@code gatun rnn}, and what
 * bench/peers/parity.py wants to know.
 *
 * @param ragged whether sequences differ in length; PyTorch takes none without a step
 */
record TorchCase(long seed, Path folder, RecurrentSpec spec, int time, int batch, boolean ragged) {
  static final String OUTPUT = "gatun.safetensors";
  private static final Cell[] CELLS = {Cell.LSTM, Cell.GRU, Cell.TANH, Cell.RELU};

  static TorchCase random(int number, Path folder) {
    Random random = new Random(1000 + number);
    Cell cell = CELLS[number % CELLS.length];
    int widest = DeviceRun.size(300, 12);
    int hidden = 2 + random.nextInt(widest);
    RecurrentSpec spec =
        RecurrentSpec.of(cell, 1 + random.nextInt(widest), hidden)
            .stacked(1 + random.nextInt(3), 0);
    if (random.nextBoolean()) {
      spec = spec.bothDirections();
    }
    if (cell == Cell.LSTM && random.nextBoolean()) {
      spec = spec.projected(1 + random.nextInt(hidden - 1));
    } else if (random.nextInt(4) == 0) {
      spec = spec.withoutBias();
    }
    int time = 1 + random.nextInt(DeviceRun.size(60, 8));
    int batch = 1 + random.nextInt(DeviceRun.size(70, 6));
    return new TorchCase(number, folder, spec, time, batch, random.nextBoolean());
  }

  /** What two float32 engines may differ by, but for a factor: eps sqrt(K) T, for each layer. */
  double rounding() {
    int k = Math.max(spec.inputSize(), spec.outputSize()) + spec.stateSize() + 2;
    return 0x1p-24 * Math.sqrt(k) * time * spec.layers();
  }

  private String cell() {
    return spec.cell().name().toLowerCase(Locale.ROOT);
  }

  String[] command() {
    return ("rnn --cell "
            + cell()
            + " --weights weights.safetensors --inputs inputs.safetensors"
            + " --output "
            + OUTPUT
            + " --backend cuda")
        .split(" ");
  }

  void write() throws IOException {
    Random random = new Random(seed);
    try (Workspace memory = Workspace.host(DType.F32)) {
      SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
      double bound = 1 / Math.sqrt(spec.hiddenSize());
      for (WeightView view : spec.weights()) {
        weights.put(view.name(), fill(random, memory.real(view.shape()), bound));
      }
      SafetensorsWriter.write(folder.resolve("weights.safetensors"), weights, Map.of());
      SequencedMap<String, Tensor> inputs = new LinkedHashMap<>();
      long rows = (long) spec.layers() * spec.directions();
      add(random, inputs, "x", memory.real(time, batch, spec.inputSize()));
      add(random, inputs, "dy", memory.real(time, batch, spec.outputSize()));
      for (String name : new String[] {"h0", "dhn"}) {
        add(random, inputs, name, memory.real(rows, batch, spec.stateSize()));
      }
      if (spec.cell().hasCellState()) {
        for (String name : new String[] {"c0", "dcn"}) {
          add(random, inputs, name, memory.real(rows, batch, spec.hiddenSize()));
        }
      }
      if (ragged) {
        Tensor lengths = memory.tensor(DType.I64, batch);
        for (int i = 0; i < batch; i++) {
          lengths.setLong(i, 1 + random.nextInt(time));
        }
        lengths.setLong(random.nextInt(batch), time);
        inputs.put("lengths", lengths);
      }
      SafetensorsWriter.write(folder.resolve("inputs.safetensors"), inputs, Map.of());
    }
    Map<String, Json> facts = new LinkedHashMap<>();
    facts.put("cell", Json.of(cell()));
    facts.put("hidden", Json.of((long) spec.hiddenSize()));
    facts.put("projection", Json.of((long) spec.projectionSize()));
    facts.put("layers", Json.of((long) spec.layers()));
    facts.put("bidirectional", Json.of(spec.bidirectional()));
    facts.put("bias", Json.of(spec.bias()));
    Files.writeString(folder.resolve("case.json"), Json.of(facts).print());
  }

  private static void add(Random random, Map<String, Tensor> inputs, String name, Tensor tensor) {
    inputs.put(name, fill(random, tensor, 0.8));
  }

  private static Tensor fill(Random random, Tensor tensor, double bound) {
    for (long i = 0; i < tensor.size(); i++) {
      tensor.set(i, (float) (bound * (2 * random.nextDouble() - 1)));
    }
    return tensor;
  }
}
