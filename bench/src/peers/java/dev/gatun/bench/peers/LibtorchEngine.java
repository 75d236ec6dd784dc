package dev.gatun.bench.peers;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.bench.StackData;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.GRUImpl;
import org.bytedeco.pytorch.GRUOptions;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.LSTMImpl;
import org.bytedeco.pytorch.LSTMOptions;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.RNNImpl;
import org.bytedeco.pytorch.RNNOptions;
import org.bytedeco.pytorch.T_TensorT_TensorTensor_T_T;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.kReLU;
import org.bytedeco.pytorch.kTanh;
import org.jspecify.annotations.Nullable;

/** PyTorch's C++ library, by JavaCPP. */
final class LibtorchEngine implements Engine {
  private final LoadedOpenBlas openBlas;

  LibtorchEngine(int threads) {
    torch.set_num_threads(threads);
    openBlas = LoadedOpenBlas.find();
    openBlas.setThreads(threads);
  }

  @Override
  public String core() {
    return "%s, OpenBLAS %s".formatted(torch.get_cpu_capability().getString(), openBlas.core());
  }

  @Override
  public int threads() {
    return torch.get_num_threads();
  }

  @Override
  public Stack stack(StackData data, boolean train) {
    RecurrentSpec spec = data.spec();
    Network network = new Network(data);
    Tensor x = tensor(data.x(), data.time(), data.batch(), spec.inputSize());
    Tensor dy = tensor(data.dy(), data.time(), data.batch(), spec.outputSize());
    x.set_requires_grad(train);
    return train ? new Training(network, x, dy) : new Inference(network, x);
  }

  @Override
  public Stream stream(StackData data) {
    return new Steps(new Network(data), data.spec());
  }

  private static Tensor tensor(float[] values, long... shape) {
    try (PointerScope _ = new PointerScope()) {
      return torch.from_blob(new FloatPointer(values), shape).clone().retainReference();
    }
  }

  /** A tuple's element goes with it and the scope: another reference to its numbers stays. */
  private static Tensor kept(Tensor element) {
    return new Tensor(element).retainReference();
  }

  private static float[] floats(Tensor tensor) {
    try (PointerScope _ = new PointerScope()) {
      Tensor dense = tensor.contiguous();
      float[] values = new float[Math.toIntExact(dense.numel())];
      dense.data_ptr_float().get(values);
      return values;
    }
  }

  /** The module of a cell with the weights of a case. */
  private static final class Network {
    private final RecurrentSpec spec;
    private final Module module;

    Network(StackData data) {
      spec = data.spec();
      module =
          switch (spec.cell()) {
            case LSTM -> new LSTMImpl(lstm(spec));
            case GRU -> new GRUImpl(gru(spec));
            case TANH, RELU -> new RNNImpl(rnn(spec));
            case GRU_RESET_BEFORE -> throw new IllegalArgumentException("libtorch has no such GRU");
            case SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY ->
                throw new IllegalArgumentException("no peer is measured with " + spec.cell());
          };
      try (PointerScope _ = new PointerScope();
          NoGradGuard _ = new NoGradGuard()) {
        for (RecurrentSpec.WeightView view : spec.weights()) {
          FloatPointer from = new FloatPointer(data.weights()).getPointer(view.offset());
          weight(view).copy_(torch.from_blob(from, view.shape()));
        }
      }
    }

    private static LSTMOptions lstm(RecurrentSpec spec) {
      LSTMOptions options = new LSTMOptions(spec.inputSize(), spec.hiddenSize());
      options.num_layers().put(spec.layers());
      options.proj_size().put(spec.projectionSize());
      return options;
    }

    private static GRUOptions gru(RecurrentSpec spec) {
      GRUOptions options = new GRUOptions(spec.inputSize(), spec.hiddenSize());
      options.num_layers().put(spec.layers());
      return options;
    }

    private static RNNOptions rnn(RecurrentSpec spec) {
      RNNOptions options = new RNNOptions(spec.inputSize(), spec.hiddenSize());
      options.num_layers().put(spec.layers());
      if (spec.cell() == Cell.RELU) {
        options.nonlinearity().put(new kReLU());
      } else {
        options.nonlinearity().put(new kTanh());
      }
      return options;
    }

    private Tensor weight(RecurrentSpec.WeightView view) {
      return module.named_parameters().get(view.name());
    }

    /** The output over whole sequences. */
    Tensor forward(Tensor x) {
      return switch (module) {
        case LSTMImpl lstm -> lstm.forward(x).get0();
        case GRUImpl gru -> gru.forward(x).get0();
        case RNNImpl rnn -> rnn.forward(x).get0();
        default -> throw new IllegalStateException("no recurrent module: " + module);
      };
    }

    void gradients(Map<String, float[]> into) {
      try (PointerScope _ = new PointerScope()) {
        for (RecurrentSpec.WeightView view : spec.weights()) {
          into.put(Stack.GRADIENT + view.name(), floats(weight(view).grad()));
        }
      }
    }
  }

  private static final class Inference implements Stack {
    private final Network network;
    private final Tensor x;
    private @Nullable Tensor y;

    Inference(Network network, Tensor x) {
      this.network = network;
      this.x = x;
    }

    @Override
    public void run() {
      try (PointerScope _ = new PointerScope();
          InferenceMode _ = new InferenceMode()) {
        Tensor output = kept(network.forward(x));
        close();
        y = output;
      }
    }

    @Override
    public Map<String, float[]> results() {
      if (y == null) {
        throw new IllegalStateException("nothing has run");
      }
      return Map.of(OUTPUT, floats(y));
    }

    @Override
    public void close() {
      if (y != null) {
        y.close();
      }
    }
  }

  private static final class Training implements Stack {
    private final Network network;
    private final Tensor x;
    private final Tensor dy;
    private float @Nullable [] firstOutput;

    Training(Network network, Tensor x, Tensor dy) {
      this.network = network;
      this.x = x;
      this.dy = dy;
    }

    @Override
    public void run() {
      try (PointerScope _ = new PointerScope()) {
        network.module.zero_grad(true);
        x.mutable_grad().reset();
        Tensor y = network.forward(x);
        y.backward(dy, new BoolOptional(), false, new TensorArrayRefOptional());
        if (firstOutput == null) {
          firstOutput = floats(y.detach());
        }
      }
    }

    @Override
    public Map<String, float[]> results() {
      if (firstOutput == null) {
        throw new IllegalStateException("nothing has run");
      }
      Map<String, float[]> results = new LinkedHashMap<>();
      results.put(OUTPUT, firstOutput);
      results.put(INPUT_GRADIENT, floats(x.grad()));
      network.gradients(results);
      return results;
    }

    @Override
    public void close() {
      network.module.close();
    }
  }

  /** An LSTM, step by step. */
  private static final class Steps implements Stream {
    private final LSTMImpl lstm;
    private final Tensor x;
    private final FloatPointer input;
    private Tensor h;
    private Tensor c;

    Steps(Network network, RecurrentSpec spec) {
      if (!(network.module instanceof LSTMImpl module)) {
        throw new IllegalArgumentException("streams are of lstm here, not " + spec.cell());
      }
      lstm = module;
      x = torch.zeros(1, 1, spec.inputSize());
      input = x.data_ptr_float();
      h = torch.zeros(spec.layers(), 1, spec.stateSize());
      c = torch.zeros(spec.layers(), 1, spec.hiddenSize());
    }

    @Override
    public void step(float[] values, float[] y) {
      input.put(values);
      try (PointerScope _ = new PointerScope();
          InferenceMode _ = new InferenceMode()) {
        T_TensorT_TensorTensor_T_T result = lstm.forward(x, new T_TensorTensor_T(h, c));
        result.get0().data_ptr_float().get(y);
        T_TensorTensor_T state = result.get1();
        h.close();
        c.close();
        h = kept(state.get0());
        c = kept(state.get1());
      }
    }

    @Override
    public void close() {
      h.close();
      c.close();
      lstm.close();
    }
  }
}
