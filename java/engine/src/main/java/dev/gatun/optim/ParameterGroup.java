package dev.gatun.optim;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Parameters that are updated in their own way.
 *
 * @param names whose whole names match this
 * @param rate what the rate is multiplied with; 0 freezes them: they are left as they are and count
 *     nothing in the norm
 * @param decay what penalties are multiplied with
 * @param maxNorm the largest norm of all gradients of the group together, infinity for any
 */
public record ParameterGroup(Pattern names, double rate, double decay, double maxNorm) {
  /** Checks the factors. */
  public ParameterGroup {
    Objects.requireNonNull(names, "names");
    if (!(rate >= 0 && rate <= Double.MAX_VALUE && decay >= 0 && decay <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "rate %s and decay %s must be finite and at least 0".formatted(rate, decay));
    }
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException(
          "the norm to clip a group at, " + maxNorm + ", must be above 0 (infinity: none)");
    }
  }

  /** Without a norm of its own. */
  public ParameterGroup(Pattern names, double rate, double decay) {
    this(names, rate, decay, Double.POSITIVE_INFINITY);
  }

  /** The same with its gradients clipped at a norm, apart from all others. */
  public ParameterGroup clippedAt(double norm) {
    return new ParameterGroup(names, rate, decay, norm);
  }

  /** Whether it has a norm of its own. */
  boolean clips() {
    return maxNorm < Double.POSITIVE_INFINITY && rate > 0;
  }

  /**
   * A group by a name in which {@code *} stands for any letters.
   *
   * @param glob as {@code embedding.*}
   */
  public static ParameterGroup of(String glob, double rate, double decay) {
    String regex = "\\Q" + glob.replace("*", "\\E.*\\Q") + "\\E";
    return new ParameterGroup(Pattern.compile(regex), rate, decay);
  }

  /** A pattern of {@link #of} as it was given, any other as it is. */
  static String shown(Pattern names) {
    String regex = names.pattern();
    return regex.startsWith("\\Q") && regex.endsWith("\\E")
        ? regex.substring(2, regex.length() - 2).replace("\\E.*\\Q", "*")
        : regex;
  }

  /** Whether a parameter belongs to it. */
  public boolean has(String name) {
    return names.matcher(name).matches();
  }
}
