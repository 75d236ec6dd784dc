package dev.gatun.train;

import dev.gatun.data.BatchLayout;
import dev.gatun.data.TargetKind;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.Signal;

/** Whether data has the shapes that a model and its loss take, asked before anything runs. */
final class DataFit {
  private DataFit() {}

  /**
   * Compares layouts.
   *
   * @param which "training" or "validation"
   * @throws IllegalArgumentException naming what the data has and what would be right
   */
  static void check(String which, BatchLayout data, Model model, Loss loss) {
    Signal input = model.spec().input();
    boolean sameWidth = input.isTokens() || data.features() == input.width();
    if (data.isTokens() != input.isTokens() || !sameWidth) {
      throw new IllegalArgumentException(
          "the %s data has %s, the model takes %s"
              .formatted(
                  which,
                  data.isTokens() ? "tokens [T, N]" : "features [T, N, " + data.features() + "]",
                  input));
    }
    if (model.spec().decodes() != (data.targets() == TargetKind.DECODED)) {
      throw new IllegalArgumentException(
          model.spec().decodes()
              ? "the model decodes sequences and the %s data has none: make it with Examples' decoded"
                  .formatted(which)
              : "the %s data has sequences to decode and the model has no decoder: SequenceToSequence"
                  .formatted(which));
    }
    Signal target = loss.target(model.spec().output());
    TargetKind kind = data.targets();
    boolean sameColumns = !kind.isReal() || data.targetColumns() == target.width();
    boolean sameKind =
        (kind == TargetKind.LABELS) == target.isLabels() && kind.isReal() == target.isFeatures();
    if (!sameKind || kind.perStep() != target.perStep() || !sameColumns) {
      throw new IllegalArgumentException(
          "the %s data has targets %s, the model and its loss take %s"
              .formatted(which, shown(kind, data.targetColumns()), shown(target)));
    }
  }

  private static String shown(TargetKind kind, int columns) {
    String rows = kind.perStep() ? "T, N" : "N";
    if (kind == TargetKind.LABELS) {
      return "sequences of labels [N]";
    }
    return kind.isReal() ? "values [%s, %d]".formatted(rows, columns) : "classes [" + rows + "]";
  }

  private static String shown(Signal target) {
    String rows = target.perStep() ? "T, N" : "N";
    if (target.isLabels()) {
      return "sequences of labels [N]";
    }
    return target.isTokens()
        ? "classes [" + rows + "]"
        : "values [%s, %d]".formatted(rows, target.width());
  }
}
