package dev.gatun.model;

import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.model.RecurrentStack.Part;
import dev.gatun.model.RecurrentStack.Place;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Recurrence} in a plan whose states belong to whoever has made it: those that it starts
 * from and those that it ends in, one for each of {@link Recurrence#stacks}.
 */
final class RecurrencePlan implements AutoCloseable {
  private final List<PlannedRecurrent> stacks = new ArrayList<>();

  /** What runs after each of them: a sum of directions, dropout, or nothing. */
  private final List<PlannedParts.Chain> after = new ArrayList<>();

  private final List<LayerPlan> plans = new ArrayList<>();
  private final Tensor output;
  private final @Nullable Tensor outputGradient;

  /**
   * States, one for each stack.
   *
   * @param initial what it starts from, read; null: zeros
   * @param initialGradient dL/dinitial, overwritten by backward; null: not wanted
   * @param last what it ends in, overwritten by forward
   * @param lastGradient dL/dlast, read by backward; null: zeros
   */
  record States(
      @Nullable List<State> initial,
      @Nullable List<State> initialGradient,
      List<State> last,
      @Nullable List<State> lastGradient) {}

  /**
   * Plans it.
   *
   * @param own what it binds to
   * @param heard whether anybody reads its outputs, or only its last states
   */
  RecurrencePlan(Recurrence layers, PlanContext own, States states, boolean heard) {
    Tensor x = own.input();
    Tensor dx = own.inputGradient();
    long end = 0;
    List<LayerPlan> between = new ArrayList<>();
    try {
      for (Part part : parts(layers, own.inputSignal())) {
        Place place = part.place(end, own.backend());
        end = place.end();
        PlanContext context = part.context(own, place, x, dx);
        if (part.layer() instanceof RecurrentLayer layer) {
          if (!stacks.isEmpty()) {
            after.add(new PlannedParts.Chain(between.toArray(LayerPlan[]::new), x, dx));
            between.clear();
          }
          boolean top = stacks.size() == states.last.size() - 1;
          x = context.newOutput();
          dx = top && !heard ? null : context.newOutputGradient();
          stacks.add(planned(layer.spec(part.input()), context, x, dx, states));
          if (top && !heard) {
            break; // the sum of two directions that nobody reads
          }
        } else {
          LayerPlan plan = part.layer().plan(context);
          plans.add(plan);
          between.add(plan);
          x = plan.output();
          dx = plan.outputGradient();
        }
      }
      after.add(new PlannedParts.Chain(between.toArray(LayerPlan[]::new), x, dx));
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
    output = x;
    outputGradient = dx;
  }

  private static List<Part> parts(Recurrence layers, Signal input) {
    return switch (layers) {
      case RecurrentLayer layer -> List.of(new Part(layer, 0, input));
      case RecurrentStack stack -> stack.parts(input);
    };
  }

  private PlannedRecurrent planned(
      RecurrentSpec spec, PlanContext context, Tensor y, @Nullable Tensor dy, States states) {
    int number = stacks.size();
    RecurrentIo.Gradients gradients =
        context.spec().trains()
            ? new RecurrentIo.Gradients(
                dy,
                of(states.lastGradient, number),
                context.inputGradient(),
                of(states.initialGradient, number),
                context.parameters().gradients())
            : null;
    RecurrentIo io =
        new RecurrentIo(
            context.input(),
            context.lengths(),
            of(states.initial, number),
            y,
            states.last.get(number),
            gradients);
    return new PlannedRecurrent(spec, io, context);
  }

  private static @Nullable State of(@Nullable List<State> states, int number) {
    return states == null ? null : states.get(number);
  }

  /** Zero states for each stack. */
  static List<State> states(Recurrence layers, PlanContext own) {
    return layers.stacks().stream().map(stack -> RecurrentLayer.state(stack, own)).toList();
  }

  /** Of its top layer at each step. */
  Tensor output() {
    return output;
  }

  /** dL/doutput; null in inference or where nobody reads outputs. */
  @Nullable Tensor outputGradient() {
    return outputGradient;
  }

  void forward(int t, int n) {
    for (int i = 0; i < stacks.size(); i++) { // an iterator would be an object each time
      stacks.get(i).forward(t, n);
      after.get(i).forward(t, n);
    }
  }

  void backward(int t, int n) {
    for (int i = stacks.size() - 1; i >= 0; i--) {
      after.get(i).backward(t, n);
      stacks.get(i).backward();
    }
  }

  void refresh() {
    for (int i = 0; i < stacks.size(); i++) {
      stacks.get(i).refresh();
    }
    for (int i = 0; i < plans.size(); i++) {
      plans.get(i).refresh();
    }
  }

  long bytes() {
    return stacks.stream().mapToLong(PlannedRecurrent::bytes).sum()
        + plans.stream().mapToLong(LayerPlan::bytes).sum();
  }

  @Override
  public void close() {
    plans.reversed().forEach(LayerPlan::close);
    stacks.reversed().forEach(PlannedRecurrent::close);
  }
}
