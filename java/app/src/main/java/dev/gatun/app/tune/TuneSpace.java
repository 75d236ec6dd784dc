package dev.gatun.app.tune;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.TuneSection;
import dev.gatun.app.search.Domain;
import dev.gatun.app.search.Goal;
import dev.gatun.app.search.Parameter;
import dev.gatun.app.search.RandomSearch;
import dev.gatun.app.search.Space;
import dev.gatun.app.search.Strategy;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.task.Task;
import dev.gatun.data.BatchSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** From the section {@code tune:} to a space of the search library, and back to settings. */
final class TuneSpace {
  /** A range that something depends on becomes a list of its values, up to so many. */
  private static final int MOST_VALUES = 1000;

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
      boolean parent =
          section.ranges().stream().anyMatch(other -> range.key().equals(other.parent()));
      String needs = range.parent();
      Parameter.@Nullable Condition condition =
          needs == null ? null : new Parameter.Condition(needs, List.copyOf(range.parentValues()));
      parameters.add(new Parameter(range.key(), domain(range, parent), condition));
    }
    try {
      boolean measured =
          section.goals().keySet().stream()
              .anyMatch(
                  name -> !List.of("validation_loss", "parameters", "step_seconds").contains(name));
      return new TuneSpace(Space.of(parameters), measured);
    } catch (IllegalArgumentException e) {
      throw new InputException(section.file() + ": tune.space: " + e.getMessage(), e);
    }
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
    return Study.of(space).strategy(strategy(section)).goals(goals).seed(section.seed());
  }

  private static Strategy strategy(TuneSection section) {
    return switch (section.strategy()) {
      case RANDOM -> new RandomSearch();
    };
  }

  /** The values of a trial as for {@code --set}. */
  Map<String, String> settings(Map<String, Object> values) {
    Map<String, String> settings = new LinkedHashMap<>();
    values.forEach((key, value) -> settings.put(key, value.toString()));
    if (measured) {
      settings.putIfAbsent("train.report_metrics", "true");
    }
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
  void check(TuneSection section, List<String> overrides, List<Config.Option> options) {
    Config config = section.config(overrides, options, Map.of());
    Task task = Task.of(config);
    try (BatchSource validation = task.validation()) {
      if (validation == null) {
        throw new InputException(
            "%s: gatun tune compares trials on validation data; give data.validation"
                .formatted(Objects.requireNonNull(section.file())));
      }
    }
  }
}
