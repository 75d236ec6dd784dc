package dev.gatun.app.tune;

import dev.gatun.app.config.FoldKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.TuneChoice;
import dev.gatun.app.config.TuneSection;
import dev.gatun.app.search.Domain;
import dev.gatun.app.search.GaussianProcessSearch;
import dev.gatun.app.search.Goal;
import dev.gatun.app.search.GridSearch;
import dev.gatun.app.search.MedianPruner;
import dev.gatun.app.search.Parameter;
import dev.gatun.app.search.Pruner;
import dev.gatun.app.search.QuasiRandomSearch;
import dev.gatun.app.search.RandomSearch;
import dev.gatun.app.search.Space;
import dev.gatun.app.search.Strategy;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.SuccessiveHalving;
import dev.gatun.app.search.TreeParzenSearch;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.task.Task;
import dev.gatun.data.BatchSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** From the section {@code tune:} to a space of the search library, and back to settings. */
final class TuneSpace {
  /** A range that something depends on becomes a list of its values, up to so many. */
  private static final int MOST_VALUES = 1000;

  static final String LOSS = "validation_loss";

  /** Objectives that a trial's reports say nothing of. */
  private static final List<String> UNREPORTED = List.of("parameters", "step_seconds");

  /** What trials are compared on: the same for all. */
  private static final Set<String> SHARED =
      Set.of(
          "data.type",
          "data.path",
          "data.rows",
          "data.validation",
          "data.test",
          "train.device",
          "train.threads");

  private final Space space;

  /** Whether a measure has to be reported for an objective. */
  private final boolean measured;

  private TuneSpace(Space space, boolean measured) {
    this.space = space;
    this.measured = measured;
  }

  /** The space of a section. */
  static TuneSpace of(TuneSection section) {
    List<Parameter> parameters = new ArrayList<>();
    for (TuneSection.Range range : section.ranges()) {
      if (SHARED.contains(range.key()) || range.key().startsWith("data.fold.")) {
        throw new InputException(
            "%s: tune.space: %s is the same for all trials, which are compared on the same data and"
                    .formatted(section.file(), range.key())
                + " device; give it outside tune.space");
      }
      boolean parent =
          section.ranges().stream().anyMatch(other -> range.key().equals(other.parent()));
      String needs = range.parent();
      Parameter.@Nullable Condition condition =
          needs == null ? null : new Parameter.Condition(needs, List.copyOf(range.parentValues()));
      parameters.add(new Parameter(range.key(), domain(range, parent), condition));
    }
    try {
      boolean measured = section.goals().keySet().stream().anyMatch(TuneSpace::isMeasure);
      TuneSpace space = new TuneSpace(Space.of(parameters), measured);
      space.checkWays(section);
      return space;
    } catch (IllegalArgumentException e) {
      throw new InputException(section.file() + ": tune.space: " + e.getMessage(), e);
    }
  }

  /** Whether an objective is a column of {@code metrics.csv} besides those of every run. */
  static boolean isMeasure(String goal) {
    return !goal.equals(LOSS) && !UNREPORTED.contains(goal);
  }

  /** What each report tells the pruner and the charts: the one objective, if it has reports. */
  static String reported(Collection<String> objectives) {
    String first = objectives.iterator().next();
    return objectives.size() == 1 && isMeasure(first) ? first : LOSS;
  }

  /** What the table of a trial's folds has: the objectives, and what is reported. */
  static List<String> columns(TuneSection section) {
    Set<String> names = new LinkedHashSet<>(section.goals().keySet());
    names.add(reported(section.goals().keySet()));
    return List.copyOf(names);
  }

  private static Domain domain(TuneSection.Range range, boolean parent) {
    if (!range.values().isEmpty()) {
      return new Domain.Choice(List.copyOf(range.values()));
    }
    if (range.whole() && parent && range.high() - range.low() < MOST_VALUES) {
      List<Object> values = new ArrayList<>();
      for (long value = (long) range.low(); value <= range.high(); value++) {
        values.add(Long.toString(value));
      }
      return new Domain.Choice(values);
    }
    return range.whole()
        ? new Domain.Whole((long) range.low(), (long) range.high(), range.log())
        : new Domain.Real(range.low(), range.high(), range.log());
  }

  /** The space. */
  Space space() {
    return space;
  }

  /** A study of it, to be given its log and opened. */
  Study.Builder study(TuneSection section) {
    Goal[] goals =
        section.goals().values().stream()
            .map(large -> large ? Goal.MAXIMIZE : Goal.MINIMIZE)
            .toArray(Goal[]::new);
    return Study.of(space)
        .strategy(strategy(section.strategy()))
        .pruner(pruner(section.pruner()))
        .goals(goals)
        .seed(section.seed());
  }

  private static Strategy strategy(TuneChoice<TuneSection.Strategies> choice) {
    return switch (choice.name()) {
      case GRID -> new GridSearch(choice.number("points"));
      case RANDOM -> new RandomSearch();
      case QUASI_RANDOM -> new QuasiRandomSearch();
      case TPE -> new TreeParzenSearch(choice.number("startup"));
      case GAUSSIAN_PROCESS -> new GaussianProcessSearch(choice.number("startup"));
    };
  }

  private static Pruner pruner(TuneChoice<TuneSection.Pruners> choice) {
    return switch (choice.name()) {
      case NONE -> Pruner.NONE;
      case MEDIAN -> new MedianPruner(choice.number("startup"), choice.number("warmup"));
      case ASHA -> new SuccessiveHalving(choice.number("first"), choice.number("reduction"));
    };
  }

  /** What neither the strategy nor the pruner is made for. */
  private void checkWays(TuneSection section) {
    try {
      strategy(section.strategy()).check(space, section.goals().size());
    } catch (IllegalArgumentException e) {
      throw section.strategy().error(String.valueOf(e.getMessage()));
    }
    if (section.pruner().name() == TuneSection.Pruners.NONE) {
      return;
    }
    if (section.goals().size() > 1) {
      throw section
          .pruner()
          .error("trials of several objectives are not stopped early; give one objective, or none");
    }
    String goal = section.goals().keySet().iterator().next();
    if (UNREPORTED.contains(goal)) {
      throw section
          .pruner()
          .error(goal + " does not change while a trial runs; give another objective, or none");
    }
  }

  /** The values of a trial as for {@code --set}. */
  Map<String, String> settings(Map<String, Object> values) {
    Map<String, String> settings = searched(values);
    if (measured) {
      settings.putIfAbsent("train.report_metrics", "true");
    }
    return settings;
  }

  /** As text. */
  static Map<String, String> searched(Map<String, Object> values) {
    Map<String, String> settings = new LinkedHashMap<>();
    values.forEach((key, value) -> settings.put(key, value.toString()));
    return settings;
  }

  /** The values of a trial as for {@code --set}. */
  Map<String, String> settings(TrialRecord trial) {
    return settings(space.values(trial.codes()));
  }

  /**
   * Checks before the first trial what no trial could mend.
   *
   * @throws InputException if the data has no validation part to compare trials on
   */
  void check(Setup setup) {
    // The first fold has the fewest rows to train on.
    int first = setup.section().folds().name() == FoldKeys.Kind.NONE ? 0 : 1;
    Task task = Task.of(setup.config(first, Map.of()));
    try (BatchSource _ = task.training();
        BatchSource validation = task.validation()) {
      if (validation == null) {
        throw new InputException(
            "%s: gatun tune compares trials on validation data; give data.validation"
                .formatted(setup.section().file()));
      }
    }
  }
}
