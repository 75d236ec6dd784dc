package dev.gatun.app.bench;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recording;
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
import dev.gatun.model.Parameter;
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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/** The pieces of work that are timed. */
public final class Bench {
  /** Three times the forward pass: two products for each of its own in backward. */
  public static final double PASSES = 3;

  private static final double RATE = 1e-3;

  /** Of a step's weights and of a stack's, as frameworks begin with. */
  private static double bound(int hidden) {
    return 1 / Math.sqrt(hidden);
  }

  private final Backend backend;
  private final double seconds;
  private final Noise noise;
  private final boolean check;

  /**
   * A bench.
   *
   * @param backend what is timed
   * @param seconds to measure each
   * @param noise the inputs and, but of a step that is not checked, the weights
   * @param check whether results are summed before they are timed
   */
  public Bench(Backend backend, double seconds, Noise noise, boolean check) {
    this.backend = backend;
    this.seconds = seconds;
    this.noise = noise;
    this.check = check;
  }

  /**
   * What was measured.
   *
   * @param sums of each result, {@link Noise#sums}, by PyTorch's names; empty without a check
   */
  public record Measured(Timing timing, Map<String, double[]> sums) {}

  /**
   * A recurrent stack, forward, or with its packing, forward and backward to dx and weights.
   *
   * @param graph whether a GPU repeats it as one graph
   */
  public Measured recurrent(RecurrentSpec spec, int time, int batch, Mode mode, boolean graph) {
    try (Workspace memory = backend.workspace()) {
      boolean train = mode == Mode.TRAINING;
      double bound = bound(spec.hiddenSize());
      WeightLayout layout = backend.layout(spec);
      Tensor weights = memory.real(layout.size());
      for (RecurrentSpec.WeightView view : layout.weights()) {
        noise.fill(backend, weights.view(view.offset(), view.shape()), view.name(), bound);
      }
      Tensor x = memory.real(time, batch, spec.inputSize());
      noise.fill(backend, x, "x", 1);
      Tensor y = memory.real(time, batch, spec.outputSize());
      RecurrentIo.Gradients gradients = train ? gradients(memory, layout, x, y) : null;
      RecurrentIo io = new RecurrentIo(x, null, null, y, state(memory, spec, batch), gradients);
      MaskKey mask = new MaskKey(1, 0, memory.tensor(DType.I64, 1));
      try (Recurrent plan = backend.recurrent(spec, weights, io, mode, mask)) {
        plan.refresh();
        Runnable work =
            () -> {
              if (train) {
                plan.refresh();
              }
              plan.forward(time, batch);
              if (train) {
                plan.backward();
              }
            };
        work.run(); // libraries load their kernels before anything is recorded
        try (Recording recording = graph ? backend.record(work) : null) {
          return measured(recording == null ? work : recording::run, layout, io);
        }
      }
    }
  }

  private RecurrentIo.Gradients gradients(
      Workspace memory, WeightLayout layout, Tensor x, Tensor y) {
    Tensor dy = memory.real(y.shape());
    noise.fill(backend, dy, "dy", 1);
    return new RecurrentIo.Gradients(
        dy, null, memory.real(x.shape()), null, memory.real(layout.size()));
  }

  private static State state(Workspace memory, RecurrentSpec spec, int batch) {
    long rows = (long) spec.layers() * spec.directions();
    return new State(
        memory.real(rows, batch, spec.stateSize()),
        spec.cell().hasCellState() ? memory.real(rows, batch, spec.hiddenSize()) : null);
  }

  private Measured measured(Runnable work, WeightLayout layout, RecurrentIo io) {
    Map<String, double[]> sums = check ? sums(work, layout, io) : Map.of();
    Tensor first = io.y().view(0, 1);
    try (Workspace host = Workspace.host(backend.real())) {
      Tensor seen = host.real(1);
      Timing timing =
          Timing.of(
              () -> {
                work.run();
                backend.copy(first, seen); // waits for a device
              },
              seconds);
      return new Measured(timing, sums);
    }
  }

  private Map<String, double[]> sums(Runnable work, WeightLayout layout, RecurrentIo io) {
    RecurrentIo.Gradients gradients = io.gradients();
    if (gradients != null) {
      backend.fill(gradients.dWeights(), 0); // it has been added to
    }
    work.run();
    Map<String, double[]> sums = new LinkedHashMap<>();
    sums.put("y", Noise.sums(backend, io.y()));
    if (gradients != null) {
      sums.put("dx", Noise.sums(backend, Objects.requireNonNull(gradients.dx())));
      for (RecurrentSpec.WeightView view : layout.weights()) {
        Tensor gradient = gradients.dWeights().view(view.offset(), view.shape());
        sums.put("grad." + view.name(), Noise.sums(backend, gradient));
      }
    }
    return sums;
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
   * Embedding, recurrent stack, linear, softmax cross-entropy, backward, clip and Adam. Checked are
   * the losses of the first steps.
   *
   * @param clip the largest norm
   * @param graph whether a GPU repeats the step as one graph
   */
  public Measured step(Step shape, int time, int batch, double clip, boolean graph) {
    Losses losses = new Losses();
    Timing timing = step(shape, time, batch, clip, graph, losses, work -> Timing.of(work, seconds));
    return new Measured(timing, check ? Map.of("loss", losses.first) : Map.of());
  }

  /** The same step, from the first on. */
  public Cold cold(Step shape, int time, int batch, double clip) {
    return step(shape, time, batch, clip, false, new Losses(), work -> Cold.of(work, seconds));
  }

  /** What steps have come to. */
  private static final class Losses {
    final double[] first = new double[3];
    private int count;
    double last;

    void add(double loss) {
      last = loss;
      if (count < first.length) {
        first[count++] = loss;
      }
    }
  }

  private <R> R step(
      Step shape,
      int time,
      int batch,
      double clip,
      boolean graph,
      Losses losses,
      Function<Runnable, R> timer) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(shape.vocabulary),
            Embedding.of(shape.embedding),
            RecurrentLayer.of("rnn", shape.cell, shape.hidden).stacked(shape.layers, 0),
            Linear.of(shape.vocabulary));
    int[] tokens = noise.whole("tokens", time * batch + 1, shape.vocabulary);
    try (TokenSource source = new TokenSource(tokens, new Range(0, tokens.length), time, batch);
        Batch data = source.newBatch();
        Model model = model(spec, bound(shape.hidden));
        RuleOptimizer optimizer = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, clip);
        Plan plan =
            model.plan(PlanSpec.training(time, batch).equalLengths(), new SoftmaxCrossEntropy())) {
      source.fill(0, 0, data);
      Runnable whole =
          () -> {
            plan.forward(data);
            plan.backward();
            losses.add(plan.loss());
            optimizer.step(RATE);
          };
      R timing = graph ? recorded(plan, data, optimizer, losses, timer, whole) : timer.apply(whole);
      if (!Double.isFinite(losses.last)) {
        throw new IllegalStateException("the benchmark's loss became " + losses.last);
      }
      return timing;
    }
  }

  /** With the weights that another engine can have too, where results are to be checked. */
  private Model model(ModelSpec spec, double bound) {
    Model model = spec.build(backend, noise.seed());
    if (check) {
      for (Parameter parameter : model.parameters().list()) {
        noise.fill(backend, parameter.value(), parameter.name(), bound);
      }
      model.parameters().changed();
    }
    return model;
  }

  private static <R> R recorded(
      Plan plan,
      Batch data,
      RuleOptimizer optimizer,
      Losses losses,
      Function<Runnable, R> timer,
      Runnable first) {
    first.run(); // what is done once has been done when it is recorded
    double weight = plan.weight(data);
    optimizer.rate(RATE);
    try (StepRecording step = plan.record(data, weight, optimizer::update)) {
      return timer.apply(
          () -> {
            step.run(data, weight);
            losses.add(plan.loss());
            optimizer.parameters().changed();
          });
    }
  }

  /** One step of a streaming session, from an array to an array. Checked is the fourth output. */
  public Measured stream(RecurrentSpec stack, int batch, WeightType weights, boolean graphs) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(stack.inputSize()),
            RecurrentLayer.of("rnn", stack.cell(), stack.hiddenSize()).stacked(stack.layers(), 0));
    float[] input = noise.floats("x", batch * stack.inputSize(), 1);
    float[] output = new float[batch * stack.outputSize()];
    try (Model model = model(spec, bound(stack.hiddenSize()));
        Session session = model.session(1, batch, weights).graphs(graphs)) {
      Runnable step =
          () -> {
            session.step(input);
            session.readOutput(output);
          };
      for (int i = 0; check && i < 4; i++) {
        step.run();
      }
      Map<String, double[]> sums = check ? Map.of("y", Noise.sums(output)) : Map.of();
      return new Measured(Timing.of(step, seconds), sums);
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

  /** Operations of a whole step: three passes over the stack and the products with V. */
  public static double stepFlops(Step shape, int time, int batch) {
    double rows = (double) time * batch;
    return PASSES
        * (flops(shape.stack(), time, batch) + 2 * rows * shape.hidden * shape.vocabulary);
  }

  /**
   * Bytes that a whole step cannot avoid: three passes over weights and activations, and Adam,
   * which reads and writes each parameter, both its moments and its gradient.
   */
  public static double stepBytes(Step shape, int time, int batch) {
    double table = (double) shape.vocabulary * shape.embedding;
    double output = (double) shape.hidden * shape.vocabulary;
    double logits = (double) time * batch * shape.vocabulary;
    double parameters = table + shape.stack().weightCount() + output + shape.vocabulary;
    return PASSES * (bytes(shape.stack(), time, batch) + Float.BYTES * (output + logits))
        + 8.0 * Float.BYTES * parameters;
  }
}
