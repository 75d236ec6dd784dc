package dev.gatun.bench.peers;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.bench.StackData;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Deeplearning4j with ND4J's native backend. */
final class Dl4jEngine implements Engine {
  /**
   * Its order of LSTM gates as PyTorch counts them: what it calls i is the cell's input under tanh,
   * then f and o, and its g is the input gate.
   */
  private static final int[] LSTM_GATES = {2, 1, 3, 0};

  private static final int[] ONE_GATE = {0};

  private final LoadedOpenBlas openBlas;

  Dl4jEngine(int threads) {
    Nd4j.setDefaultDataTypes(DataType.FLOAT, DataType.FLOAT);
    Nd4j.getEnvironment().setMaxThreads(threads);
    Nd4j.getEnvironment().setMaxMasterThreads(threads);
    Nd4j.factory().blas().setMaxThreads(threads);
    // It would stop the world every few seconds for what finalizers free anyway.
    Nd4j.getMemoryManager().togglePeriodicGc(false);
    openBlas = LoadedOpenBlas.find();
    openBlas.setThreads(threads);
  }

  @Override
  public String core() {
    return "OpenBLAS " + openBlas.core();
  }

  @Override
  public int threads() {
    return Nd4j.getEnvironment().maxMasterThreads();
  }

  @Override
  public Stack stack(StackData data, boolean train) {
    return new Sequences(data, train);
  }

  @Override
  public Stream stream(StackData data) {
    MultiLayerNetwork network = network(data);
    int inputs = data.spec().inputSize();
    return new Stream() {
      @Override
      public void step(float[] x, float[] y) {
        INDArray output = network.rnnTimeStep(Nd4j.create(x, 1, inputs));
        System.arraycopy(output.data().asFloat(), 0, y, 0, y.length);
      }

      @Override
      public void close() {
        network.rnnClearPreviousState();
      }
    };
  }

  private static MultiLayerNetwork network(StackData data) {
    RecurrentSpec spec = data.spec();
    NeuralNetConfiguration.ListBuilder layers =
        new NeuralNetConfiguration.Builder().dataType(DataType.FLOAT).list();
    for (int layer = 0; layer < spec.layers(); layer++) {
      layers.layer(layer(spec, layer));
    }
    MultiLayerNetwork network = new MultiLayerNetwork(layers.build());
    network.init();
    int hidden = spec.hiddenSize();
    int rows = spec.gateRows();
    for (int layer = 0; layer < spec.layers(); layer++) {
      int[] order = order(spec);
      float[] input = Gates.rows(data.weight(Weight.INPUT, layer), hidden, order);
      float[] recurrent = Gates.rows(data.weight(Weight.RECURRENT, layer), hidden, order);
      float[] bias = Gates.rows(data.weight(Weight.INPUT_BIAS, layer), hidden, order);
      float[] second = Gates.rows(data.weight(Weight.RECURRENT_BIAS, layer), hidden, order);
      for (int i = 0; i < rows; i++) {
        bias[i] += second[i];
      }
      int inputs = spec.inputSize(layer);
      float[] inputColumns = Gates.transposed(input, rows, inputs);
      float[] recurrentColumns = Gates.transposed(recurrent, rows, hidden);
      network.setParam(layer + "_W", Nd4j.create(inputColumns, inputs, rows));
      network.setParam(layer + "_RW", Nd4j.create(recurrentColumns, hidden, rows));
      network.setParam(layer + "_b", Nd4j.create(bias, 1, rows));
    }
    return network;
  }

  private static BaseRecurrentLayer layer(RecurrentSpec spec, int layer) {
    int inputs = spec.inputSize(layer);
    int hidden = spec.hiddenSize();
    return switch (spec.cell()) {
      case LSTM ->
          new LSTM.Builder()
              .nIn(inputs)
              .nOut(hidden)
              .activation(Activation.TANH)
              .gateActivationFunction(Activation.SIGMOID)
              .build();
      case TANH, RELU ->
          new SimpleRnn.Builder()
              .nIn(inputs)
              .nOut(hidden)
              .activation(spec.cell() == Cell.TANH ? Activation.TANH : Activation.RELU)
              .build();
      case GRU, GRU_RESET_BEFORE ->
          throw new IllegalArgumentException("Deeplearning4j has no GRU layer");
      case SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY ->
          throw new IllegalArgumentException("no peer is measured with " + spec.cell());
    };
  }

  private static int[] order(RecurrentSpec spec) {
    return spec.cell() == Cell.LSTM ? LSTM_GATES : ONE_GATE;
  }

  /** [T, N, features] as its layers take it: [N, features, T]. */
  private static INDArray sequences(float[] values, int time, int batch) {
    long features = values.length / ((long) time * batch);
    return Nd4j.create(values, time, batch, features).permute(1, 2, 0).dup('f');
  }

  private static float[] floats(INDArray sequences) {
    return sequences.permute(2, 0, 1).dup('c').data().asFloat();
  }

  /** A network without an output layer, to whose output the gradient comes from outside. */
  private static final class Sequences implements Stack {
    private final RecurrentSpec spec;
    private final boolean train;
    private final MultiLayerNetwork network;
    private final INDArray x;
    private final INDArray dy;
    private @Nullable INDArray y;
    private @Nullable Pair<Gradient, INDArray> gradients;

    Sequences(StackData data, boolean train) {
      spec = data.spec();
      this.train = train;
      network = network(data);
      x = sequences(data.x(), data.time(), data.batch());
      dy = sequences(data.dy(), data.time(), data.batch());
    }

    @Override
    public void run() {
      if (train) {
        network.setInput(x);
        y = network.feedForward(true, false).getLast();
        gradients = network.backpropGradient(dy, null);
      } else {
        y = network.output(x, false);
      }
    }

    @Override
    public Map<String, float[]> results() {
      if (y == null) {
        throw new IllegalStateException("nothing has run");
      }
      Map<String, float[]> results = new LinkedHashMap<>();
      results.put(OUTPUT, floats(y));
      if (gradients != null) {
        results.put(INPUT_GRADIENT, floats(gradients.getSecond()));
        gradients.getFirst().gradientForVariable().forEach((name, g) -> put(results, name, g));
      }
      return results;
    }

    /** Its one bias is the sum of PyTorch's two: each has the same gradient as the sum. */
    private void put(Map<String, float[]> results, String name, INDArray gradient) {
      String layer = name.substring(0, name.indexOf('_'));
      int rows = spec.gateRows();
      float[] columns = gradient.dup('c').data().asFloat();
      float[] dense = Gates.transposed(columns, columns.length / rows, rows);
      float[] values = Gates.rows(dense, spec.hiddenSize(), inverse(order(spec)));
      switch (name.substring(layer.length() + 1)) {
        case "W" -> results.put(GRADIENT + "weight_ih_l" + layer, values);
        case "RW" -> results.put(GRADIENT + "weight_hh_l" + layer, values);
        case "b" -> {
          results.put(GRADIENT + "bias_ih_l" + layer, values);
          results.put(GRADIENT + "bias_hh_l" + layer, values);
        }
        default -> throw new IllegalStateException("an unknown parameter: " + name);
      }
    }

    private static int[] inverse(int[] order) {
      int[] inverse = new int[order.length];
      for (int i = 0; i < order.length; i++) {
        inverse[order[i]] = i;
      }
      return inverse;
    }

    @Override
    public void close() {
      network.clear();
    }
  }
}
