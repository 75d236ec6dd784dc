package dev.gatun.backend.cuda;

import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.bindings.Settings;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import org.jspecify.annotations.Nullable;

/**
 * How cuDNN computes a stack. {@link #SMALL_H} keeps recurrent weights on the chip; it is chosen
 * only if {@code gatun.cudnn.algorithm} ({@code GATUN_CUDNN_ALGORITHM}) is {@code auto}, by
 * PyTorch's rule, until both have been measured on a device. The two differ in their last bits.
 */
public enum RnnAlgorithm {
  /** Products by cuBLAS; takes every stack. */
  STANDARD(cudnn_h.CUDNN_RNN_ALGO_STANDARD()),
  /** For few units: no projection, sequences of one length. */
  SMALL_H(cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H());

  private static final String SETTING = "gatun.cudnn.algorithm";

  private final int code;

  RnnAlgorithm(int code) {
    this.code = code;
  }

  /** {@code cudnnRNNAlgo_t}. */
  int code() {
    return code;
  }

  /**
   * What to compute a stack with.
   *
   * @param ragged whether sequences may differ in length
   * @throws IllegalArgumentException if the setting is neither {@code standard} nor {@code auto}
   */
  static RnnAlgorithm choose(RecurrentSpec spec, Mode mode, boolean ragged, int capability) {
    @Nullable String setting = Settings.get(SETTING);
    if (setting == null || setting.equals("standard")) {
      return STANDARD;
    }
    if (!setting.equals("auto")) {
      throw new IllegalArgumentException(
          "%s is \"%s\": it must be standard or auto".formatted(Settings.source(SETTING), setting));
    }
    boolean possible = spec.projectionSize() == 0 && !ragged && capability >= 60;
    return possible && spec.hiddenSize() <= most(spec.cell(), mode) ? SMALL_H : STANDARD;
  }

  /** The units up to which PyTorch takes it, forward and in training also backward. */
  private static int most(Cell cell, Mode mode) {
    boolean gated = cell == Cell.LSTM || cell == Cell.GRU;
    return mode == Mode.INFERENCE ? (gated ? 192 : 384) : (gated ? 128 : 256);
  }
}
