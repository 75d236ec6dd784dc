package dev.gatun.bench.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.ExecutionMode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.bench.StackData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;

/** ONNX Runtime, on a model written here. Its package for the JVM does not train. */
final class OnnxEngine implements Engine {
  private static final String INPUT = "x";

  private final int threads;
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();

  OnnxEngine(int threads) {
    this.threads = threads;
  }

  @Override
  public String core() {
    return "MLAS " + environment.getVersion();
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public Stack stack(StackData data, boolean train) {
    if (train) {
      throw new IllegalArgumentException("ONNX Runtime does not train on the JVM");
    }
    try {
      return new Inference(data);
    } catch (OrtException e) {
      throw failed(e);
    }
  }

  @Override
  public Stream stream(StackData data) {
    try {
      return new Steps(data);
    } catch (OrtException e) {
      throw failed(e);
    }
  }

  private static IllegalStateException failed(OrtException e) {
    return new IllegalStateException("ONNX Runtime: " + e.getMessage(), e);
  }

  private OrtSession session(byte[] model) throws OrtException {
    try (SessionOptions options = new SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setExecutionMode(ExecutionMode.SEQUENTIAL);
      return environment.createSession(model, options);
    }
  }

  /** A tensor over direct memory, which ONNX Runtime reads and writes where it is. */
  private OnnxTensor tensor(FloatBuffer memory, long... shape) throws OrtException {
    return OnnxTensor.createTensor(environment, memory, shape);
  }

  private static FloatBuffer floats(int size) {
    return ByteBuffer.allocateDirect(size * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  /** The gates of each cell in ONNX's order, as PyTorch counts them. */
  private static int[] gates(RecurrentSpec spec) {
    return switch (spec.cell()) {
      case LSTM -> new int[] {0, 3, 1, 2}; // i, o, f, c of i, f, g, o
      case GRU, GRU_RESET_BEFORE -> new int[] {1, 0, 2}; // z, r, h of r, z, n
      case TANH, RELU, SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY -> new int[] {0};
    };
  }

  private static OnnxModel.Node operator(RecurrentSpec spec) {
    OnnxModel.Node node =
        switch (spec.cell()) {
          case LSTM -> OnnxModel.node("LSTM");
          case GRU -> OnnxModel.node("GRU").attribute("linear_before_reset", 1);
          case GRU_RESET_BEFORE -> OnnxModel.node("GRU").attribute("linear_before_reset", 0);
          case TANH -> OnnxModel.node("RNN").attribute("activations", "Tanh");
          case RELU -> OnnxModel.node("RNN").attribute("activations", "Relu");
          case SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY ->
              throw new IllegalArgumentException("no peer is measured with " + spec.cell());
        };
    return node.attribute("hidden_size", spec.hiddenSize());
  }

  /** The weights of a layer as constants W, R and B followed by its number. */
  private static void weights(OnnxModel model, StackData data, int layer) {
    RecurrentSpec spec = data.spec();
    int hidden = spec.hiddenSize();
    int rows = spec.gateRows();
    int[] order = gates(spec);
    float[] input = Gates.rows(data.weight(Weight.INPUT, layer), hidden, order);
    float[] recurrent = Gates.rows(data.weight(Weight.RECURRENT, layer), hidden, order);
    float[] bias = new float[2 * rows];
    float[] first = Gates.rows(data.weight(Weight.INPUT_BIAS, layer), hidden, order);
    float[] second = Gates.rows(data.weight(Weight.RECURRENT_BIAS, layer), hidden, order);
    System.arraycopy(first, 0, bias, 0, rows);
    System.arraycopy(second, 0, bias, rows, rows);
    model.weight("W" + layer, input, 1, rows, spec.inputSize(layer));
    model.weight("R" + layer, recurrent, 1, rows, hidden);
    model.weight("B" + layer, bias, 1, bias.length);
  }

  /** Whole sequences from a zero state, or with the state of each layer as input and output. */
  private static byte[] model(StackData data, boolean state) {
    RecurrentSpec spec = data.spec();
    int time = state ? 1 : data.time();
    int batch = data.batch();
    int hidden = spec.hiddenSize();
    OnnxModel model = new OnnxModel();
    model.input(INPUT, time, batch, spec.inputSize());
    model.numbers("direction", 1);
    String from = INPUT;
    for (int layer = 0; layer < spec.layers(); layer++) {
      weights(model, data, layer);
      OnnxModel.Node node = operator(spec).inputs(from, "W" + layer, "R" + layer, "B" + layer);
      node.outputs("Y" + layer);
      if (state) {
        node.inputs("", "h" + layer, "c" + layer).outputs("hn" + layer, "cn" + layer);
        model.input("h" + layer, 1, batch, hidden);
        model.input("c" + layer, 1, batch, hidden);
        model.output("hn" + layer, 1, batch, hidden);
        model.output("cn" + layer, 1, batch, hidden);
      }
      model.add(node);
      // [T, D, N, H] without D, as the next layer takes it.
      String to = layer == spec.layers() - 1 ? Stack.OUTPUT : "y" + layer;
      model.add(OnnxModel.node("Squeeze").inputs("Y" + layer, "direction").outputs(to));
      from = to;
    }
    model.output(Stack.OUTPUT, time, batch, hidden);
    return model.bytes();
  }

  private final class Inference implements Stack {
    private final OrtSession session;
    private final FloatBuffer y;
    private final Map<String, OnnxTensor> inputs;
    private final Map<String, OnnxTensor> outputs;

    Inference(StackData data) throws OrtException {
      RecurrentSpec spec = data.spec();
      session = session(model(data, false));
      FloatBuffer x = floats(data.x().length).put(data.x()).flip();
      y = floats(data.dy().length);
      inputs = Map.of(INPUT, tensor(x, data.time(), data.batch(), spec.inputSize()));
      outputs = Map.of(OUTPUT, tensor(y, data.time(), data.batch(), spec.outputSize()));
    }

    @Override
    public void run() {
      try (OrtSession.Result result = session.run(inputs, outputs)) {
        result.size();
      } catch (OrtException e) {
        throw failed(e);
      }
    }

    @Override
    public Map<String, float[]> results() {
      float[] values = new float[y.capacity()];
      y.get(0, values);
      return Map.of(OUTPUT, values);
    }

    @Override
    public void close() {
      inputs.values().forEach(OnnxTensor::close);
      outputs.values().forEach(OnnxTensor::close);
      closed(session);
    }
  }

  private static void closed(OrtSession session) {
    try {
      session.close();
    } catch (OrtException e) {
      throw failed(e);
    }
  }

  /** An LSTM's steps, whose state goes to and fro between two sets of tensors. */
  private final class Steps implements Stream {
    private final OrtSession session;
    private final FloatBuffer x;
    private final FloatBuffer y;
    private Map<String, OnnxTensor> inputs = new HashMap<>();
    private Map<String, OnnxTensor> outputs = new HashMap<>();
    private Map<String, OnnxTensor> nextInputs = new HashMap<>();
    private Map<String, OnnxTensor> nextOutputs = new HashMap<>();

    Steps(StackData data) throws OrtException {
      RecurrentSpec spec = data.spec();
      if (!spec.cell().hasCellState()) {
        throw new IllegalArgumentException("streams are of lstm here, not " + spec.cell());
      }
      session = session(model(data, true));
      x = floats(spec.inputSize());
      y = floats(spec.outputSize());
      bind(tensor(x, 1, 1, spec.inputSize()), tensor(y, 1, 1, spec.outputSize()));
      for (int layer = 0; layer < spec.layers(); layer++) {
        for (String state : new String[] {"h", "c"}) {
          OnnxTensor one = tensor(floats(spec.hiddenSize()), 1, 1, spec.hiddenSize());
          OnnxTensor other = tensor(floats(spec.hiddenSize()), 1, 1, spec.hiddenSize());
          inputs.put(state + layer, one);
          outputs.put(state + "n" + layer, other);
          nextInputs.put(state + layer, other);
          nextOutputs.put(state + "n" + layer, one);
        }
      }
    }

    private void bind(OnnxTensor input, OnnxTensor output) {
      inputs.put(INPUT, input);
      nextInputs.put(INPUT, input);
      outputs.put(Stack.OUTPUT, output);
      nextOutputs.put(Stack.OUTPUT, output);
    }

    @Override
    public void step(float[] input, float[] output) {
      x.put(0, input);
      try (OrtSession.Result result = session.run(inputs, outputs)) {
        y.get(0, output);
        result.size();
      } catch (OrtException e) {
        throw failed(e);
      }
      Map<String, OnnxTensor> formerInputs = inputs;
      Map<String, OnnxTensor> formerOutputs = outputs;
      inputs = nextInputs;
      outputs = nextOutputs;
      nextInputs = formerInputs;
      nextOutputs = formerOutputs;
    }

    @Override
    public void close() {
      inputs.values().forEach(OnnxTensor::close);
      outputs.values().forEach(OnnxTensor::close);
      closed(session);
    }
  }
}
