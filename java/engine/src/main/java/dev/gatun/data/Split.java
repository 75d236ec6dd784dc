package dev.gatun.data;

/**
 * A series or text cut by time: training first, then validation, then test, so that nothing later
 * is ever trained on. Rows between two parts are left out.
 *
 * @param training the earliest rows
 * @param validation the rows after them; may be empty
 * @param test the latest rows; may be empty
 */
public record Split(Range training, Range validation, Range test) {
  /** Checks that the parts follow one another. */
  public Split {
    if (training.size() == 0
        || validation.from() < training.to()
        || test.from() < validation.to()) {
      throw new IllegalArgumentException(
          "training %s, validation %s and test %s must follow one another, training not empty"
              .formatted(training, validation, test));
    }
  }

  /**
   * Cuts by shares; training gets the rest.
   *
   * @param rows how many there are
   * @param validation share of validation, 0 to below 1
   * @param test share of test, 0 to below 1
   * @throws IllegalArgumentException if a share is wrong, a wanted part would be empty, or nothing
   *     is left to train on
   */
  public static Split fractions(int rows, double validation, double test) {
    if (!(validation >= 0 && test >= 0 && validation + test < 1)) {
      throw new IllegalArgumentException(
          "shares of validation %s and test %s must be at least 0 and sum to less than 1"
              .formatted(validation, test));
    }
    int validationRows = (int) Math.round(rows * validation);
    int testRows = (int) Math.round(rows * test);
    if ((validation > 0 && validationRows == 0) || (test > 0 && testRows == 0)) {
      throw new IllegalArgumentException(
          "%d rows are too few for shares of validation %s and test %s: a part would be empty"
              .formatted(rows, validation, test));
    }
    return counts(rows, rows - validationRows - testRows, validationRows, testRows);
  }

  /**
   * Cuts by numbers of rows from the start; rows beyond the three parts are left out.
   *
   * @param rows how many there are
   * @throws IllegalArgumentException if a part is negative, training is empty, or there are too few
   *     rows
   */
  public static Split counts(int rows, int training, int validation, int test) {
    if (training < 1 || validation < 0 || test < 0) {
      throw new IllegalArgumentException(
          "rows for training, validation and test must be at least 1, 0 and 0, got %d, %d and %d"
              .formatted(training, validation, test));
    }
    long sum = (long) training + validation + test;
    if (sum > rows) {
      throw new IllegalArgumentException(
          "%d + %d + %d = %d rows wanted, but there are %d"
              .formatted(training, validation, test, sum, rows));
    }
    int second = training + validation;
    return new Split(
        new Range(0, training), new Range(training, second), new Range(second, second + test));
  }
}
