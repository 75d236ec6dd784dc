package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Gates;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A recurrent stack on a plan's weights: those of the model, rounded ones, or a session's. */
final class PlannedRecurrent implements AutoCloseable {
  private final Backend backend;
  private final RecurrentSpec spec;
  private final RecurrentIo io;
  private final LayerParameters parameters;
  private final WeightType type;

  /** Packed for every session; null where the plan's own are used. */
  private final @Nullable RecurrentWeights shared;

  /** The plan's own rounded weights, if it has any. */
  private @Nullable RecurrentWeights rounded;

  private Recurrent recurrent;

  /**
   * Binds it.
   *
   * @param context whose backend, parameters, mask and kind of weights are used
   */
  PlannedRecurrent(RecurrentSpec spec, RecurrentIo io, PlanContext context) {
    this.spec = spec;
    this.io = io;
    backend = context.backend();
    parameters = context.parameters();
    type = context.spec().weights();
    shared = context.sharedWeights(spec);
    if (shared != null) {
      recurrent = backend.recurrent(shared, io);
    } else if (type == WeightType.FLOAT32) {
      recurrent =
          backend.recurrent(spec, parameters.values(), io, context.spec().mode(), context.mask());
    } else {
      RecurrentWeights own = backend.pack(spec, parameters.values(), type);
      try {
        recurrent = backend.recurrent(own, io);
      } catch (RuntimeException | Error e) {
        own.close();
        throw e;
      }
      rounded = own;
    }
  }

  void forward(int t, int n) {
    recurrent.forward(t, n);
  }

  void backward() {
    recurrent.backward();
  }

  /** {@link Recurrent#gates}. */
  List<Gates> gates() {
    return recurrent.gates();
  }

  /** Takes the parameters as they are now. */
  void refresh() {
    if (rounded != null) {
      recurrent.close();
      rounded.close();
      rounded = backend.pack(spec, parameters.values(), type);
      recurrent = backend.recurrent(rounded, io);
    } else if (shared == null) {
      recurrent.refresh();
    }
  }

  long bytes() {
    return recurrent.bytes() + (rounded == null ? 0 : rounded.bytes());
  }

  @Override
  public void close() {
    recurrent.close();
    if (rounded != null) {
      rounded.close();
    }
  }
}
