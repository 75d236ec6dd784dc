package dev.gatun.backend.cuda;

import dev.gatun.backend.SettingException;
import dev.gatun.bindings.Settings;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How our own kernels go through the steps of a layer. The setting {@code gatun.cuda.cells} ({@code
 * GATUN_CUDA_CELLS}) names one. They differ in their last bits.
 */
public enum CellSteps {
  /** A product by cuBLAS and kernels of the cell for each step; takes every stack. */
  STEPWISE,
  /** One kernel for all steps, where {@link PersistentShape#obstacle} names nothing against it. */
  PERSISTENT;

  private static final String SETTING = "gatun.cuda.cells";

  /** What the setting calls it. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * What the setting asks for: {@link #STEPWISE} without one.
   *
   * @throws SettingException if it is unknown
   */
  static CellSteps setting() {
    @Nullable String setting = Settings.get(SETTING);
    if (setting == null) {
      return STEPWISE;
    }
    for (CellSteps steps : values()) {
      if (steps.label().equals(setting)) {
        return steps;
      }
    }
    String labels =
        Arrays.stream(values()).map(CellSteps::label).collect(Collectors.joining(" or "));
    throw new SettingException(
        "%s is \"%s\": it must be %s".formatted(Settings.source(SETTING), setting, labels));
  }
}
