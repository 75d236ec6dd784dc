package dev.gatun.app.config;

import java.util.List;

/** Which fold of a cross-validation a run is. {@code gatun tune} sets them. */
public final class FoldKeys {
  /** How training and validation part are divided into folds. */
  public enum Kind {
    NONE,
    K_FOLD,
    STRATIFIED,
    BLOCKED
  }

  private static final int MOST = Integer.MAX_VALUE;
  private static final int MOST_FOLDS = 1000;

  public static final Key<Kind> KIND =
      Key.of(
              "data.fold.name",
              Type.oneOf(Kind.class),
              Kind.NONE,
              "train on a fold of training and validation part together; k-fold, stratified: examples"
                  + " drawn by train.seed, of each class alike; blocked: rows, validated after those"
                  + " trained on")
          .knownAs("cross_validation", "cv", "folds");

  public static final Key<Integer> COUNT =
      Key.of("data.fold.count", Type.whole(2, MOST_FOLDS), 5, "folds")
          .when(KIND, Kind.K_FOLD, Kind.STRATIFIED, Kind.BLOCKED)
          .knownAs("n_splits");

  public static final Key<Integer> NUMBER =
      Key.of("data.fold.number", Type.whole(1, MOST_FOLDS), 1, "the fold that is validated")
          .when(KIND, Kind.K_FOLD, Kind.STRATIFIED, Kind.BLOCKED);

  public static final Key<Integer> GAP =
      Key.of(
              "data.fold.gap",
              Type.whole(-1, MOST),
              -1,
              "rows left out before those validated; -1: so many that no window of them holds a row"
                  + " trained on")
          .when(KIND, Kind.BLOCKED);

  public static final Key<Integer> TRAIN_ROWS =
      Key.of(
              "data.fold.train_rows",
              Type.whole(0, MOST),
              0,
              "rows to train on at most, the last before the gap; 0: all")
          .when(KIND, Kind.BLOCKED)
          .knownAs("max_train_size");

  static final List<Key<?>> ALL = List.of(KIND, COUNT, NUMBER, GAP, TRAIN_ROWS);

  private FoldKeys() {}
}
