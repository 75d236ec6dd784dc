package dev.gatun.app.run;

import dev.gatun.app.config.InputException;
import dev.gatun.app.report.HeatMap;
import dev.gatun.app.task.PairTask;
import dev.gatun.app.task.Task;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Gates;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.explain.IntegratedGradients;
import dev.gatun.explain.IntegratedGradients.Attribution;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Pictures of what a trained model does with one example. */
public final class Explainer {
  private final Task task;
  private final Model model;

  /** The example: [T][C], or [T][1] with tokens. */
  private final double[][] x;

  private final String name;

  /**
   * Takes an example of the part that results are measured on.
   *
   * @param model trained
   * @param number of the example in the part, from 1
   * @throws InputException if there is no such example
   */
  public Explainer(Task task, Model model, int number) {
    this.task = task;
    this.model = model;
    name = "example %d of the %s part".formatted(number, task.measuredName());
    x = example(task, number);
  }

  private static double[][] example(Task task, int number) {
    int seen = 0;
    try (BatchSource source = task.measuring(task.measured());
        Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        if (number <= seen + batch.size()) {
          return sequence(batch, number - seen - 1);
        }
        seen += batch.size();
      }
    }
    throw new InputException(
        "--example %d: the %s part has %d examples; give 1 to %d"
            .formatted(number, task.measuredName(), seen, seen));
  }

  private static double[][] sequence(Batch batch, int n) {
    int time = batch.ragged() ? (int) batch.lengths().getLong(n) : batch.time();
    Tensor inputs = batch.inputs();
    boolean tokens = inputs.rank() == 2;
    int width = tokens ? 1 : (int) inputs.dim(-1);
    double[][] x = new double[time][width];
    for (int t = 0; t < time; t++) {
      for (int k = 0; k < width; k++) {
        long place = ((long) t * batch.size() + n) * width + k;
        x[t][k] = tokens ? inputs.getLong(place) : inputs.get(place);
      }
    }
    return x;
  }

  private boolean tokens() {
    return model.spec().input().isTokens();
  }

  private int[] ids() {
    return Arrays.stream(x).mapToInt(step -> (int) step[0]).toArray();
  }

  /** Names of columns: the example's steps, or numbers where convolutions have left fewer. */
  private List<String> steps(int count) {
    if (count != x.length) {
      return IntStream.rangeClosed(1, count).mapToObj(Integer::toString).toList();
    }
    List<String> names = new ArrayList<>();
    for (int t = 0; t < x.length; t++) {
      names.add(tokens() ? shown(task.token((int) x[t][0])) : Integer.toString(t + 1));
    }
    return names;
  }

  /** A token as a name: blanks can be seen. */
  static String shown(String token) {
    return token.isBlank() ? "\u2423" : token;
  }

  private void refusePairs(String what) {
    if (task instanceof PairTask) {
      throw new InputException(
          "--what %s: of a run that turns sequences into sequences only attention is drawn; give --what attention"
              .formatted(what));
    }
  }

  private interface Look<T> {
    T at(Plan plan);
  }

  /** Runs the example forward. */
  private <T> T run(Look<T> look) {
    Backend backend = model.backend();
    try (Plan plan = model.plan(PlanSpec.inference(x.length, 1).equalLengths());
        Workspace host = Workspace.host(backend.real())) {
      Tensor view = plan.input().view(0, model.spec().input().shape(x.length, 1));
      Tensor in = host.tensor(view.dtype(), view.shape());
      long place = 0;
      for (double[] step : x) {
        for (double value : step) {
          if (tokens()) {
            in.setLong(place++, (long) value);
          } else {
            in.set(place++, value);
          }
        }
      }
      backend.copy(in, view);
      plan.forward(x.length, 1);
      return look.at(plan);
    }
  }

  /**
   * What gates, cell state and output were at each step.
   *
   * @param layer from 1
   * @param units the first so many of each gate
   * @throws InputException if the model has no such layer, or decodes
   */
  public HeatMap gates(int layer, int units) {
    refusePairs("gates");
    List<Gates> all = run(Plan::gates);
    List<Gates> of = all.stream().filter(gates -> gates.layer() == layer - 1).toList();
    if (of.isEmpty()) {
      throw new InputException(
          "--layer %d: the model has %d recurrent layers"
              .formatted(layer, all.isEmpty() ? 0 : all.getLast().layer() + 1));
    }
    List<String> rows = new ArrayList<>();
    List<double[]> values = new ArrayList<>();
    for (Gates gates : of) {
      String suffix = gates.direction() == 0 ? "" : " reverse";
      List<String> names = Gates.names(gates.cell());
      for (int g = 0; g < names.size() && names.size() > 1; g++) {
        add(rows, values, names.get(g) + suffix, gates.gate(g), units);
      }
      add(rows, values, "c" + suffix, gates.c(), units);
      add(rows, values, "h" + suffix, gates.h(), units);
    }
    return new HeatMap(
            "Gates of layer %d: %s".formatted(layer, name),
            rows,
            steps(values.getFirst().length),
            values.toArray(double[][]::new))
        .labelled("gate and unit", "step");
  }

  private static void add(
      List<String> rows, List<double[]> values, String gate, double[][] of, int units) {
    for (int unit = 0; of.length > 0 && unit < Math.min(units, of[0].length); unit++) {
      double[] row = new double[of.length];
      for (int t = 0; t < row.length; t++) {
        row[t] = of[t][unit];
      }
      rows.add(gate + " " + (unit + 1));
      values.add(row);
    }
  }

  /**
   * Where the model's attention went: a row for each query, a column for each step. Of a decoder a
   * row is a token that it says, the last one the end.
   *
   * @throws InputException if it has none
   */
  public HeatMap attention() {
    if (task instanceof PairTask pairs) {
      return Alignment.of(pairs, model, ids(), steps(x.length), name);
    }
    double[][] weights = run(this::attention);
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      rows.add(weights.length == 1 ? "weight" : Integer.toString(i + 1));
    }
    return new HeatMap("Attention: " + name, rows, steps(weights[0].length), weights)
        .labelled("", "step");
  }

  private double[][] attention(Plan plan) {
    for (Map.Entry<String, Tensor> observed : plan.observed().entrySet()) {
      if (observed.getKey().endsWith(".weights")) {
        Tensor weights = observed.getValue();
        try (Workspace host = Workspace.host(model.backend().real())) {
          int queries = Math.toIntExact(weights.dim(0));
          // Dense for the sizes of the forward: one sequence of all steps that it sees.
          int steps = Math.toIntExact(weights.dim(2));
          Tensor copy = host.real(queries, 1, steps);
          model.backend().copy(weights.view(0, queries, 1, steps), copy);
          double[] flat = copy.toDoubles();
          double[][] rows = new double[queries][];
          for (int q = 0; q < queries; q++) {
            rows[q] = Arrays.copyOfRange(flat, q * steps, (q + 1) * steps);
          }
          return rows;
        }
      }
    }
    throw new InputException(
        "--what attention: the model has none; train one with model.readout: attention");
  }

  /** The number of the output that is largest at the end, for a model that tells classes. */
  public int largest() {
    refusePairs("attributions");
    return run(
        plan -> {
          int width = model.spec().output().width();
          long rows = model.spec().output().rows(plan.outputTime(), 1);
          try (Workspace host = Workspace.host(model.backend().real())) {
            Tensor out = host.real(rows, width);
            model.backend().copy(plan.output().view(0, rows, width), out);
            int best = 0;
            for (int k = 1; k < width; k++) {
              long last = (rows - 1) * width;
              best = out.get(last + k) > out.get(last + best) ? k : best;
            }
            return best;
          }
        });
  }

  /**
   * A map of attributions.
   *
   * @param map features (or the token) by steps
   * @param attribution what it is of
   */
  public record Attributed(HeatMap map, Attribution attribution) {}

  /**
   * What each input adds to an output, by integrated gradients from a baseline of zeros.
   *
   * @param target the number of the output, from 0
   * @param parts of the path
   */
  public Attributed attributions(int target, int parts) {
    refusePairs("attributions");
    try (IntegratedGradients gradients = new IntegratedGradients(model, parts)) {
      Attribution found = tokens() ? gradients.of(ids(), target) : gradients.of(x, target);
      double[][] values = tokens() ? new double[][] {found.steps()} : transposed(found.values());
      List<String> rows = new ArrayList<>(tokens() ? List.of("token") : task.inputNames());
      for (int k = rows.size(); k < values.length; k++) {
        rows.add("x" + (k + 1));
      }
      List<String> outputs = task.outputNames();
      String output = target < outputs.size() ? outputs.get(target) : Integer.toString(target);
      HeatMap map =
          new HeatMap(
                  "What adds to output %s: %s".formatted(output, name),
                  rows.subList(0, values.length),
                  steps(x.length),
                  values)
              .labelled("", "step (integrated gradients)");
      return new Attributed(map, found);
    }
  }

  private static double[][] transposed(double[][] values) {
    double[][] rows = new double[values[0].length][values.length];
    for (int t = 0; t < values.length; t++) {
      for (int k = 0; k < rows.length; k++) {
        rows[k][t] = values[t][k];
      }
    }
    return rows;
  }
}
