package dev.gatun.optim;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.backend.WeightOperations;
import dev.gatun.model.Parameter;
import dev.gatun.model.ParameterSet;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/** {@link Constraints} and the norms of groups, on the tensors that an update works on. */
final class ConstraintWork implements AutoCloseable {
  /** Parameters with a penalty of their own. */
  private record Penalized(Tensor values, Tensor gradients, double l1, double l2) {}

  /**
   * A group that is clipped.
   *
   * @param gradients of its members
   * @param gathered where they are put side by side to be measured
   * @param places the members' parts of that
   */
  private record Clipped(
      double maxNorm,
      List<Tensor> gradients,
      Tensor gathered,
      List<Tensor> places,
      Tensor control,
      Tensor factor) {}

  private final Constraints constraints;
  private final double maxNorm;
  private final Backend worker;
  private final WeightOperations weights;
  private final Tensor allGradients;
  private final Tensor control;
  private final Tensor penalty;
  private final Tensor factor;

  /** The scalars of what is left after cutting, for the norm of all. */
  private final Tensor cut;

  private final Tensor cutFactor;
  private final Penalized[] penalized;
  private final Clipped[] clipped;
  private final Tensor[] cutValues;
  private final Tensor[] cutRows;

  /**
   * Works on an update's tensors.
   *
   * @param workspace in the worker's memory, closed by the caller
   */
  ConstraintWork(
      ParameterSet parameters,
      UpdateOptions options,
      Backend worker,
      Workspace workspace,
      Tensor values,
      Tensor gradients,
      Tensor control) {
    constraints = options.constraints();
    maxNorm = options.maxNorm();
    this.worker = worker;
    allGradients = gradients;
    this.control = control;
    penalty = control.view(Control.PENALTY, 1);
    factor = control.view(Control.FACTOR, 1);
    cut = workspace.tensor(DType.F64, Control.SIZE);
    cutFactor = cut.view(Control.FACTOR, 1);
    List<Penalized> penalties = new ArrayList<>();
    List<Tensor> held = new ArrayList<>();
    List<Tensor> rows = new ArrayList<>();
    for (Parameter parameter : parameters.list()) {
      if (options.rate(parameter) == 0 || parameter.value().size() == 0) {
        continue;
      }
      Tensor value = values.view(parameter.offset(), parameter.value().shape());
      Tensor gradient = gradients.view(parameter.offset(), parameter.value().shape());
      double share = options.decay(parameter);
      if (share > 0) {
        penalties.add(
            new Penalized(value, gradient, constraints.l1() * share, constraints.l2() * share));
      }
      held.add(value);
      if (value.rank() == 2) {
        rows.add(value);
      }
    }
    penalized = constraints.penalizes() ? penalties.toArray(Penalized[]::new) : new Penalized[0];
    cutValues =
        constraints.weightValue() < Double.POSITIVE_INFINITY
            ? held.toArray(Tensor[]::new)
            : new Tensor[0];
    cutRows =
        constraints.rowNorm() < Double.POSITIVE_INFINITY
            ? rows.toArray(Tensor[]::new)
            : new Tensor[0];
    clipped = groups(parameters, options, workspace, gradients);
    weights = worker.weights();
  }

  /** Whether there is anything to do. */
  static boolean needed(UpdateOptions options) {
    return !options.constraints().equals(Constraints.NONE)
        || options.groups().stream().anyMatch(ParameterGroup::clips);
  }

  private static Clipped[] groups(
      ParameterSet parameters, UpdateOptions options, Workspace workspace, Tensor gradients) {
    List<Clipped> all = new ArrayList<>();
    for (ParameterGroup group : options.groups()) {
      List<Tensor> members = new ArrayList<>();
      long size = 0;
      for (Parameter parameter : parameters.list()) {
        if (group.clips() && group.equals(options.group(parameter))) {
          members.add(gradients.view(parameter.offset(), parameter.value().size()));
          size += parameter.value().size();
        }
      }
      if (members.isEmpty()) {
        continue;
      }
      Tensor gathered = workspace.real(size);
      List<Tensor> places = new ArrayList<>();
      long at = 0;
      for (Tensor member : members) {
        places.add(gathered.view(at, member.size()));
        at += member.size();
      }
      Tensor scalars = workspace.tensor(DType.F64, Control.SIZE);
      all.add(
          new Clipped(
              group.maxNorm(),
              members,
              gathered,
              places,
              scalars,
              scalars.view(Control.FACTOR, 1)));
    }
    return all.toArray(Clipped[]::new);
  }

  /** Adds penalties, measures the gradients and cuts them; sets the factor of what is left. */
  void prepare() {
    if (constraints.penalizes()) {
      worker.fill(penalty, 0);
      for (Penalized part : penalized) {
        weights.penalize(part.values, part.gradients, part.l1, part.l2, penalty);
      }
    }
    worker.prepareUpdate(allGradients, maxNorm, control);
    boolean byValue = constraints.gradientValue() < Double.POSITIVE_INFINITY;
    if (byValue) {
      weights.clamp(allGradients, constraints.gradientValue());
    }
    for (Clipped group : clipped) {
      for (int i = 0; i < group.gradients.size(); i++) { // an iterator would be an object
        worker.copy(group.gradients.get(i), group.places.get(i));
      }
      worker.prepareUpdate(group.gathered, group.maxNorm, group.control);
      for (int i = 0; i < group.gradients.size(); i++) {
        weights.scale(group.gradients.get(i), group.factor);
      }
    }
    if (maxNorm < Double.POSITIVE_INFINITY && (byValue || clipped.length > 0)) {
      worker.prepareUpdate(allGradients, maxNorm, cut);
      worker.copy(cutFactor, factor);
    }
  }

  /** Cuts the parameters. */
  void finish() {
    for (Tensor values : cutValues) {
      weights.clamp(values, constraints.weightValue());
    }
    for (Tensor rows : cutRows) {
      weights.limitRows(rows, constraints.rowNorm());
    }
  }

  @Override
  public void close() {
    weights.close();
  }
}
