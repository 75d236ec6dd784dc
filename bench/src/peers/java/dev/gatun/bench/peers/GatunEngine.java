package dev.gatun.bench.peers;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.WeightType;
import dev.gatun.bench.RecurrentCase;
import dev.gatun.bench.StackData;
import dev.gatun.bindings.OpenBlas;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Ours. */
final class GatunEngine implements Engine {
  private final int threads;
  private final WeightType weights;

  /**
   * Takes its threads.
   *
   * @param weights of streams
   */
  GatunEngine(int threads, WeightType weights) {
    this.threads = threads;
    this.weights = weights;
  }

  @Override
  public String core() {
    return OpenBlas.core();
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public Stack stack(StackData data, boolean train) {
    Backend backend = Backends.open("cpu", threads);
    RecurrentCase running =
        new RecurrentCase(backend, data, train ? Mode.TRAINING : Mode.INFERENCE);
    return new Stack() {
      @Override
      public void run() {
        if (train) {
          running.train();
        } else {
          running.infer();
        }
      }

      @Override
      public Map<String, float[]> results() {
        Map<String, float[]> results = new LinkedHashMap<>();
        results.put(OUTPUT, running.y().toFloats());
        if (train) {
          results.put(INPUT_GRADIENT, running.dx().toFloats());
          float[] gradients = running.dWeights().toFloats();
          for (RecurrentSpec.WeightView view : data.spec().weights()) {
            int from = Math.toIntExact(view.offset());
            int to = Math.toIntExact(view.offset() + view.size());
            results.put(GRADIENT + view.name(), Arrays.copyOfRange(gradients, from, to));
          }
        }
        return results;
      }

      @Override
      public void close() {
        running.close();
        backend.close();
      }
    };
  }

  @Override
  public Stream stream(StackData data) {
    RecurrentSpec stack = data.spec();
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(stack.inputSize()),
            RecurrentLayer.of("rnn", stack.cell(), stack.hiddenSize())
                .stacked(stack.layers(), 0)
                .projected(stack.projectionSize()));
    Backend backend = Backends.open("cpu", threads);
    Model model = spec.build(backend, 1);
    // One layer's parameters are laid out as its stack's weights.
    model.parameters().values().copyFrom(data.weights());
    model.parameters().changed();
    Session session = model.session(1, 1, weights);
    return new Stream() {
      @Override
      public void step(float[] x, float[] y) {
        session.step(x);
        session.readOutput(y);
      }

      @Override
      public void close() {
        session.close();
        model.close();
        backend.close();
      }
    };
  }
}
