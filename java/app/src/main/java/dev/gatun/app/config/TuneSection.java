package dev.gatun.app.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code tune:} of a configuration: what {@code gatun tune} searches, and how. {@code
 * gatun check} checks it; all other commands leave it alone.
 *
 * @param file the configuration
 * @param strategy how trials are chosen
 * @param pruner when they are stopped early
 * @param folds of a cross-validation that each trial is
 * @param trials of the whole study; of a grid all its points, unless given
 * @param jobs trials at a time
 * @param seed of the study
 * @param goals whether each objective is to be large (true) or small, by its name
 * @param ranges what is searched, each after those that it depends on
 */
public record TuneSection(
    Path file,
    TuneChoice<Strategies> strategy,
    TuneChoice<Pruners> pruner,
    TuneChoice<FoldKeys.Kind> folds,
    int trials,
    int jobs,
    long seed,
    Map<String, Boolean> goals,
    List<Range> ranges) {
  /** Its name. */
  static final String NAME = "tune";

  /** Each has a thread and a backend of its own. */
  public static final int MOST_JOBS = 1024;

  private static final List<String> KEYS =
      List.of("strategy", "pruner", "folds", "trials", "jobs", "seed", "objectives", "space");

  /** Objectives that nobody wants large. */
  private static final Pattern SMALL =
      Pattern.compile(
          "parameters|step_seconds|.*(loss|mae|mse|smape|error|error_rate|perplexity|distance)");

  /** How trials are chosen. */
  public enum Strategies {
    GRID,
    RANDOM,
    QUASI_RANDOM,
    TPE,
    GAUSSIAN_PROCESS
  }

  /** When trials are stopped early. */
  public enum Pruners {
    NONE,
    MEDIAN,
    ASHA
  }

  private static final List<TuneChoice.Count<Strategies>> STRATEGY_NUMBERS =
      List.of(
          new TuneChoice.Count<>("points", atLeast(1), 5, Set.of(Strategies.GRID)),
          new TuneChoice.Count<>(
              "startup", atLeast(2), 10, Set.of(Strategies.TPE, Strategies.GAUSSIAN_PROCESS)));

  private static final List<TuneChoice.Count<Pruners>> PRUNER_NUMBERS =
      List.of(
          new TuneChoice.Count<>("first", atLeast(1), 1, Set.of(Pruners.ASHA)),
          new TuneChoice.Count<>("reduction", atLeast(2), 3, Set.of(Pruners.ASHA)),
          new TuneChoice.Count<>("startup", atLeast(1), 5, Set.of(Pruners.MEDIAN)),
          new TuneChoice.Count<>("warmup", atLeast(0), 0, Set.of(Pruners.MEDIAN)));

  private static final List<TuneChoice.Count<FoldKeys.Kind>> FOLD_NUMBERS =
      List.of(
          fold(
              FoldKeys.COUNT,
              FoldKeys.Kind.K_FOLD,
              FoldKeys.Kind.STRATIFIED,
              FoldKeys.Kind.BLOCKED),
          fold(FoldKeys.GAP, FoldKeys.Kind.BLOCKED),
          fold(FoldKeys.TRAIN_ROWS, FoldKeys.Kind.BLOCKED));

  private static TuneChoice.Count<FoldKeys.Kind> fold(Key<Integer> key, FoldKeys.Kind... of) {
    return new TuneChoice.Count<>(
        key.name(), key.type(), Objects.requireNonNull(key.fallback()), Set.of(of));
  }

  private static Type<Integer> atLeast(int least) {
    return Type.whole(least, Integer.MAX_VALUE);
  }

  /**
   * The values of one key.
   *
   * @param key its path
   * @param whole whether they are whole numbers; only of a range
   * @param log whether their logarithm is spread evenly
   * @param low the least; NaN if values are listed
   * @param high the largest
   * @param values as they are written; empty of a range
   * @param parent the key that it depends on; null: none
   * @param parentValues the parent's values with which it is there
   */
  public record Range(
      String key,
      boolean whole,
      boolean log,
      double low,
      double high,
      List<String> values,
      @Nullable String parent,
      List<String> parentValues) {}

  /** Whether a file has a section with something to search: what a study leaves has its seed. */
  public static boolean isIn(Path file) {
    Node.Entry entry = YamlReader.file(file).entries().get(NAME);
    return entry != null
        && !(entry.value() instanceof Node.Section section
            && section.entries().keySet().equals(Set.of("seed")));
  }

  /**
   * Reads it.
   *
   * @throws InputException if it is missing, or anything about it is wrong
   */
  public static TuneSection read(Path file) {
    Node.Entry entry = YamlReader.file(file).entries().get(NAME);
    if (entry == null || !(entry.value() instanceof Node.Section section)) {
      throw new InputException(
          (entry == null ? file.toString() : entry.where())
              + ": tune: missing; give a section with space: and the keys to search, as in"
              + " examples/tune.yaml");
    }
    known(section, KEYS, NAME);
    TuneChoice<Strategies> strategy =
        TuneChoice.read(section, "strategy", Strategies.RANDOM, STRATEGY_NUMBERS);
    return new TuneSection(
        file,
        strategy,
        TuneChoice.read(section, "pruner", Pruners.NONE, PRUNER_NUMBERS),
        TuneChoice.read(section, "folds", FoldKeys.Kind.NONE, FOLD_NUMBERS),
        value(
            section,
            "trials",
            Type.whole(1, Integer.MAX_VALUE),
            strategy.name() == Strategies.GRID ? Integer.MAX_VALUE : 20),
        value(section, "jobs", Type.whole(1, MOST_JOBS), 1),
        value(section, "seed", Type.seed(), 1L),
        goals(section.entries().get("objectives")),
        TuneRanges.read(section));
  }

  static void known(Node.Section section, List<String> valid, String path) {
    section
        .entries()
        .forEach(
            (name, entry) -> {
              if (!valid.contains(name)) {
                throw new InputException(
                    "%s: %s.%s: unknown key%nvalid keys in %s: %s"
                        .formatted(entry.where(), path, name, path, String.join(", ", valid)));
              }
            });
  }

  private static <T> T value(Node.Section section, String name, Type<T> type, T fallback) {
    Node.Entry entry = section.entries().get(name);
    return entry == null ? fallback : read(entry.where(), NAME + "." + name, entry.value(), type);
  }

  static <T> T read(String where, String path, Node node, Type<T> type) {
    return type.reader()
        .apply(node)
        .orElseThrow(
            () ->
                new InputException(
                    "%s: %s: %s; give %s".formatted(where, path, node.describe(), type.expects())));
  }

  private static Map<String, Boolean> goals(Node.@Nullable Entry entry) {
    Map<String, Boolean> goals = new LinkedHashMap<>();
    if (entry == null) {
      goals.put("validation_loss", false);
      return goals;
    }
    List<Node> items =
        entry.value() instanceof Node.Sequence many ? many.items() : List.of(entry.value());
    for (Node item : items) {
      if (item instanceof Node.Scalar one && !one.missing()) {
        add(goals, entry.where(), one.text().strip(), false);
      } else if (item instanceof Node.Section named && named.entries().size() == 1) {
        named
            .entries()
            .forEach(
                (name, goal) -> {
                  String text = goal.value() instanceof Node.Scalar s ? s.text().strip() : "";
                  if (!List.of("minimize", "maximize").contains(text)) {
                    throw wrongGoal(goal.where(), goal.value());
                  }
                  add(goals, goal.where(), name, text.equals("maximize"));
                });
      } else {
        throw wrongGoal(entry.where(), item);
      }
    }
    if (goals.isEmpty()) {
      throw wrongGoal(entry.where(), entry.value());
    }
    return goals;
  }

  private static void add(Map<String, Boolean> goals, String where, String name, boolean maximize) {
    if (maximize && SMALL.matcher(name).matches()) {
      throw new InputException(
          "%s: tune.objectives: %s is the better the smaller it is; leave maximize out"
              .formatted(where, name));
    }
    if (goals.put(name, maximize) != null) {
      throw new InputException(
          "%s: tune.objectives: %s twice; give each once".formatted(where, name));
    }
  }

  private static InputException wrongGoal(String where, Node node) {
    return new InputException(
        "%s: tune.objectives: %s; give validation_loss, parameters, step_seconds or a measure as"
                .formatted(where, node.describe())
            + " {validation_accuracy: maximize}, or a list of them");
  }

  /**
   * The configuration of a trial.
   *
   * @param overrides of the command line, which come first
   * @param fold from 1, of those of a cross-validation; 0: of none
   * @param values by key, as for {@code --set}
   * @throws InputException if they do not fit together
   */
  public Config config(
      List<String> overrides, List<Config.Option> options, int fold, Map<String, String> values) {
    List<String> all = new ArrayList<>(overrides);
    values.forEach((key, value) -> all.add(key + "=" + value));
    List<Config.Option> more = new ArrayList<>(options);
    if (fold > 0) {
      more.add(new Config.Option(folds.where(), FoldKeys.KIND, Names.of(folds.name())));
      more.add(new Config.Option(folds.where(), FoldKeys.NUMBER, Integer.toString(fold)));
      for (Key<Integer> key : List.of(FoldKeys.COUNT, FoldKeys.GAP, FoldKeys.TRAIN_ROWS)) {
        if (folds.numbers().containsKey(key.name())) {
          String number = Integer.toString(folds.number(key.name()));
          more.add(new Config.Option(folds.where(), key, number));
        }
      }
    }
    return Config.read(file, all, more);
  }

  /** The name of the file without its folder and ending. */
  public String title() {
    String name = Objects.requireNonNull(file.getFileName()).toString();
    return Optional.of(name.lastIndexOf('.'))
        .filter(d -> d > 0)
        .map(d -> name.substring(0, d))
        .orElse(name);
  }
}
