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
    List<Row> from = rows(encoder.layers);
    List<Row> to = rows(decoder.layers);
    for (int l = 0; l < from.size(); l++) {
      Ends ends = new Ends(from.get(l), to.get(l));
      Lane h = lane(parts, context, "_h_l" + l, ends);
      h.bind(ends.from.of(encoder.last).h(), ends.to.of(decoder.initial).h());
      if (encoder.lastGradient != null && decoder.initialGradient != null) {
        h.bindGradients(
            ends.from.of(encoder.lastGradient).h(), ends.to.of(decoder.initialGradient).h());
      }
      Tensor read = ends.from.of(encoder.last).c();
      Tensor begun = ends.to.of(decoder.initial).c();
      if (read != null && begun != null) {
        Lane c = lane(parts, context, "_c_l" + l, ends);
        c.bind(read, begun);
        if (encoder.lastGradient != null && decoder.initialGradient != null) {
          c.bindGradients(
              Objects.requireNonNull(ends.from.of(encoder.lastGradient).c()),
              Objects.requireNonNull(ends.to.of(decoder.initialGradient).c()));
        }
      }
    }
  }

  /**
   * Where a layer's states lie.
   *
   * @param stack among those of its recurrence
   * @param layer of the stack
   */
  private record Row(int stack, int layer, int directions) {
    State of(List<State> states) {
      return states.get(stack);
    }
  }

  private record Ends(Row from, Row to) {}

  private static List<Row> rows(Recurrence layers) {
    List<Row> rows = new ArrayList<>();
    for (int s = 0; s < layers.stacks().size(); s++) {
      RecurrentSpec stack = layers.stacks().get(s);
      for (int l = 0; l < stack.layers(); l++) {
        rows.add(new Row(s, l, stack.directions()));
      }
    }
    return rows;
  }

  private Lane lane(PlannedParts parts, PlanContext context, String key, Ends ends) {
    LayerParameters parameters = parts.parameters(SequenceToSequence.BRIDGE + key);
    Lane lane = new Lane(parameters, context, ends);
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
    private final Ends ends;
    private final int directions;
    private final int width;
    private final Tensor joined;
    private final @Nullable Tensor joinedGradient;
    // [n][direction] and [n]: where rows start depends on n, so views are made once.
    private Tensor[][] source = {};
    private Tensor[][] sourceGradient = {};
    private Tensor[] target = {};
    private Tensor[] targetGradient = {};

    Lane(LayerParameters parameters, PlanContext context, Ends ends) {
      this.context = context;
      backend = context.backend();
      weight = parameters.get("weight");
      bias = parameters.get("bias");
      this.ends = ends;
      directions = ends.from.directions;
      width = Math.toIntExact(weight.value().dim(1) / directions);
      int n = context.spec().maxBatch();
      joined = context.workspace().real(n, weight.value().dim(1));
      joinedGradient =
          context.spec().trains() ? context.workspace().real(n, weight.value().dim(1)) : null;
    }

    void bind(Tensor from, Tensor to) {
      source = rows(from, ends.from);
      target = firsts(rows(to, ends.to));
    }

    void bindGradients(Tensor dFrom, Tensor dTo) {
      sourceGradient = rows(dFrom, ends.from);
      targetGradient = firsts(rows(dTo, ends.to));
    }

    private Tensor[][] rows(Tensor state, Row row) {
      int each = row.directions;
      int most = context.spec().maxBatch();
      long wide = state.dim(-1);
      Tensor[][] views = new Tensor[most + 1][each];
      for (int n = 1; n <= most; n++) {
        for (int d = 0; d < each; d++) {
          views[n][d] = state.view((row.layer * (long) each + d) * n * wide, n, wide);
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
