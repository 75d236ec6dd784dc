package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.model.DecayLayer;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Layers whose states decay with the ages of their inputs. */
@Tag("backend")
class StateDecayTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final int T = 9;
  private static final int FEATURES = 6;
  private static final double TOLERANCE = 1e-5;

  private static ModelSpec grud() {
    return ModelSpec.of(
        Signal.features(FEATURES),
        DecayLayer.of(List.of(0.2, -0.5)).withAges(),
        RecurrentLayer.gru(5).decayed(2).stacked(2, 0));
  }

  /** Values, masks and ages of up to 4. */
  private static double[] sequence() {
    Random random = new Random(5);
    double[] x = new double[T * FEATURES];
    for (int i = 0; i < x.length; i++) {
      int part = i % FEATURES / 2;
      x[i] = part == 0 ? random.nextGaussian() : part == 1 ? i / 2 % 2 : 1 + random.nextInt(4);
    }
    return x;
  }

  private static double[] run(Plan plan, Backend backend, int from, int to) {
    double[] x = Arrays.copyOfRange(sequence(), from * FEATURES, to * FEATURES);
    Host.write(backend, plan.input().view(0, x.length), x);
    plan.forward(to - from, 1);
    return Host.read(backend, plan.output().view(0, (to - from) * 5L));
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void partsAndStreamsGiveWhatTheWholeDoes(String name) {
    try (Backend backend = Subjects.open(name);
        Model model = grud().build(backend, 3);
        Plan plan = model.plan(PlanSpec.inference(T, 1).equalLengths());
        Session session = model.session()) {
      final double[] whole = run(plan, backend, 0, T);
      plan.resetState();
      List<Double> parts = new ArrayList<>();
      for (int[] part : new int[][] {{0, 4}, {4, 5}, {5, 9}}) {
        Arrays.stream(run(plan, backend, part[0], part[1])).forEach(parts::add);
      }
      double[] joined = parts.stream().mapToDouble(Double::doubleValue).toArray();
      Numbers.assertClose("in parts", whole, joined, TOLERANCE);
      double[] x = sequence();
      double[] streamed = new double[whole.length];
      float[] row = new float[FEATURES];
      for (int t = 0; t < T; t++) {
        for (int i = 0; i < FEATURES; i++) {
          row[i] = (float) x[t * FEATURES + i];
        }
        session.step(row);
        for (int i = 0; i < 5; i++) {
          streamed[t * 5 + i] = session.output().get(i);
        }
      }
      Numbers.assertClose("step by step", whole, streamed, TOLERANCE);
    }
  }

  /** At first a state keeps all where every input is a step old, and less the older they are. */
  @Test
  void anUnseenInputLetsStatesFade() {
    try (Backend backend = Subjects.open("reference");
        Model decayed = layer(true).build(backend, 3);
        Model plain = layer(false).build(backend, 3)) {
      for (Parameter parameter : plain.parameters().list()) {
        backend.copy(parameter.value(), decayed.parameters().get(parameter.name()).value());
      }
      decayed.parameters().changed();
      double[] kept = last(plain, new double[] {0.5, 0.5});
      Numbers.assertClose("ages of 1", kept, last(decayed, 0.5, 1, 1, 0.5, 1, 1), 0);
      // W d + b = 0.05 (1 + 3) - 0.1: of a linear layer without input a tenth less is left.
      double[] faded = last(decayed, 0.5, 1, 1, 0, 1, 3);
      double[] whole = last(plain, 0.5, 0);
      for (int i = 0; i < faded.length; i++) {
        assertEquals(Math.exp(-0.1) * whole[i], faded[i], 1e-8); // a rate is a float at first
      }
    }
  }

  private static ModelSpec layer(boolean decays) {
    RecurrentLayer linear = RecurrentLayer.of("linear", Cell.IDENTITY, 4).withoutBias().lastState();
    return ModelSpec.of(Signal.features(decays ? 3 : 1), decays ? linear.decayed(2) : linear);
  }

  private static double[] last(Model model, double... x) {
    try (Plan plan = model.plan(PlanSpec.inference(2, 1).equalLengths())) {
      Host.write(model.backend(), plan.input(), x);
      plan.forward(2, 1);
      return Host.read(model.backend(), plan.output());
    }
  }

  @Test
  void refusesWhatHasNoAges() {
    refused("run in one direction", () -> RecurrentLayer.gru(4).decayed(2).bothDirections());
    refused("0 or more", () -> RecurrentLayer.gru(4).decayed(-1));
    RecurrentLayer three = RecurrentLayer.gru(4).decayed(3);
    refused("takes 3 ages", () -> ModelSpec.of(Signal.features(3), three));
    refused(
        "takes 3 ages",
        () -> ModelSpec.of(Signal.features(3), RecurrentStack.of("s", three, three)));
  }

  private static void refused(String why, Runnable made) {
    Exception e = assertThrows(IllegalArgumentException.class, made::run);
    assertTrue(String.valueOf(e.getMessage()).contains(why), e.getMessage());
  }
}
