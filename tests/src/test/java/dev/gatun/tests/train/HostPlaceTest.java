package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Control;
import dev.gatun.backend.SgdRule;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.ParameterSet;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Place;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.optim.UpdateOptions;
import dev.gatun.optim.Updates;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.HostMemory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;

/** Optimizers that run on the host for a device, and for backends where that is no difference. */
@Tag("backend")
@ParameterizedClass
@FieldSource("BACKENDS")
class HostPlaceTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final int STEPS = 5;
  private static final int SKIPPED = 2;
  private static final double RATE = 0.02;
  private static final double MAX_NORM = 3;

  /** Of a cell that no library runs: its parameters lie the same on every backend. */
  private static final ModelSpec SPEC =
      ModelSpec.of(
          Signal.tokens(7),
          Embedding.of(5),
          RecurrentLayer.of("gru", Cell.GRU_RESET_BEFORE, 6),
          Linear.of(7));

  @TempDir Path folder;

  private final String name;

  HostPlaceTest(String name) {
    this.name = name;
  }

  /** An optimizer for a model. */
  private interface Maker {
    Optimizer make(ParameterSet parameters, Place place);
  }

  private static final Maker ADAM =
      (parameters, place) ->
          new RuleOptimizer(
              parameters,
              new AdamRule(0.9, 0.999, 1e-8, 0.01, true),
              UpdateOptions.DEFAULT.withMaxNorm(MAX_NORM).withPlace(place));

  private static final Maker SGD =
      (parameters, place) ->
          new RuleOptimizer(
              parameters,
              new SgdRule(0.9, true, 0.01),
              UpdateOptions.DEFAULT.withMaxNorm(MAX_NORM).withPlace(place));

  /** Draws a gradient for each parameter, the same on every backend; gaps between stay zero. */
  private static double[] draw(Model model, Random random) {
    double[] drawn = new double[Math.toIntExact(model.parameters().gradients().size())];
    for (Parameter parameter : model.parameters().list()) {
      for (int i = 0; i < parameter.value().size(); i++) {
        drawn[Math.toIntExact(parameter.offset()) + i] = (float) random.nextGaussian();
      }
    }
    return drawn;
  }

  /** Values and moments after some steps with drawn gradients, of which the third is not finite. */
  private static List<double[]> steps(String backend, Maker maker, Place place) {
    try (Backend context = Subjects.open(backend, 2);
        Model model = SPEC.build(context, 4);
        Optimizer optimizer = maker.make(model.parameters(), place)) {
      Random random = new Random(5);
      Tensor gradients = model.parameters().gradients();
      for (int step = 0; step < STEPS; step++) {
        double[] drawn = draw(model, random);
        double[] before = Host.read(context, model.parameters().values());
        drawn[17] = step == SKIPPED ? Double.NaN : drawn[17];
        Host.write(context, gradients, drawn);
        optimizer.step(RATE);
        assertEquals(step == SKIPPED ? 17 : -1, optimizer.nonFinite());
        assertEquals(step < SKIPPED ? step + 1 : step, optimizer.updates());
        if (step == SKIPPED) {
          assertArrayEquals(before, Host.read(context, model.parameters().values()), "skipped");
        } else {
          assertEquals(Numbers.norm(drawn), optimizer.norm(), 1e-5 * optimizer.norm());
        }
        assertArrayEquals(new double[drawn.length], Host.read(context, gradients), "zeroed");
      }
      List<double[]> all = new ArrayList<>();
      for (Parameter parameter : model.parameters().list()) {
        all.add(Host.read(context, parameter.value()));
      }
      optimizer.state().values().forEach(tensor -> all.add(Host.read(context, tensor)));
      return all;
    }
  }

  @Test
  void givesTheBitsOfTheBackendWhoseKernelsItRuns() {
    AdamRule rule = new AdamRule(0.9, 0.999, 1e-8, 0.01, true);
    String worker = name.equals("cuda") || name.equals("cpu") ? "cpu" : "reference";
    try (Backend context = Subjects.open(name, 2);
        Backend kernels = Subjects.open(worker, 3);
        Workspace memory = kernels.workspace();
        Model model = SPEC.build(context, 4);
        Optimizer adam =
            new RuleOptimizer(
                model.parameters(),
                rule,
                UpdateOptions.DEFAULT.decayingAll().withMaxNorm(MAX_NORM).withPlace(Place.HOST))) {
      long size = model.parameters().values().size();
      double[] start = Host.read(context, model.parameters().values());
      Tensor values = memory.real(size).copyFrom(start);
      Tensor gradients = memory.real(size);
      Tensor m = memory.real(size);
      Tensor v = memory.real(size);
      Tensor control = memory.tensor(DType.F64, Control.SIZE);
      Updater updater =
          kernels.updater(
              rule,
              new UpdateTensors(values, gradients, List.of(m, v), control),
              List.of(UpdatePart.all(size)));
      Random random = new Random(5);
      for (int step = 0; step < STEPS; step++) {
        double[] drawn = draw(model, random);
        Host.write(context, model.parameters().gradients(), drawn);
        gradients.copyFrom(drawn);
        adam.step(RATE);
        control.set(Control.RATE, RATE);
        kernels.prepareUpdate(gradients, MAX_NORM, control);
        updater.step();
        assertEquals(control.get(Control.NORM), adam.norm());
        assertArrayEquals(
            values.toDoubles(), Host.read(context, model.parameters().values()), "step " + step);
      }
    }
  }

  @Test
  void isTheDevicesOwnUpToRounding() {
    for (Maker maker : List.of(ADAM, SGD)) {
      List<double[]> device = steps(name, maker, Place.DEVICE);
      List<double[]> host = steps(name, maker, Place.HOST);
      assertEquals(device.size(), host.size());
      for (int i = 0; i < device.size(); i++) {
        Numbers.assertClose("tensor " + i, device.get(i), host.get(i), 1e-5);
      }
    }
  }

  @Test
  void seesWeightsThatWereWrittenInBetween() throws IOException {
    Path file = folder.resolve("model.safetensors");
    try (Backend context = Subjects.open(name, 2);
        Model model = SPEC.build(context, 4);
        Optimizer sgd =
            new RuleOptimizer(
                model.parameters(),
                new SgdRule(0, false, 0),
                UpdateOptions.DEFAULT.withMaxNorm(MAX_NORM).withPlace(Place.HOST))) {
      model.save(file);
      final double[] start = Host.read(context, model.parameters().values());
      Host.write(context, model.parameters().gradients(), draw(model, new Random(5)));
      sgd.step(RATE);
      assertFalse(Arrays.equals(start, Host.read(context, model.parameters().values())));
      model.load(file);
      sgd.step(RATE); // the gradients are zero
      assertArrayEquals(start, Host.read(context, model.parameters().values()));
    }
  }

  /** An embedding's largest norm scales rows of the table before each lookup. */
  @Test
  void seesRowsThatALookupHasLimited() {
    ModelSpec spec = ModelSpec.of(Signal.tokens(3), Embedding.of(5).maxNorm(0.25), Linear.of(3));
    try (Backend context = Subjects.open(name, 2);
        Model model = spec.build(context, 4);
        Plan plan = model.plan(PlanSpec.training(2, 1));
        Optimizer sgd =
            new RuleOptimizer(
                model.parameters(),
                new SgdRule(0, false, 0),
                UpdateOptions.DEFAULT.withPlace(Place.HOST))) {
      final double[] start = Host.read(context, model.parameters().values());
      sgd.step(RATE); // the gradients are zero
      plan.forward(2, 1);
      double[] limited = Host.read(context, model.parameters().values());
      assertFalse(Arrays.equals(start, limited), "no row was beyond the norm");
      sgd.step(RATE);
      assertArrayEquals(limited, Host.read(context, model.parameters().values()));
    }
  }

  /** Losses of steps, after a resume if there is a file to resume from. */
  private List<Double> train(Place place, Path from, Path to, int steps) throws IOException {
    List<Double> losses = new ArrayList<>();
    try (Backend context = Subjects.open(name, 2);
        Model model = SPEC.build(context, 4);
        Optimizer adam = ADAM.make(model.parameters(), place);
        CountingText data = new CountingText(7, 5, 3, 6);
        Trainer trainer =
            Trainer.of(model, new SoftmaxCrossEntropy(), adam, Schedules.constant(RATE), data)
                .epochs(10)
                .build()) {
      if (!from.equals(to)) {
        trainer.resume(from);
      }
      for (int i = 0; i < steps; i++) {
        trainer.step();
        losses.add(trainer.loss());
      }
      trainer.save(to);
    }
    return losses;
  }

  @Test
  void checkpointsOfOnePlaceGoOnWithTheOther() throws IOException {
    Path none = folder.resolve("whole.safetensors");
    List<Double> whole = train(Place.DEVICE, none, none, 8);
    for (Place first : Place.values()) {
      Place second = first == Place.HOST ? Place.DEVICE : Place.HOST;
      Path half = folder.resolve(first + ".safetensors");
      List<Double> losses = new ArrayList<>(train(first, half, half, 4));
      losses.addAll(train(second, half, folder.resolve("end.safetensors"), 4));
      for (int i = 0; i < whole.size(); i++) {
        assertEquals(whole.get(i), losses.get(i), 1e-5 * whole.get(i), "step " + i);
      }
    }
  }

  /** Signum with clipping: a rule that no backend has, as a loop over the host's memory. */
  private static final class Signum implements Optimizer {
    private final ParameterSet parameters;
    private final Updates updates;

    Signum(ParameterSet parameters) {
      this.parameters = parameters;
      updates =
          new Updates(
              parameters, UpdateOptions.DEFAULT.withMaxNorm(MAX_NORM).withPlace(Place.HOST));
    }

    @Override
    public ParameterSet parameters() {
      return parameters;
    }

    @Override
    public void step(double rate) {
      updates.usage().enter();
      try {
        updates.prepare(rate);
        Tensor control = updates.control();
        Tensor values = updates.values();
        Tensor gradients = updates.gradients();
        boolean finite = control.get(Control.NON_FINITE) < 0;
        for (long i = 0; i < values.size(); i++) {
          if (finite) {
            values.set(
                i, values.get(i) - control.get(Control.RATE) * Math.signum(gradients.get(i)));
          }
          gradients.set(i, 0);
        }
        updates.finish();
      } finally {
        updates.usage().exit();
      }
    }

    @Override
    public double norm() {
      return updates.read(Control.NORM);
    }

    @Override
    public long nonFinite() {
      return (long) updates.read(Control.NON_FINITE);
    }

    @Override
    public long updates() {
      return (long) updates.read(Control.UPDATES);
    }

    @Override
    public SequencedMap<String, Tensor> state() {
      return updates.state();
    }

    @Override
    public void close() {
      updates.close();
    }
  }

  @Test
  void takesARuleOfOnesOwnAsALoopInJava() {
    try (Backend context = Subjects.open(name, 2);
        Model model = SPEC.build(context, 4);
        Signum signum = new Signum(model.parameters())) {
      Tensor values = model.parameters().list().getFirst().value();
      double[] before = Host.read(context, values);
      Tensor gradients = model.parameters().gradients();
      context.fill(gradients, 2);
      Host.set(context, gradients, 3, -5);
      signum.step(0.5);
      double[] after = Host.read(context, values);
      for (int i = 0; i < before.length; i++) {
        assertEquals(before[i] - (i == 3 ? -0.5 : 0.5), after[i], 1e-6, "element " + i);
      }
      assertEquals(0, Host.get(context, gradients, 3));
      assertEquals(1, signum.updates());
    }
  }

  @Test
  void keepsEverythingInTheHostsMemory() {
    try (Backend context = Subjects.open(name, 2);
        Model model = SPEC.build(context, 4);
        Optimizer adam = ADAM.make(model.parameters(), Place.HOST)) {
      DType real = context.real();
      for (Tensor tensor : adam.state().values()) {
        assertTrue(tensor.memory() instanceof HostMemory, "moments");
        assertTrue(tensor.dtype() == real || tensor.size() == 1);
      }
      boolean device = !(model.parameters().values().memory() instanceof HostMemory);
      try (Backend host = context.openHost()) {
        assertEquals(device, host != null);
      }
    }
  }

  @Test
  void closesBeforeItsModelAndOnce() {
    try (Backend context = Subjects.open(name, 2)) {
      Model model = SPEC.build(context, 4);
      Optimizer adam = ADAM.make(model.parameters(), Place.HOST);
      adam.close();
      adam.close();
      assertThrows(IllegalStateException.class, () -> adam.step(RATE));
      model.close();
    }
  }
}
