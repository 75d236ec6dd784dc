package dev.gatun.tests.explain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Gates;
import dev.gatun.model.Layer;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.Signal;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The gates that the reference keeps give the states again by the cells' equations. */
class GatesTest {
  private static final int TIME = 6;

  private static List<Gates> gates(Layer layer, String backendName) {
    ModelSpec spec = ModelSpec.of(Signal.features(3), layer);
    try (Backend backend = Backends.open(backendName);
        Model model = spec.build(backend, 9);
        Plan plan = model.plan(PlanSpec.inference(TIME, 2).equalLengths())) {
      Random random = new Random(1);
      for (long i = 0; i < TIME * 2 * 3; i++) {
        plan.input().set(i, random.nextGaussian());
      }
      plan.forward(TIME, 2);
      return plan.gates();
    }
  }

  @Test
  void anLstmsStatesFollowFromItsGates() {
    List<Gates> all = gates(RecurrentLayer.lstm(4).stacked(2, 0), "reference");
    assertEquals(4, all.size(), "two layers of two sequences");
    for (Gates gates : all) {
      for (int t = 0; t < TIME; t++) {
        for (int k = 0; k < 4; k++) {
          double before = t == 0 ? 0 : gates.c()[t - 1][k];
          double c = gates.gate(1)[t][k] * before + gates.gate(0)[t][k] * gates.gate(2)[t][k];
          assertEquals(c, gates.c()[t][k], 1e-14);
          assertEquals(gates.gate(3)[t][k] * Math.tanh(c), gates.h()[t][k], 1e-14);
        }
      }
    }
    assertEquals(List.of(0, 0, 1, 1), all.stream().map(Gates::layer).toList());
  }

  @Test
  void aGrusStatesFollowFromItsGates() {
    List<Gates> all = gates(RecurrentStack.gru(4, 5).bothDirections(), "reference");
    assertEquals(8, all.size(), "two layers, two directions, two sequences");
    Gates last = all.getLast();
    assertEquals(List.of("r", "z", "n"), Gates.names(last.cell()));
    assertEquals(Cell.GRU, last.cell());
    assertEquals(1, last.layer());
    assertEquals(1, last.direction());
    for (int t = TIME - 1; t >= 0; t--) {
      for (int k = 0; k < 5; k++) {
        double before = t == TIME - 1 ? 0 : last.h()[t + 1][k];
        double z = last.gate(1)[t][k];
        assertEquals((1 - z) * last.gate(2)[t][k] + z * before, last.h()[t][k], 1e-14);
      }
    }
  }

  @Test
  void otherBackendsKeepNone() {
    assertEquals(List.of(), gates(RecurrentLayer.lstm(4), "cpu"));
  }
}
