package dev.gatun.backend.cuda;

import dev.gatun.backend.Cell;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** The numbers of a trial: random ones to compute with, and what the standard way made of them. */
final class StackResults {
  /** Random numbers, and those compared at a time. */
  private static final int CHUNK = 1 << 20;

  /**
   * Roundings that add up in a layer, as parts of its output: two results are compared, weights
   * uniform in 1 / sqrt(H) have a spectral radius of 0.58, so that an error grows to 1 / (1 - 0.58)
   * = 2.4 of itself over the steps, and sum, gate and state are rounded: 2 * 2.4 * 3, rounded up.
   */
  private static final double ROUNDINGS = 16;

  /** What is wrong differs by more: a bias left out by a third, a gate by the whole. */
  private static final double MOST = 0.25;

  private final CudaContext context;
  private final Transfers transfers;
  private final StackPlan plan;
  private final StackShape shape;
  private final Workspace memory;

  /** y, dx, dW by name, and room for what the standard way wrote there. */
  private final SequencedMap<String, Tensor> written = new LinkedHashMap<>();

  private final SequencedMap<String, Tensor> expected = new LinkedHashMap<>();

  /** Reserves room in the memory for what is written. */
  StackResults(
      CudaContext context,
      Transfers transfers,
      Workspace memory,
      StackPlan plan,
      StackShape shape) {
    this.context = context;
    this.transfers = transfers;
    this.memory = memory;
    this.plan = plan;
    this.shape = shape;
    RecurrentIo.Gradients gradients = plan.io().gradients();
    put("y", plan.io().y());
    if (gradients != null) {
      put("dx", gradients.dx());
      put("dW", gradients.dWeights());
    }
  }

  private void put(String name, @Nullable Tensor tensor) {
    if (tensor != null) {
      written.put(name, flat(tensor));
      expected.put(name, memory.real(tensor.size()));
    }
  }

  private static Tensor flat(Tensor tensor) {
    return tensor.view(0, tensor.size());
  }

  /** Weights as PyTorch initialises them, inputs up to 1, gradients as those of a mean. */
  void randomize() {
    Random random = new Random(1);
    RecurrentSpec spec = plan.spec();
    double bound = 1 / Math.sqrt(spec.hiddenSize());
    for (WeightView view : plan.weights().layout().weights().weights()) {
      fill(plan.weights().block().view(view.offset(), view.size()), bound, random);
    }
    fill(flat(plan.io().x()), 1, random);
    RecurrentIo.Gradients gradients = plan.io().gradients();
    if (gradients != null && gradients.dy() != null) {
      // Far enough below the largest fp16 for sums over all steps, with the first loss scale.
      double small = 1.0 / 64 / shape.time() / shape.batch();
      fill(flat(gradients.dy()), small, random);
    }
  }

  private void fill(Tensor to, double bound, Random random) {
    int count = (int) Math.min(to.size(), CHUNK);
    try (Workspace host = Workspace.host(DType.F32)) {
      Tensor values = host.real(count);
      for (int i = 0; i < count; i++) {
        values.set(i, bound * (2 * random.nextDouble() - 1));
      }
      for (long at = 0; at < to.size(); at += count) {
        long part = Math.min(count, to.size() - at);
        transfers.copy(values.view(0, part), to.view(at, part));
      }
    }
  }

  /** Zeroes what is accumulated, and what a call might leave unwritten. */
  void clear() {
    for (Tensor tensor : written.values()) {
      StreamMemory.zero(context, DeviceMemory.address(tensor), tensor.size() * Float.BYTES);
    }
  }

  /** Takes what lies there as right. */
  void keep() {
    for (Map.Entry<String, Tensor> each : written.entrySet()) {
      Tensor kept = expected.get(each.getKey());
      if (kept != null) {
        transfers.copy(each.getValue(), kept);
      }
    }
  }

  /** What lies there and is not as was kept; null if all is, up to rounding. */
  @Nullable String difference() {
    double most = tolerance();
    for (Map.Entry<String, Tensor> each : written.entrySet()) {
      Tensor kept = expected.get(each.getKey());
      double difference = kept == null ? Double.NaN : difference(kept, each.getValue());
      if (!(difference <= most)) {
        return "its %s differs by %.2g, more than rounding, %.2g"
            .formatted(each.getKey(), difference, most);
      }
    }
    return null;
  }

  /** The norm of the difference, as part of the expected norm. */
  private double difference(Tensor kept, Tensor other) {
    double norm = 0;
    double apart = 0;
    int count = (int) Math.min(kept.size(), CHUNK);
    try (Workspace host = Workspace.host(DType.F32)) {
      Tensor left = host.real(count);
      Tensor right = host.real(count);
      for (long at = 0; at < kept.size(); at += count) {
        int part = (int) Math.min(count, kept.size() - at);
        transfers.copy(kept.view(at, part), left.view(0, part));
        transfers.copy(other.view(at, part), right.view(0, part));
        for (int i = 0; i < part; i++) {
          double value = left.get(i);
          double step = value - right.get(i);
          norm += value * value;
          apart += step * step;
        }
      }
    }
    return Math.sqrt(apart / norm);
  }

  /**
   * What rounding may differ by, as part of the norm: operands are rounded to the precision, sums
   * of K products to sqrt(K) roundings of float32, layer after layer. Where a ReLU's sum is as near
   * 0 as its rounding, its gradient is there or not: such are a share of u of all, and their norm
   * sqrt(u).
   */
  private double tolerance() {
    RecurrentSpec spec = plan.spec();
    double u = rounding(shape.precision());
    double longest =
        Math.max(
            (double) shape.time() * shape.batch(),
            spec.inputSize(spec.layers() - 1) + spec.hiddenSize() + spec.inputSize());
    double sums = rounding(Precision.FP32) * Math.sqrt(longest);
    double kinks = spec.cell() == Cell.RELU ? 4 * Math.sqrt(u) : 0;
    return Math.min(MOST, ROUNDINGS * spec.layers() * (u + sums) + kinks);
  }

  /** Half the distance from 1 to the next number. */
  private static double rounding(Precision precision) {
    return switch (precision) {
      case FP32 -> 0x1p-24;
      case TF32, FP16 -> 0x1p-11;
      case BF16 -> 0x1p-8;
    };
  }
}
