package dev.gatun.app.search;

import dev.gatun.app.search.Domain.Choice;
import dev.gatun.app.search.Domain.Real;
import dev.gatun.app.search.Domain.Whole;
import dev.gatun.app.search.Parameter.Condition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The parameters that a study chooses values of. Immutable: each method gives a space with one
 * parameter more.
 *
 * <p>A point of it is given as codes ({@link Domain}): by name, of those parameters that are there;
 * or as an array in the parameters' order, NaN for one that is not.
 */
public final class Space {
  private final List<Parameter> parameters;
  private final Map<String, Integer> indices = new LinkedHashMap<>();

  /** For each parameter which codes of its parent let it be there; empty where always. */
  private final List<boolean[]> open = new ArrayList<>();

  private Space(List<Parameter> parameters) {
    this.parameters = List.copyOf(parameters);
    for (Parameter parameter : this.parameters) {
      open.add(open(parameter));
      if (indices.putIfAbsent(parameter.name(), indices.size()) != null) {
        throw new IllegalArgumentException("the space has two parameters " + parameter.name());
      }
    }
  }

  private boolean[] open(Parameter parameter) {
    @Nullable Condition condition = parameter.condition();
    if (condition == null) {
      return new boolean[0];
    }
    @Nullable Integer parent = indices.get(condition.parent());
    if (parent == null) {
      throw new IllegalArgumentException(
          "%s depends on %s, which is no parameter before it; those are %s"
              .formatted(parameter.name(), condition.parent(), indices.keySet()));
    }
    if (!(parameters.get(parent).domain() instanceof Choice choice)) {
      throw new IllegalArgumentException(
          "%s depends on %s, which is no choice but %s"
              .formatted(parameter.name(), condition.parent(), parameters.get(parent).domain()));
    }
    boolean[] codes = new boolean[choice.options().size()];
    for (Object value : condition.values()) {
      codes[(int) choice.code(value)] = true;
    }
    return codes;
  }

  /** A space without parameters. */
  public static Space empty() {
    return new Space(List.of());
  }

  /**
   * A space of these parameters.
   *
   * @param parameters each after the one that it depends on
   * @throws IllegalArgumentException when two have one name, or a condition is of no choice before
   */
  public static Space of(List<Parameter> parameters) {
    return new Space(parameters);
  }

  /** With a real number, spread evenly from low to high. */
  public Space uniform(String name, double low, double high) {
    return with(new Parameter(name, new Real(low, high, false), null));
  }

  /** With a real number, its logarithm spread evenly from low, above 0, to high. */
  public Space logUniform(String name, double low, double high) {
    return with(new Parameter(name, new Real(low, high, true), null));
  }

  /** With a whole number from low to high, both among its values. */
  public Space integer(String name, long low, long high) {
    return with(new Parameter(name, new Whole(low, high, false), null));
  }

  /** With a whole number from low, above 0, to high, its logarithm spread evenly. */
  public Space logInteger(String name, long low, long high) {
    return with(new Parameter(name, new Whole(low, high, true), null));
  }

  /** With one of several options without an order. */
  public Space categorical(String name, Object... options) {
    return with(new Parameter(name, new Choice(List.of(options)), null));
  }

  /**
   * Makes the last parameter depend on another: it is there only when that one is and has one of
   * these values.
   *
   * @param parent the name of a choice before it
   */
  public Space when(String parent, Object... values) {
    if (parameters.isEmpty()) {
      throw new IllegalArgumentException("no parameter yet that could depend on " + parent);
    }
    List<Parameter> all = new ArrayList<>(parameters);
    Parameter last = all.removeLast();
    all.add(
        new Parameter(last.name(), last.domain(), new Condition(parent, Arrays.asList(values))));
    return new Space(all);
  }

  /** With this parameter. */
  public Space with(Parameter parameter) {
    List<Parameter> all = new ArrayList<>(parameters);
    all.add(parameter);
    return new Space(all);
  }

  /** In the order they were given. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /** How many parameters there are. */
  public int size() {
    return parameters.size();
  }

  /** Whether a parameter is there, given the codes of those before it. */
  boolean active(int parameter, double[] codes) {
    @Nullable Condition condition = parameters.get(parameter).condition();
    if (condition == null) {
      return true;
    }
    double parent = codes[index(condition.parent())];
    return !Double.isNaN(parent) && open.get(parameter)[(int) parent];
  }

  /** The same codes with NaN for parameters that are not there. */
  double[] masked(double[] codes) {
    double[] masked = codes.clone();
    for (int i = 0; i < masked.length; i++) {
      if (!active(i, masked)) {
        masked[i] = Double.NaN;
      } else if (Double.isNaN(masked[i])) {
        throw new IllegalArgumentException("no value for " + parameters.get(i));
      }
    }
    return masked;
  }

  /** The codes at places in [0, 1], one for each parameter. */
  double[] at(double[] places) {
    double[] codes = new double[places.length];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = active(i, codes) ? parameters.get(i).domain().at(places[i]) : Double.NaN;
    }
    return codes;
  }

  private int index(String name) {
    @Nullable Integer index = indices.get(name);
    if (index == null) {
      throw new IllegalArgumentException(
          "no parameter " + name + " in this space; there are " + indices.keySet());
    }
    return index;
  }

  /**
   * The codes of values.
   *
   * @param values of every parameter that is then there, and of no other
   * @throws IllegalArgumentException naming the value that is missing, too many or outside
   */
  public SequencedMap<String, Double> codes(Map<String, ?> values) {
    double[] codes = new double[size()];
    Arrays.fill(codes, Double.NaN);
    values.forEach(
        (name, value) -> {
          Domain domain = parameters.get(index(name)).domain();
          try {
            codes[index(name)] = domain.code(value);
          } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
          }
        });
    SequencedMap<String, Double> named = named(masked(codes));
    for (String name : values.keySet()) {
      if (!named.containsKey(name)) {
        throw new IllegalArgumentException(
            "not there with these values: " + parameters.get(index(name)));
      }
    }
    return named;
  }

  /** The values of codes: {@link Double}, {@link Long} or an option. */
  public SequencedMap<String, Object> values(Map<String, Double> codes) {
    SequencedMap<String, Object> values = new LinkedHashMap<>();
    for (Parameter parameter : parameters) {
      @Nullable Double code = codes.get(parameter.name());
      if (code != null) {
        values.put(parameter.name(), parameter.domain().value(code));
      }
    }
    return values;
  }

  /** Codes by name, without those that are not there. */
  SequencedMap<String, Double> named(double[] codes) {
    SequencedMap<String, Double> named = new LinkedHashMap<>();
    for (int i = 0; i < codes.length; i++) {
      if (!Double.isNaN(codes[i])) {
        named.put(parameters.get(i).name(), codes[i]);
      }
    }
    return named;
  }

  /** Codes in the parameters' order. */
  double[] array(Map<String, Double> codes) {
    double[] array = new double[size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = codes.getOrDefault(parameters.get(i).name(), Double.NaN);
    }
    return array;
  }

  /** Which parameters are choices. */
  boolean[] choices() {
    boolean[] choices = new boolean[size()];
    for (int i = 0; i < choices.length; i++) {
      choices[i] = parameters.get(i).domain() instanceof Choice;
    }
    return choices;
  }

  /**
   * A point for models: the place of a number, the code of a choice. A parameter that is not there
   * stands, as a number, in the middle, and as a choice apart from every option, as imputed by
   * Levesque et al. ("Bayesian Optimization for Conditional Hyperparameter Spaces", 2017): what
   * decides that it is not there differs too, and keeps the points apart.
   */
  double[] features(double[] codes) {
    boolean[] choices = choices();
    double[] features = new double[codes.length];
    for (int i = 0; i < codes.length; i++) {
      features[i] =
          Double.isNaN(codes[i])
              ? (choices[i] ? -1 : 0.5)
              : choices[i] ? codes[i] : parameters.get(i).domain().place(codes[i]);
    }
    return features;
  }

  /** A line for each parameter. Two spaces are the same when these are. */
  @Override
  public String toString() {
    return parameters.stream().map(Parameter::toString).collect(Collectors.joining("\n"));
  }
}
