package dev.gatun.app.bench;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.WeightLayout;
import dev.gatun.backend.WeightType;
import dev.gatun.data.Batch;
import dev.gatun.data.Range;
import dev.gatun.data.TokenSource;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.model.StepRecording;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.Random;
import java.util.function.Function;

/** The pieces of work that are timed. Inputs are random with a fixed seed. */
public final class Bench {
  private static final double RATE = 1e-3;

  private final Backend backend;
  private final double seconds;
  private final Random random = new Random(1);

  /**
   * A bench.
   *
   * @param backend what is timed
   * @param seconds to measure each
   */
  public Bench(Backend backend, double seconds) {
    this.backend = backend;
    this.seconds = seconds;
  }

  /** A recurrent stack, forward, or with its packing, forward and backward to dx and weights. */
  public Timing recurrent(RecurrentSpec spec, int time, int batch, Mode mode) {
    try (Workspace memory = backend.workspace()) {
      boolean train = mode == Mode.TRAINING;
      double bound = 1 / Math.sqrt(spec.hiddenSize());
      WeightLayout layout = backend.layout(spec);
      Tensor weights = memory.real(layout.size());
      for (RecurrentSpec.WeightView view : layout.weights()) {
        fill(weights.view(view.offset(), view.shape()), bound);
      }
      Tensor x = filled(memory, 1, time, batch, spec.inputSize());
      Tensor y = memory.real(time, batch, spec.outputSize());
      RecurrentIo.Gradients gradients =
          train
              ? new RecurrentIo.Gradients(
                  filled(memory, 1, time, batch, spec.outputSize()),
                  null,
                  memory.real(time, batch, spec.inputSize()),
                  null,
                  memory.real(layout.size()))
              : null;
      RecurrentIo io = new RecurrentIo(x, null, null, y, state(memory, spec, batch), gradients);
      MaskKey mask = new MaskKey(1, 0, memory.tensor(DType.I64, 1));
      Tensor first = y.view(0, 1);
      try (Workspace host = Workspace.host(backend.real());
          Recurrent plan = backend.recurrent(spec, weights, io, mode, mask)) {
        Tensor seen = host.real(1);
        plan.refresh();
        return Timing.of(
            () -> {
              if (train) {
                plan.refresh();
              }
              plan.forward(time, batch);
              if (train) {
                plan.backward();
              }
              backend.copy(first, seen); // waits for a device
            },
            seconds);
      }
    }
  }

  private static State state(Workspace memory, RecurrentSpec spec, int batch) {
    long rows = (long) spec.layers() * spec.directions();
    return new State(
        memory.real(rows, batch, spec.stateSize()),
        spec.cell().hasCellState() ? memory.real(rows, batch, spec.hiddenSize()) : null);
  }

  private Tensor filled(Workspace memory, double bound, long... shape) {
    Tensor tensor = memory.real(shape);
    fill(tensor, bound);
    return tensor;
  }

  private void fill(Tensor tensor, double bound) {
    try (Workspace staging = Workspace.host(backend.real())) {
      Tensor host = staging.real(tensor.shape());
      for (long i = 0; i < host.size(); i++) {
        host.set(i, (random.nextDouble() * 2 - 1) * bound);
      }
      backend.copy(host, tensor);
    }
  }

  /**
   * A language model's whole training step.
   *
   * @param cell of the stack
   * @param vocabulary V
   * @param embedding E
   * @param hidden H
   * @param layers L
   */
  public record Step(Cell cell, int vocabulary, int embedding, int hidden, int layers) {
    /** The recurrent stack. */
    public RecurrentSpec stack() {
      return RecurrentSpec.of(cell, embedding, hidden).stacked(layers, 0);
    }
  }

  /**
   * Embedding, recurrent stack, linear, softmax cross-entropy, backward, clip and Adam.
   *
   * @param clip the largest norm
   * @param graph whether a GPU repeats the step as one graph
   */
  public Timing step(Step shape, int time, int batch, double clip, boolean graph) {
    return step(shape, time, batch, clip, graph, work -> Timing.of(work, seconds));
  }

  /** The same step, from the first on. */
  public Cold cold(Step shape, int time, int batch, double clip) {
    return step(shape, time, batch, clip, false, work -> Cold.of(work, seconds));
  }

  private <R> R step(
      Step shape, int time, int batch, double clip, boolean graph, Function<Runnable, R> timer) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(shape.vocabulary),
            Embedding.of(shape.embedding),
            RecurrentLayer.of("rnn", shape.cell, shape.hidden).stacked(shape.layers, 0),
            Linear.of(shape.vocabulary));
    int[] tokens = random.ints((long) time * batch + 1, 0, shape.vocabulary).toArray();
    try (TokenSource source = new TokenSource(tokens, new Range(0, tokens.length), time, batch);
        Batch data = source.newBatch();
        Model model = spec.build(backend, 1);
        RuleOptimizer optimizer = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, clip);
        Plan plan =
            model.plan(PlanSpec.training(time, batch).equalLengths(), new SoftmaxCrossEntropy())) {
      source.fill(0, 0, data);
      double[] loss = new double[1];
      Runnable whole =
          () -> {
            plan.forward(data);
            plan.backward();
            loss[0] = plan.loss();
            optimizer.step(RATE);
          };
      R timing = graph ? recorded(plan, data, optimizer, loss, timer, whole) : timer.apply(whole);
      if (!Double.isFinite(loss[0])) {
        throw new IllegalStateException("the benchmark's loss became " + loss[0]);
      }
      return timing;
    }
  }

  private static <R> R recorded(
      Plan plan,
      Batch data,
      RuleOptimizer optimizer,
      double[] loss,
      Function<Runnable, R> timer,
      Runnable first) {
    first.run(); // what is done once has been done when it is recorded
    double weight = plan.weight(data);
    optimizer.rate(RATE);
    try (StepRecording step = plan.record(data, weight, optimizer::update)) {
      return timer.apply(
          () -> {
            step.run(data, weight);
            loss[0] = plan.loss();
            optimizer.parameters().changed();
          });
    }
  }

  /** One step of a streaming session, from an array to an array. */
  public Timing stream(RecurrentSpec stack, int batch, WeightType weights) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(stack.inputSize()),
            RecurrentLayer.of("rnn", stack.cell(), stack.hiddenSize()).stacked(stack.layers(), 0));
    float[] input = new float[batch * stack.inputSize()];
    for (int i = 0; i < input.length; i++) {
      input[i] = random.nextFloat() * 2 - 1;
    }
    float[] output = new float[batch * stack.outputSize()];
    try (Model model = spec.build(backend, 1);
        Session session = model.session(1, batch, weights)) {
      return Timing.of(
          () -> {
            session.step(input);
            session.readOutput(output);
          },
          seconds);
    }
  }

  /** Operations of a stack's forward pass: 2·G·T·N·H·(C+H) each layer and direction. */
  public static double flops(RecurrentSpec spec, int time, int batch) {
    double sum = 0;
    for (int layer = 0; layer < spec.layers(); layer++) {
      double products =
          (double) spec.gateRows() * (spec.inputSize(layer) + spec.stateSize())
              + (double) spec.projectionSize() * spec.hiddenSize();
      sum += 2 * products * time * batch * spec.directions();
    }
    return sum;
  }

  /** Bytes that a forward pass cannot avoid: weights and input read, output written, in F32. */
  public static double bytes(RecurrentSpec spec, int time, int batch) {
    return Float.BYTES
        * (spec.weightCount() + (double) time * batch * (spec.inputSize() + spec.outputSize()));
  }
}
