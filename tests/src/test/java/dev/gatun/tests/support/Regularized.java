package dev.gatun.tests.support;

import dev.gatun.backend.Cell;
import dev.gatun.backend.Regularization;
import java.util.ArrayList;
import java.util.List;

/** What each cell can be regularised with. */
public final class Regularized {
  private Regularized() {}

  /** Each kind alone, then all at once. */
  public static List<Regularization> kinds(Cell cell) {
    Regularization none = Regularization.NONE;
    List<Regularization> kinds = new ArrayList<>();
    kinds.add(none.withZoneout(0, 0.3));
    kinds.add(none.withVariational(0.4, 0));
    kinds.add(none.withVariational(0, 0.4));
    kinds.add(none.withDropConnect(0.5));
    if (gated(cell)) {
      kinds.add(Regularization.LAYER_NORM);
      kinds.add(none.withRecurrentDropout(0.4));
    }
    if (cell.hasCellState()) {
      kinds.add(none.withZoneout(0.4, 0));
    }
    kinds.add(all(cell));
    return kinds;
  }

  /** All kinds at once. */
  public static Regularization all(Cell cell) {
    return new Regularization(
        gated(cell), cell.hasCellState() ? 0.3 : 0, 0.2, 0.25, 0.3, gated(cell) ? 0.35 : 0, 0.4);
  }

  private static boolean gated(Cell cell) {
    return cell == Cell.LSTM || cell == Cell.GRU;
  }
}
