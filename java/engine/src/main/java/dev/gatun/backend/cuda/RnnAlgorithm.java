package dev.gatun.backend.cuda;

import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentAlgorithms;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.SettingException;
import dev.gatun.bindings.Settings;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How cuDNN computes a stack. The setting {@code gatun.cudnn.algorithm} ({@code
 * GATUN_CUDNN_ALGORITHM}) names one; {@code auto} takes {@link #SMALL_H} by PyTorch's rule, {@code
 * measured} what {@link StackChoices} finds. The standard one is the default until they have been
 * measured on a device. They differ in their last bits.
 *
 * <p>The persistent ones keep recurrent weights on the chip. They have no projection and take
 * sequences of one length only, up to {@link RnnDescriptor#MOST_STEPS}; batches of different
 * lengths are the standard one's, and so is what cuDNN says it does not support.
 */
public enum RnnAlgorithm {
  /** Products by cuBLAS; takes every stack. */
  STANDARD("standard", cudnn_h.CUDNN_RNN_ALGO_STANDARD()),
  /** For few units. */
  SMALL_H("small-h", cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H()),
  /** One kernel for all steps, compiled with cuDNN. */
  PERSIST_STATIC("persist-static", cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC()),
  /** One kernel for all steps, compiled by NVRTC for each number of sequences. */
  PERSIST_DYNAMIC("persist-dynamic", cudnn_h.CUDNN_RNN_ALGO_PERSIST_DYNAMIC());

  private static final String SETTING = "gatun.cudnn.algorithm";
  private static final String MEASURED = "measured";

  private final String label;
  private final int code;

  RnnAlgorithm(String label, int code) {
    this.label = label;
    this.code = code;
  }

  /** {@code cudnnRNNAlgo_t}. */
  int code() {
    return code;
  }

  /** What the setting calls it. */
  String label() {
    return label;
  }

  /**
   * What to compute a stack with, unless it is {@link #measured}.
   *
   * @param maxTime the plan's most steps
   * @throws SettingException if the setting is unknown, or names an algorithm that cannot compute
   *     this stack
   */
  static RnnAlgorithm set(RecurrentSpec spec, Mode mode, int maxTime, int capability) {
    @Nullable String setting = Settings.get(SETTING);
    if (setting == null) {
      return STANDARD;
    }
    RnnAlgorithm algorithm = named(setting);
    if (algorithm == null) {
      boolean plain = SMALL_H.obstacle(spec, maxTime) == null && spec.options().clip() == 0;
      boolean possible = plain && capability >= 60;
      return possible && spec.hiddenSize() <= most(spec.cell(), mode) ? SMALL_H : STANDARD;
    }
    @Nullable String obstacle = algorithm.obstacle(spec, maxTime);
    if (obstacle != null) {
      throw new SettingException(
          "%s is \"%s\", but %s: choose standard or auto"
              .formatted(Settings.source(SETTING), setting, obstacle));
    }
    return algorithm;
  }

  /**
   * Whether what computes a stack is to be measured.
   *
   * @param wanted where the setting says nothing
   */
  static boolean measured(RecurrentAlgorithms wanted) {
    @Nullable String setting = Settings.get(SETTING);
    return setting == null ? wanted == RecurrentAlgorithms.MEASURED : setting.equals(MEASURED);
  }

  /**
   * Checks the setting before there is a stack.
   *
   * @throws SettingException if it is unknown
   */
  static void checkSetting() {
    @Nullable String setting = Settings.get(SETTING);
    if (setting != null && !setting.equals(MEASURED)) {
      named(setting);
    }
  }

  /** What a setting names; null for auto. */
  private static @Nullable RnnAlgorithm named(String setting) {
    if (setting.equals("auto")) {
      return null;
    }
    for (RnnAlgorithm algorithm : values()) {
      if (algorithm.label.equals(setting)) {
        return algorithm;
      }
    }
    String labels =
        Arrays.stream(values()).map(RnnAlgorithm::label).collect(Collectors.joining(", "));
    throw new SettingException(
        "%s is \"%s\": it must be auto, measured or one of %s"
            .formatted(Settings.source(SETTING), setting, labels));
  }

  /** Why it can never compute a stack; null if it may. */
  @Nullable String obstacle(RecurrentSpec spec, int maxTime) {
    if (this == STANDARD) {
      return null;
    }
    if (spec.projectionSize() > 0) {
      return "this LSTM projects h to %d, which that algorithm cannot"
          .formatted(spec.projectionSize());
    }
    return maxTime > RnnDescriptor.MOST_STEPS
        ? "sequences have up to %d steps and that algorithm takes %d"
            .formatted(maxTime, RnnDescriptor.MOST_STEPS)
        : null;
  }

  /** The units up to which PyTorch takes it, forward and in training also backward. */
  private static int most(Cell cell, Mode mode) {
    boolean gated = cell == Cell.LSTM || cell == Cell.GRU;
    return mode == Mode.INFERENCE ? (gated ? 192 : 384) : (gated ? 128 : 256);
  }
}
