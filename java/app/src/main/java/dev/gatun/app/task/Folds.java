package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.FoldKeys;
import dev.gatun.app.config.FoldKeys.Kind;
import dev.gatun.app.config.Names;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.search.Splits;
import dev.gatun.data.Range;
import dev.gatun.data.Split;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The fold of a cross-validation that a configuration names: training and validation part are
 * divided anew, the test part stays as it is.
 */
final class Folds {
  private Folds() {}

  /** Whether a configuration names one. */
  static boolean given(Config config) {
    return config.get(FoldKeys.KIND) != Kind.NONE;
  }

  /**
   * A fold of rows that follow one another.
   *
   * @param parts as they are without folds
   * @param reach rows before a first target that its window and horizon reach over; the gap, where
   *     none is given
   * @return the parts themselves without a fold
   */
  static Split blocked(Config config, Split parts, int reach) {
    if (!given(config)) {
      return parts;
    }
    if (config.get(FoldKeys.KIND) != Kind.BLOCKED) {
      throw config.error(
          FoldKeys.KIND,
          "%s; rows that follow one another are validated after those trained on; give blocked"
              .formatted(Names.of(config.get(FoldKeys.KIND))));
    }
    int rows = parts.test().from();
    int most = config.get(FoldKeys.TRAIN_ROWS);
    int gap = config.get(FoldKeys.GAP);
    try {
      Splits.Block block =
          Splits.blocks(
                  rows, config.get(FoldKeys.COUNT), gap < 0 ? reach : gap, most == 0 ? rows : most)
              .get(number(config));
      return new Split(
          new Range(block.trainFrom(), block.trainTo()),
          new Range(block.testFrom(), block.testTo()),
          parts.test());
    } catch (IllegalArgumentException e) {
      throw config.error(
          FoldKeys.COUNT,
          "%d; %s; give fewer folds or a smaller gap"
              .formatted(config.get(FoldKeys.COUNT), e.getMessage()));
    }
  }

  private static int number(Config config) {
    int number = config.get(FoldKeys.NUMBER);
    if (number > config.get(FoldKeys.COUNT)) {
      throw config.error(
          FoldKeys.NUMBER,
          "%d; there are %d folds; give 1 to %d"
              .formatted(number, config.get(FoldKeys.COUNT), config.get(FoldKeys.COUNT)));
    }
    return number - 1;
  }

  /**
   * Examples in an order, and the parts as ranges of it.
   *
   * @param order those of training first, then validation, then test
   */
  record Parts(List<Integer> order, Split split) {
    /** All in their own order. */
    static Parts inOrder(int examples, Split split) {
      return new Parts(IntStream.range(0, examples).boxed().toList(), split);
    }
  }

  /**
   * A fold of examples that have no order.
   *
   * @param parts as they are without folds
   * @param classes of each example; empty: they have none
   * @param names of classes
   * @return the parts themselves without a fold
   */
  static Parts drawn(Config config, Parts parts, int[] classes, List<String> names) {
    if (!given(config)) {
      return parts;
    }
    Kind kind = config.get(FoldKeys.KIND);
    if (kind == Kind.BLOCKED || (kind == Kind.STRATIFIED && classes.length == 0)) {
      throw config.error(
          FoldKeys.KIND,
          kind == Kind.BLOCKED
              ? "blocked; examples have no order in time; give k-fold"
                  + (classes.length == 0 ? "" : " or stratified")
              : "stratified; examples have no class, one for each; give k-fold");
    }
    List<Integer> both = parts.order().subList(0, parts.split().test().from());
    int[] labels =
        classes.length == 0
            ? new int[both.size()]
            : both.stream().mapToInt(example -> classes[example]).toArray();
    List<Splits.Split> all = splits(config, kind, labels);
    if (classes.length > 0) {
      all.forEach(split -> checkClasses(config, split, labels, names));
    }
    Splits.Split fold = all.get(number(config));
    List<Integer> order = new ArrayList<>();
    fold.train().forEach(i -> order.add(both.get(i)));
    fold.test().forEach(i -> order.add(both.get(i)));
    order.addAll(parts.order().subList(both.size(), parts.order().size()));
    Split split =
        new Split(
            new Range(0, fold.train().size()),
            new Range(fold.train().size(), both.size()),
            parts.split().test());
    return new Parts(order, split);
  }

  private static List<Splits.Split> splits(Config config, Kind kind, int[] labels) {
    int count = config.get(FoldKeys.COUNT);
    long seed = config.get(TrainKeys.SEED);
    try {
      return kind == Kind.STRATIFIED
          ? Splits.stratified(labels, count, seed)
          : Splits.kFold(labels.length, count, seed);
    } catch (IllegalArgumentException e) {
      throw config.error(
          FoldKeys.COUNT, "%d; %s; give fewer folds".formatted(count, e.getMessage()));
    }
  }

  /** A class that is only validated cannot be learnt. */
  private static void checkClasses(
      Config config, Splits.Split split, int[] labels, List<String> names) {
    boolean[] trained = new boolean[names.size()];
    split.train().forEach(i -> trained[labels[i]] = true);
    for (int i : split.test()) {
      if (!trained[labels[i]]) {
        throw config.error(
            FoldKeys.KIND,
            "%s; a fold leaves class %s nothing to train on; give more of it%s"
                .formatted(
                    Names.of(config.get(FoldKeys.KIND)),
                    names.get(labels[i]),
                    config.get(FoldKeys.KIND) == Kind.K_FOLD ? ", or stratified" : ""));
      }
    }
  }
}
