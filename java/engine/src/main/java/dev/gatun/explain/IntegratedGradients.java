package dev.gatun.explain;

import dev.gatun.backend.Backend;
import dev.gatun.model.BatchNorm;
import dev.gatun.model.Embedding;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.OneHot;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.Signal;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * How much each number of one input sequence adds to one number of a model's output, by integrated
 * gradients (Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks", equation
 * 1), from a baseline x' to the input x:
 *
 * <pre>
 * (x_i - x'_i) * integral over a from 0 to 1 of dF(x' + a (x - x')) / dx_i
 * </pre>
 *
 * <p>taken at the middles of equal parts. The attributions add up to F(x) - F(x'); {@link
 * Attribution#gap} says how far the parts are from it: more parts make it smaller. For tokens the
 * input is what the embedding gives.
 *
 * <p>Works on a copy of the model's parameters as they are when it is made. The layers run as in
 * training, where they have gradients, but with the running statistics of a {@link BatchNorm}: give
 * a model without dropout. For one thread at a time.
 */
public final class IntegratedGradients implements AutoCloseable {
  /** Sundararajan et al. use 20 to 300 parts; smooth cells need few. */
  public static final int PARTS = 64;

  /** Points that run at once: enough to fill the kernels' rows. */
  private static final int AT_ONCE = 32;

  private final int parts;
  private final Signal input;
  private final Signal output;
  private final Model model;

  /** What each token is [V][E]; empty for features. */
  private final double[][] table;

  /**
   * For a model with {@link #PARTS} parts.
   *
   * @param model takes features, or tokens through an {@link Embedding} or a {@link OneHot} as its
   *     first layer
   * @throws IllegalArgumentException if it takes tokens in another way
   */
  public IntegratedGradients(Model model) {
    this(model, PARTS);
  }

  /**
   * For a model.
   *
   * @param parts of the path from baseline to input, at least 1
   */
  public IntegratedGradients(Model model, int parts) {
    if (parts < 1) {
      throw new IllegalArgumentException("parts " + parts + " must be at least 1");
    }
    this.parts = parts;
    input = model.spec().input();
    output = model.spec().output();
    List<Layer> layers = new ArrayList<>();
    Map<String, String> sources = new HashMap<>();
    List<BatchNorm> norms = new ArrayList<>();
    for (ModelSpec.Stage stage : model.spec().stages()) {
      if (stage.layer() instanceof BatchNorm norm) {
        norms.add(norm);
        layers.add(Linear.of(stage.input().width()).named(norm.name()));
      } else {
        layers.add(untied(stage.layer(), sources));
      }
    }
    Signal from = input;
    table = input.isTokens() ? table(model, layers.getFirst()) : new double[0][];
    if (input.isTokens()) {
      from = Signal.features(table[0].length);
      layers.removeFirst();
    }
    this.model = ModelSpec.of(from, layers).build(model.backend(), model.seed());
    Set<String> folded = new HashSet<>();
    for (BatchNorm norm : norms) {
      fold(model, norm);
      folded.add(norm.name() + ".weight");
      folded.add(norm.name() + ".bias");
    }
    for (Parameter parameter : this.model.parameters().list()) {
      String source = sources.getOrDefault(parameter.name(), parameter.name());
      if (!folded.contains(source)) {
        model.backend().copy(model.parameters().get(source).value(), parameter.value());
      }
    }
    this.model.parameters().changed();
  }

  /** The same with a weight of its own, to be copied from the table it is tied to. */
  private static Layer untied(Layer layer, Map<String, String> sources) {
    if (!(layer instanceof Linear linear && linear.tied() != null)) {
      return layer;
    }
    sources.put(linear.name() + ".weight", linear.tied() + ".weight");
    return new Linear(linear.name(), linear.outputs(), linear.bias(), null, null);
  }

  /** With running statistics a norm is a linear layer, of a diagonal and a shift. */
  private void fold(Model of, BatchNorm norm) {
    double[] gain = vector(of, norm.name() + ".weight");
    double[] shift = vector(of, norm.name() + ".bias");
    double[] mean = vector(of, norm.name() + ".running_mean");
    double[] variance = vector(of, norm.name() + ".running_var");
    int width = gain.length;
    try (Workspace host = Workspace.host(of.backend().real())) {
      Tensor diagonal = host.real(width, width);
      Tensor bias = host.real(width);
      for (int k = 0; k < width; k++) {
        double scale = gain[k] / Math.sqrt(variance[k] + norm.epsilon());
        diagonal.set((long) k * width + k, scale);
        bias.set(k, shift[k] - mean[k] * scale);
      }
      of.backend().copy(diagonal, model.parameters().get(norm.name() + ".weight").value());
      of.backend().copy(bias, model.parameters().get(norm.name() + ".bias").value());
    }
  }

  private static double[] vector(Model of, String name) {
    return rows(of.backend(), of.parameters().get(name).value())[0];
  }

  /** What each token is to the layers above. */
  private double[][] table(Model of, Layer first) {
    if (first instanceof Embedding embedding) {
      return rows(of.backend(), of.parameters().get(embedding.name() + ".weight").value());
    }
    if (!(first instanceof OneHot)) {
      throw new IllegalArgumentException(
          "tokens have gradients where the first layer is an Embedding or a OneHot; it is "
              + first.name());
    }
    double[][] identity = new double[input.width()][input.width()];
    for (int i = 0; i < identity.length; i++) {
      identity[i][i] = 1;
    }
    return identity;
  }

  private static double[][] rows(Backend backend, Tensor tensor) {
    int width = Math.toIntExact(tensor.dim(-1));
    double[][] rows = new double[Math.toIntExact(tensor.size() / width)][width];
    try (Workspace host = Workspace.host(backend.real())) {
      Tensor copy = host.real(tensor.shape());
      backend.copy(tensor, copy);
      for (int i = 0; i < rows.length; i++) {
        for (int k = 0; k < width; k++) {
          rows[i][k] = copy.get((long) i * width + k);
        }
      }
    }
    return rows;
  }

  /**
   * What came out.
   *
   * @param values [T][C] for each step and feature; of tokens [T][E]
   * @param output F(x)
   * @param baseline F(x')
   */
  @SuppressWarnings("ArrayRecordComponent") // made once and only read
  public record Attribution(double[][] values, double output, double baseline) {
    /** The sum of all. */
    public double sum() {
      double sum = 0;
      for (double step : steps()) {
        sum += step;
      }
      return sum;
    }

    /** The sum of each step [T]. */
    public double[] steps() {
      double[] sums = new double[values.length];
      for (int t = 0; t < sums.length; t++) {
        for (double value : values[t]) {
          sums[t] += value;
        }
      }
      return sums;
    }

    /** How far the sum is from F(x) - F(x'), as a share of it. */
    public double gap() {
      double change = output - baseline;
      return Math.abs(sum() - change) / Math.max(Math.abs(change), Double.MIN_NORMAL);
    }
  }

  /**
   * Attributes an output to features, from a baseline of zeros.
   *
   * @param x [T][C]
   * @param target the number of the output, from 0; where each step has an output, of the last
   */
  public Attribution of(double[][] x, int target) {
    return of(x, new double[x.length][x.length == 0 ? 0 : x[0].length], target);
  }

  /** Attributes an output to the embeddings of tokens, from a baseline of zeros. */
  public Attribution of(int[] tokens, int target) {
    if (!input.isTokens()) {
      throw new IllegalArgumentException("the model takes " + input + ", not tokens");
    }
    double[][] x = new double[tokens.length][];
    for (int t = 0; t < x.length; t++) {
      x[t] = table[Objects.checkIndex(tokens[t], table.length)];
    }
    return of(x, target);
  }

  /**
   * Attributes an output to features.
   *
   * @param x [T][C]
   * @param baseline [T][C] that means nothing, as zeros or a mean
   * @param target as for {@link #of(double[][], int)}
   */
  public Attribution of(double[][] x, double[][] baseline, int target) {
    int width = model.spec().input().width();
    if (x.length == 0 || baseline.length != x.length || x[0].length != width) {
      throw new IllegalArgumentException(
          "an input of %d steps and a baseline of %d; both must be of [T][%d]"
              .formatted(x.length, baseline.length, width));
    }
    Objects.checkIndex(target, output.width());
    int most = Math.min(AT_ONCE, parts);
    try (Plan plan =
            model.plan(PlanSpec.training(x.length, most).equalLengths().withInputGradient());
        Workspace host = Workspace.host(model.backend().real())) {
      Path path = new Path(plan, host, x, baseline, target);
      double[][] values = new double[x.length][width];
      for (int first = 0; first < parts; first += most) {
        int n = Math.min(most, parts - first);
        double[] shares = new double[n];
        for (int i = 0; i < n; i++) {
          shares[i] = (first + i + 0.5) / parts;
        }
        path.run(shares);
        path.addGradients(n, values);
      }
      for (int t = 0; t < x.length; t++) {
        for (int k = 0; k < width; k++) {
          values[t][k] *= (x[t][k] - baseline[t][k]) / parts;
        }
      }
      double last = path.run(1.0)[0];
      return new Attribution(values, last, path.run(0.0)[0]);
    }
  }

  /** Points between baseline and input, run as sequences of one batch. */
  private final class Path {
    private final Plan plan;
    private final Workspace host;
    private final double[][] x;
    private final double[][] baseline;
    private final int target;
    private final Backend backend = model.backend();

    Path(Plan plan, Workspace host, double[][] x, double[][] baseline, int target) {
      this.plan = plan;
      this.host = host;
      this.x = x;
      this.baseline = baseline;
      this.target = target;
    }

    /** Runs points at shares of the way and returns their outputs. */
    double[] run(double... shares) {
      int n = shares.length;
      int width = x[0].length;
      Tensor in = host.real(x.length, n, width);
      for (int t = 0; t < x.length; t++) {
        for (int i = 0; i < n; i++) {
          for (int k = 0; k < width; k++) {
            double value = baseline[t][k] + shares[i] * (x[t][k] - baseline[t][k]);
            in.set(((long) t * n + i) * width + k, value);
          }
        }
      }
      backend.copy(in, plan.input().view(0, x.length, n, width));
      plan.resetState();
      plan.forward(x.length, n);
      long[] shape = output.shape(plan.outputTime(), n);
      Tensor out = host.real(shape);
      backend.copy(plan.output().view(0, shape), out);
      double[] outputs = new double[n];
      for (int i = 0; i < n; i++) {
        outputs[i] = out.get(place(out, n, i));
      }
      return outputs;
    }

    /** Where the output looked at lies: in the last rows. */
    private long place(Tensor out, int n, int sequence) {
      long rows = out.size() / output.width();
      return (rows - n + sequence) * output.width() + target;
    }

    /** Adds the gradients of the points just run. */
    void addGradients(int n, double[][] values) {
      long[] shape = output.shape(plan.outputTime(), n);
      Tensor seed = host.real(shape);
      for (int i = 0; i < n; i++) {
        seed.set(place(seed, n, i), 1);
      }
      backend.copy(seed, Objects.requireNonNull(plan.outputGradient()).view(0, shape));
      plan.backward();
      int width = x[0].length;
      Tensor gradient = host.real(x.length, n, width);
      Tensor made = Objects.requireNonNull(plan.inputGradient());
      backend.copy(made.view(0, x.length, n, width), gradient);
      for (int t = 0; t < x.length; t++) {
        for (int i = 0; i < n; i++) {
          for (int k = 0; k < width; k++) {
            values[t][k] += gradient.get(((long) t * n + i) * width + k);
          }
        }
      }
    }
  }

  /** Frees its copy of the parameters. */
  @Override
  public void close() {
    model.close();
  }
}
