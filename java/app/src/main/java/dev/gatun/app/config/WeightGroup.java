package dev.gatun.app.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * An entry of {@code train.groups}.
 *
 * @param parameters names, with * for any letters
 * @param rate what the rate is multiplied with
 * @param decay what penalties are multiplied with
 * @param clip the largest norm of the group's gradients; 0: no limit
 */
public record WeightGroup(String parameters, double rate, double decay, double clip) {
  private static final Set<String> NAMES = Set.of("parameters", "rate", "decay", "clip");

  static Type<List<WeightGroup>> type() {
    return new Type<>(
        "a list of {parameters: NAME, rate: FACTOR, decay: FACTOR, clip: NORM}, where * in a name"
            + " stands for any letters, the factors are at least 0 and 1 if left out, and clip 0"
            + " is no limit",
        WeightGroup::read,
        groups ->
            groups.stream().map(WeightGroup::written).collect(Collectors.joining(", ", "[", "]")));
  }

  private static Optional<List<WeightGroup>> read(Node node) {
    List<Node> items = node instanceof Node.Sequence sequence ? sequence.items() : List.of(node);
    List<WeightGroup> groups = new ArrayList<>();
    for (Node item : items) {
      Optional<WeightGroup> group =
          item instanceof Node.Section section ? of(section) : Optional.empty();
      if (group.isEmpty()) {
        return Optional.empty();
      }
      groups.add(group.get());
    }
    return Optional.of(List.copyOf(groups));
  }

  private static Optional<WeightGroup> of(Node.Section section) {
    Node.Entry entry = section.entries().get("parameters");
    if (!NAMES.containsAll(section.entries().keySet())
        || entry == null
        || !(entry.value() instanceof Node.Scalar name)
        || name.text().isBlank()) {
      return Optional.empty();
    }
    return number(section, "rate", 1)
        .flatMap(
            rate ->
                number(section, "decay", 1)
                    .flatMap(
                        decay ->
                            number(section, "clip", 0)
                                .map(
                                    clip ->
                                        new WeightGroup(name.text().strip(), rate, decay, clip))));
  }

  private static Optional<Double> number(Node.Section section, String name, double otherwise) {
    Node.Entry entry = section.entries().get(name);
    return entry == null
        ? Optional.of(otherwise)
        : Type.number(Interval.atLeast(0)).reader().apply(entry.value());
  }

  private String written() {
    return "{parameters: \"%s\", rate: %s, decay: %s, clip: %s}"
        .formatted(parameters, Type.shortest(rate), Type.shortest(decay), Type.shortest(clip));
  }
}
