package dev.gatun.app.config;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How a key's value is read and written.
 *
 * @param expects what would be right, to follow "give"
 * @param reader empty if the node is no such value
 * @param writer YAML that reads back as the same value
 */
record Type<T>(
    String expects, Function<Node, Optional<T>> reader, Function<? super T, String> writer) {

  /** A whole number within two bounds. */
  static Type<Integer> whole(int least, int most) {
    String range =
        most == Integer.MAX_VALUE ? "of at least " + least : "from " + least + " to " + most;
    return new Type<>(
        "a whole number " + range,
        node -> wholeNumber(node).filter(x -> x >= least && x <= most).map(Math::toIntExact),
        String::valueOf);
  }

  /** Some whole numbers within two bounds, or one alone. */
  static Type<List<Integer>> wholes(int least, int most, int mostOfThem) {
    Type<Integer> one = whole(least, most);
    return new Type<>(
        "%s, or a list of 1 to %d of them".formatted(one.expects, mostOfThem),
        node -> {
          List<Node> items =
              node instanceof Node.Sequence sequence ? sequence.items() : List.of(node);
          List<Integer> numbers =
              items.stream().flatMap(i -> one.reader.apply(i).stream()).toList();
          boolean all = numbers.size() == items.size();
          return all && !numbers.isEmpty() && numbers.size() <= mostOfThem
              ? Optional.of(numbers)
              : Optional.empty();
        },
        list -> list.size() == 1 ? String.valueOf(list.getFirst()) : String.valueOf(list));
  }

  /** Any whole number of 64 bits. */
  static Type<Long> seed() {
    return new Type<>("a whole number", Type::wholeNumber, String::valueOf);
  }

  /** A number in an interval. */
  static Type<Double> number(Interval interval) {
    return new Type<>(
        "a number " + interval,
        node -> scalar(node).flatMap(Type::parseNumber).filter(interval::contains),
        Type::shortest);
  }

  /** Some numbers in an interval, or one alone. */
  static Type<List<Double>> numbers(Interval interval, int mostOfThem) {
    Type<Double> one = number(interval);
    return new Type<>(
        "%s, or a list of 1 to %d of them".formatted(one.expects, mostOfThem),
        node -> {
          List<Node> items =
              node instanceof Node.Sequence sequence ? sequence.items() : List.of(node);
          List<Double> numbers = items.stream().flatMap(i -> one.reader.apply(i).stream()).toList();
          boolean all = numbers.size() == items.size();
          return all && !numbers.isEmpty() && numbers.size() <= mostOfThem
              ? Optional.of(numbers)
              : Optional.empty();
        },
        list ->
            list.size() == 1
                ? shortest(list.getFirst())
                : list.stream().map(Type::shortest).collect(Collectors.joining(", ", "[", "]")));
  }

  /** true or false. */
  static Type<Boolean> flag() {
    return new Type<>(
        "true or false",
        node ->
            scalar(node)
                .filter(s -> s.equalsIgnoreCase("true") || s.equalsIgnoreCase("false"))
                .map(Boolean::parseBoolean),
        String::valueOf);
  }

  /** Some text. */
  static Type<String> text(String expects) {
    return new Type<>(expects, Type::anyScalar, Type::quoted);
  }

  /** One of an enumeration's constants, written in lower case with hyphens. */
  static <E extends Enum<E>> Type<E> oneOf(Class<E> kind) {
    return oneOf(Arrays.asList(kind.getEnumConstants()));
  }

  /** One of some constants, written in lower case with hyphens. */
  static <E extends Enum<E>> Type<E> oneOf(List<E> constants) {
    String names = constants.stream().map(Names::of).collect(Collectors.joining(", "));
    return new Type<>(
        (constants.size() == 1 ? "" : "one of ") + names,
        node ->
            scalar(node)
                .flatMap(s -> constants.stream().filter(e -> Names.of(e).equals(s)).findFirst()),
        Names::of);
  }

  /** A list of at least so many names, or one name alone. */
  static Type<List<String>> names(int least, String expects) {
    return new Type<>(
        expects,
        node -> nameList(node).filter(list -> list.size() >= least),
        list -> list.stream().map(Type::quoted).collect(Collectors.joining(", ", "[", "]")));
  }

  /** A file's path; {@link Config} resolves it against the configuration's folder. */
  static Type<Path> path(String expects) {
    return new Type<>(expects, node -> anyScalar(node).map(Path::of), p -> quoted(p.toString()));
  }

  /** Text as it is; an empty one only if it is quoted. */
  private static Optional<String> anyScalar(Node node) {
    return node instanceof Node.Scalar s && !s.missing() ? Optional.of(s.text()) : Optional.empty();
  }

  private static Optional<String> scalar(Node node) {
    return node instanceof Node.Scalar s && !s.missing() && !s.text().isBlank()
        ? Optional.of(s.text().strip())
        : Optional.empty();
  }

  private static Optional<Long> wholeNumber(Node node) {
    // BigDecimal reads 1e6 as well; longValueExact refuses fractions and overflow.
    return scalar(node)
        .flatMap(
            s -> {
              try {
                return Optional.of(new BigDecimal(s).longValueExact());
              } catch (ArithmeticException | NumberFormatException e) {
                return Optional.empty();
              }
            });
  }

  private static Optional<Double> parseNumber(String s) {
    return Numbers.read(s).stream().filter(Double::isFinite).boxed().findFirst();
  }

  private static Optional<List<String>> nameList(Node node) {
    if (!(node instanceof Node.Sequence sequence)) {
      return scalar(node).map(List::of);
    }
    List<String> names = new ArrayList<>();
    for (Node item : sequence.items()) {
      Optional<String> name = scalar(item);
      if (name.isEmpty() || names.contains(name.get())) {
        return Optional.empty();
      }
      names.add(name.get());
    }
    return Optional.of(List.copyOf(names));
  }

  /** The shortest text that reads back as the same number, without a needless ".0". */
  static String shortest(double x) {
    return x == Math.rint(x) && Math.abs(x) < 1e15 ? Long.toString((long) x) : Double.toString(x);
  }

  private static String quoted(String s) {
    return s.matches("[A-Za-z_/][A-Za-z0-9_./-]*")
        ? s
        : '"' + s.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
