package dev.gatun.optim;

import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.model.Parameter;
import dev.gatun.model.ParameterSet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a rule is applied.
 *
 * @param maxNorm the largest norm of all gradients together, or positive infinity for no clipping
 * @param place where moments are and the rule is applied
 * @param decayAll whether the rule's penalty is on biases and the gains of normalisation too; by
 *     default it is on matrices alone
 * @param groups with their own factors; the first that has a parameter counts
 * @param constraints penalties, and what gradients and parameters are held within
 * @param lazyRows matrices of whose rows only those are updated that have a gradient, moments and
 *     penalties too; null: none
 */
public record UpdateOptions(
    double maxNorm,
    Place place,
    boolean decayAll,
    List<ParameterGroup> groups,
    Constraints constraints,
    @Nullable Pattern lazyRows) {
  /** No clipping, on the device, no groups. */
  public static final UpdateOptions DEFAULT =
      new UpdateOptions(
          Double.POSITIVE_INFINITY, Place.DEVICE, false, List.of(), Constraints.NONE, null);

  /** Checks the norm. */
  public UpdateOptions {
    Objects.requireNonNull(place, "place");
    Objects.requireNonNull(constraints, "constraints");
    groups = List.copyOf(groups);
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException(
          "the norm to clip at, " + maxNorm + ", must be above 0 (infinity: no clipping)");
    }
  }

  /** The same with another norm to clip at. */
  public UpdateOptions withMaxNorm(double norm) {
    return new UpdateOptions(norm, place, decayAll, groups, constraints, lazyRows);
  }

  /** The same in another place. */
  public UpdateOptions withPlace(Place where) {
    return new UpdateOptions(maxNorm, where, decayAll, groups, constraints, lazyRows);
  }

  /** The same with the penalty on every parameter, as PyTorch has it. */
  public UpdateOptions decayingAll() {
    return new UpdateOptions(maxNorm, place, true, groups, constraints, lazyRows);
  }

  /** The same with one more group. */
  public UpdateOptions withGroup(ParameterGroup group) {
    List<ParameterGroup> more = new ArrayList<>(groups);
    more.add(group);
    return new UpdateOptions(maxNorm, place, decayAll, more, constraints, lazyRows);
  }

  /** The same with other penalties and limits. */
  public UpdateOptions with(Constraints other) {
    return new UpdateOptions(maxNorm, place, decayAll, groups, other, lazyRows);
  }

  /**
   * The same with matrices that are updated by rows: rows without a gradient, as of tokens that did
   * not occur, stay as they are, with their moments. Rules without moments and penalties give what
   * they give otherwise; the others differ as PyTorch's SparseAdam does from Adam. Not for LAMB.
   *
   * @param glob as {@code embedding.weight}; {@code *} stands for any letters
   */
  public UpdateOptions withLazyRows(String glob) {
    Pattern names = ParameterGroup.of(glob, 1, 1).names();
    return new UpdateOptions(maxNorm, place, decayAll, groups, constraints, names);
  }

  /** Elements of a row of a parameter that is updated by rows, else 0. */
  private int row(Parameter parameter) {
    boolean lazy =
        lazyRows != null
            && lazyRows.matcher(parameter.name()).matches()
            && parameter.value().rank() == 2;
    return lazy ? Math.toIntExact(parameter.value().dim(1)) : 0;
  }

  /** The group of a parameter; null if it has none. */
  @Nullable ParameterGroup group(Parameter parameter) {
    for (ParameterGroup group : groups) {
      if (group.has(parameter.name())) {
        return group;
      }
    }
    return null;
  }

  /** What is multiplied with the rate of a parameter; 0: it is frozen. */
  double rate(Parameter parameter) {
    ParameterGroup group = group(parameter);
    return group == null ? 1 : group.rate();
  }

  /** What is multiplied with penalties on a parameter. */
  double decay(Parameter parameter) {
    ParameterGroup group = group(parameter);
    return group != null ? group.decay() : decayAll || parameter.value().rank() > 1 ? 1 : 0;
  }

  /**
   * Checks that every group and {@link #lazyRows} have a parameter, and that no penalty of {@link
   * #constraints} is on one that is updated by rows: it would give every row a gradient.
   *
   * @throws IllegalArgumentException naming what has none and all parameters, or the penalized one
   */
  public void check(ParameterSet parameters) {
    for (ParameterGroup group : groups) {
      if (parameters.list().stream().noneMatch(p -> group.has(p.name()))) {
        throw none("parameter", group.names(), parameters);
      }
    }
    if (lazyRows != null && parameters.list().stream().noneMatch(p -> row(p) > 0)) {
      throw none("matrix", lazyRows, parameters);
    }
    for (Parameter parameter : parameters.list()) {
      if (constraints.penalizes()
          && row(parameter) > 0
          && rate(parameter) > 0
          && decay(parameter) > 0) {
        throw new IllegalArgumentException(
            "%s is updated by rows, and l1 and l2 would give every row a gradient: leave them out,"
                    .formatted(parameter.name())
                + " use the rule's weight decay, or a group without decay");
      }
    }
  }

  private static IllegalArgumentException none(
      String what, Pattern names, ParameterSet parameters) {
    return new IllegalArgumentException(
        "no %s is named as %s; there are %s"
            .formatted(
                what,
                ParameterGroup.shown(names),
                String.join(", ", parameters.list().stream().map(Parameter::name).toList())));
  }

  /** Every parameter that is not frozen. */
  List<UpdatePart> parts(ParameterSet parameters, UpdateRule rule) {
    check(parameters);
    List<UpdatePart> parts = new ArrayList<>();
    for (Parameter parameter : parameters.list()) {
      double rate = rate(parameter);
      if (rate > 0 && parameter.value().size() > 0) {
        double decay = rule.weightDecay() == 0 ? 1 : decay(parameter); // so that parts join
        long size = parameter.value().size();
        parts.add(new UpdatePart(parameter.offset(), size, rate, decay, row(parameter)));
      }
    }
    // A backend's layout may have its parameters in another order than their list.
    parts.sort(Comparator.comparingLong(UpdatePart::offset));
    return parts;
  }
}
