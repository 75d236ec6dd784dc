package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a decoder starts from: for each layer and state a linear layer of both directions'. */
final class StateBridge {
  private final List<Lane> lanes = new ArrayList<>();

  StateBridge(PlannedParts parts, PlanContext context, EncoderPlan encoder, DecoderPlan decoder) {
    State dFrom = encoder.lastGradient;
    State dTo = decoder.initialGradient;
    for (int l = 0; l < encoder.spec.layers(); l++) {
      Lane h = lane(parts, context, encoder.spec, "_h_l" + l, l);
      h.bind(encoder.last.h(), decoder.initial.h());
      if (dFrom != null && dTo != null) {
        h.bindGradients(dFrom.h(), dTo.h());
      }
      if (encoder.last.c() != null && decoder.initial.c() != null) {
        Lane c = lane(parts, context, encoder.spec, "_c_l" + l, l);
        c.bind(encoder.last.c(), decoder.initial.c());
        if (dFrom != null && dTo != null) {
          c.bindGradients(Objects.requireNonNull(dFrom.c()), Objects.requireNonNull(dTo.c()));
        }
      }
    }
  }

  private Lane lane(
      PlannedParts parts, PlanContext context, RecurrentSpec encoder, String key, int layer) {
    LayerParameters parameters = parts.parameters(SequenceToSequence.BRIDGE + key);
    Lane lane = new Lane(parameters, context, encoder.directions(), layer);
    lanes.add(lane);
    return lane;
  }

  void forward(int n) {
    for (int i = 0; i < lanes.size(); i++) { // an iterator would be an object each time
      lanes.get(i).forward(n);
    }
  }

  void backward(int n) {
    for (int i = 0; i < lanes.size(); i++) {
      lanes.get(i).backward(n);
    }
  }

  /** One layer's h or c. */
  private static final class Lane {
    private final PlanContext context;
    private final Backend backend;
    private final Parameter weight;
    private final Parameter bias;
    private final int directions;
    private final int layer;
    private final int width;
    private final Tensor joined;
    private final @Nullable Tensor joinedGradient;
    // [n][direction] and [n]: where rows start depends on n, so views are made once.
    private Tensor[][] source = {};
    private Tensor[][] sourceGradient = {};
    private Tensor[] target = {};
    private Tensor[] targetGradient = {};

    Lane(LayerParameters parameters, PlanContext context, int directions, int layer) {
      this.context = context;
      backend = context.backend();
      weight = parameters.get("weight");
      bias = parameters.get("bias");
      this.directions = directions;
      this.layer = layer;
      width = Math.toIntExact(weight.value().dim(1) / directions);
      int n = context.spec().maxBatch();
      joined = context.workspace().real(n, weight.value().dim(1));
      joinedGradient =
          context.spec().trains() ? context.workspace().real(n, weight.value().dim(1)) : null;
    }

    void bind(Tensor from, Tensor to) {
      source = rows(from, directions);
      target = firsts(rows(to, 1));
    }

    void bindGradients(Tensor dFrom, Tensor dTo) {
      sourceGradient = rows(dFrom, directions);
      targetGradient = firsts(rows(dTo, 1));
    }

    private Tensor[][] rows(Tensor state, int each) {
      int most = context.spec().maxBatch();
      long wide = state.dim(-1);
      Tensor[][] views = new Tensor[most + 1][each];
      for (int n = 1; n <= most; n++) {
        for (int d = 0; d < each; d++) {
          views[n][d] = state.view((layer * (long) each + d) * n * wide, n, wide);
        }
      }
      return views;
    }

    private static Tensor[] firsts(Tensor[][] views) {
      Tensor[] first = new Tensor[views.length];
      for (int n = 1; n < views.length; n++) {
        first[n] = views[n][0];
      }
      return first;
    }

    void forward(int n) {
      for (int d = 0; d < directions; d++) {
        backend.copyColumns(n, source[n][d], 0, joined, d * width, width);
      }
      backend.linear(n, joined, weight.value(), bias.value(), target[n]);
    }

    void backward(int n) {
      Tensor gradient = Objects.requireNonNull(joinedGradient);
      backend.linearBackward(
          n,
          joined,
          weight.value(),
          targetGradient[n],
          gradient,
          weight.gradient(),
          bias.gradient());
      for (int d = 0; d < directions; d++) {
        backend.copyColumns(n, gradient, d * width, sourceGradient[n][d], 0, width);
      }
    }
  }
}
