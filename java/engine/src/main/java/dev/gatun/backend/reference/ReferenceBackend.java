package dev.gatun.backend.reference;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentChecks;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.backend.WeightLayout;
import dev.gatun.backend.WeightOperations;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.HostMemory;
import dev.gatun.tensor.Memory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import java.util.List;

/** Every operation in float64, one thread and plain loops: what other backends are held against. */
public final class ReferenceBackend extends ReferenceOperations implements Backend {
  /** PyTorch's {@code clip_grad_norm_} adds it to the norm it divides by. */
  private static final double NORM_EPSILON = 1e-6;

  private final Usage usage = new Usage("the backend reference");
  private final RecurrentChecks recurrentChecks = new RecurrentChecks(DType.F64);

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public String description() {
    return "reference: plain Java loops in float64 on 1 thread, for checking, not for speed";
  }

  @Override
  public DType real() {
    return DType.F64;
  }

  @Override
  public Usage usage() {
    return usage;
  }

  @Override
  public Memory allocate(long bytes) {
    usage.check();
    return HostMemory.allocate(bytes);
  }

  @Override
  public Backend fork() {
    usage.check();
    return new ReferenceBackend();
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    checks.copy(from, to);
    for (long i = 0; i < from.size(); i++) {
      if (from.dtype().isReal()) {
        to.set(i, from.get(i));
      } else {
        to.setLong(i, from.getLong(i));
      }
    }
  }

  @Override
  public void fill(Tensor tensor, double value) {
    for (long i = 0; i < tensor.size(); i++) {
      tensor.set(i, value);
    }
  }

  @Override
  public Recurrent recurrent(
      RecurrentSpec spec, Tensor weights, RecurrentIo io, Mode mode, MaskKey mask) {
    usage.check();
    recurrentChecks.plan(spec, weights, io, mode, mask);
    return new ReferenceRecurrent(spec, weights, io, mode, mask);
  }

  @Override
  public RecurrentWeights pack(RecurrentSpec spec, Tensor weights, WeightType type) {
    usage.check();
    recurrentChecks.pack(WeightLayout.packed(spec), weights);
    return new ReferenceWeights(workspace(), spec, weights, type);
  }

  @Override
  public Recurrent recurrent(RecurrentWeights weights, RecurrentIo io) {
    usage.check();
    if (!(weights instanceof ReferenceWeights packed)) {
      throw new IllegalArgumentException("recurrent: the weights were packed by another backend");
    }
    recurrentChecks.plan(packed.spec(), io);
    return new ReferenceRecurrent(packed.spec(), packed.values(), io, Mode.INFERENCE, null);
  }

  @Override
  public void prepareUpdate(Tensor gradients, double maxNorm, Tensor control) {
    checks.prepareUpdate(gradients, maxNorm, control);
    double squares = 0;
    long nonFinite = -1;
    for (long i = 0; i < gradients.size(); i++) {
      double g = gradients.get(i);
      squares += g * g;
      if (nonFinite < 0 && !Double.isFinite(g)) {
        nonFinite = i;
      }
    }
    double norm = Math.sqrt(squares);
    control.set(Control.NORM, norm);
    control.set(Control.NON_FINITE, (double) nonFinite);
    control.set(Control.FACTOR, Math.min(1, maxNorm / (norm + NORM_EPSILON)));
    if (nonFinite < 0) {
      control.set(Control.UPDATES, control.get(Control.UPDATES) + 1);
    }
  }

  @Override
  public WeightOperations weights() {
    usage.check();
    return new ReferenceWeightOperations();
  }

  @Override
  public Updater updater(UpdateRule rule, UpdateTensors tensors, List<UpdatePart> parts) {
    checks.updater(rule, tensors, parts);
    usage.check();
    return new ReferenceUpdater(rule, tensors, parts);
  }

  @Override
  public void close() {
    usage.close();
  }
}
