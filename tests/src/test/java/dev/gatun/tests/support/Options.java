package dev.gatun.tests.support;

import dev.gatun.backend.CellOptions;
import dev.gatun.backend.Regularization;
import java.util.List;

/** What an LSTM's cell may have. */
public final class Options {
  /** Each alone, then both; the limit is one that about half of the units of these tests reach. */
  public static final List<CellOptions> KINDS =
      List.of(new CellOptions(true, 0), new CellOptions(false, 0.3), new CellOptions(true, 0.3));

  /** Every regularisation that such a cell can have. */
  public static final Regularization ALL =
      new Regularization(false, 0.3, 0.2, 0.25, 0.3, 0.35, 0.4);

  private Options() {}
}
