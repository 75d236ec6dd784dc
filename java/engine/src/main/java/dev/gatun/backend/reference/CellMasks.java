package dev.gatun.backend.reference;

import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.backend.Regularization;

/** The random factors of a stack's cells, element by element: see {@link Regularization.Mask}. */
final class CellMasks {
  private final RecurrentSpec spec;
  private final Regularization rates;
  private final boolean training;
  private final MaskKey[] keys;
  private final long[] counters;

  /** The recurrent weights, where a mask is applied to them. */
  private final WeightView[] dropped;

  private int n;

  CellMasks(RecurrentSpec spec, Mode mode, MaskKey[] keys) {
    this.spec = spec;
    this.keys = keys;
    rates = spec.regularization();
    training = mode == Mode.TRAINING;
    counters = new long[keys.length];
    dropped =
        spec.weights().stream()
            .filter(view -> training && rates.dropConnect() > 0)
            .filter(view -> view.weight() == Weight.RECURRENT)
            .toArray(WeightView[]::new);
  }

  /** Reads the step for a call with {@code batch} sequences. */
  void begin(int batch) {
    n = batch;
    for (int layer = 0; training && layer < counters.length; layer++) {
      counters[layer] = keys[layer].counterHigh();
    }
  }

  private boolean keeps(Regularization.Mask mask, int layer, int direction, long e, double rate) {
    return Mask.keeps(keys[layer].seed(), counters[layer], mask.first(direction) + e, rate);
  }

  /** The factor of inverted dropout: 1 outside training. */
  private double factor(Regularization.Mask mask, int layer, int direction, long e, double rate) {
    if (!training || rate == 0) {
      return 1;
    }
    return keeps(mask, layer, direction, e, rate) ? 1 / (1 - rate) : 0;
  }

  /** How much of a new value zoneout takes: 1 or 0, in evaluation the expectation. */
  private double fresh(Regularization.Mask mask, int layer, int direction, long e, double rate) {
    if (!training || rate == 0) {
      return 1 - rate;
    }
    return keeps(mask, layer, direction, e, rate) ? 1 : 0;
  }

  /** The factor of one feature of a layer's input. */
  double input(int layer, int sequence, int feature) {
    long e = (long) sequence * spec.inputSize(layer) + feature;
    return factor(Regularization.Mask.INPUT, layer, 0, e, rates.variationalInput());
  }

  /** Sets the factors of one step of one sequence. */
  void fill(Step step, int layer, int direction, int time, int sequence) {
    int out = spec.stateSize();
    int size = spec.hiddenSize();
    long row = (long) time * n + sequence;
    for (int k = 0; k < out; k++) {
      step.stateMask[k] =
          factor(
              Regularization.Mask.STATE,
              layer,
              direction,
              (long) sequence * out + k,
              rates.variationalHidden());
      step.freshState[k] =
          fresh(
              Regularization.Mask.STATE_ZONEOUT,
              layer,
              direction,
              row * out + k,
              rates.zoneoutHidden());
    }
    for (int k = 0; k < size; k++) {
      long e = row * size + k;
      step.candidateMask[k] =
          factor(Regularization.Mask.CANDIDATE, layer, direction, e, rates.recurrentDropout());
      step.freshCell[k] =
          fresh(Regularization.Mask.CELL_ZONEOUT, layer, direction, e, rates.zoneoutCell());
    }
  }

  /** Multiplies a block laid out as the weights with the mask of the recurrent ones. */
  void connections(double[] block) {
    for (WeightView view : dropped) {
      int from = Math.toIntExact(view.offset());
      for (int e = 0; e < view.size(); e++) {
        block[from + e] *=
            factor(
                Regularization.Mask.CONNECTION,
                view.layer(),
                view.direction(),
                e,
                rates.dropConnect());
      }
    }
  }

  /** The weights that the cells see: {@code plain} with the mask of the recurrent ones. */
  void connections(double[] plain, double[] masked) {
    System.arraycopy(plain, 0, masked, 0, plain.length);
    connections(masked);
  }
}
