package dev.gatun.app.search;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One parameter of a space.
 *
 * @param name its name
 * @param domain its values
 * @param condition when it is there; null: always
 */
public record Parameter(String name, Domain domain, @Nullable Condition condition) {
  /**
   * A parameter is there when another one is and has one of these values.
   *
   * @param parent the other's name
   * @param values some of its values
   */
  public record Condition(String parent, List<Object> values) {
    public Condition {
      values = List.copyOf(values);
    }
  }

  @Override
  public String toString() {
    return name
        + ": "
        + domain
        + (condition == null ? "" : " when " + condition.parent() + " is " + condition.values());
  }
}
