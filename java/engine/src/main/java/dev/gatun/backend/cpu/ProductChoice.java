package dev.gatun.backend.cpu;

import dev.gatun.bindings.Settings;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which engine computes each kind of large product. Its text is one word if all are the same, else
 * one for each kind with commas between, as {@code packed,openblas,openblas}. The two engines'
 * results differ in their last bits, so the choice is part of a run.
 *
 * @param forward of linear layers
 * @param inputGradient of linear layers
 * @param weightGradient of linear and recurrent layers
 */
public record ProductChoice(Engine forward, Engine inputGradient, Engine weightGradient) {
  /** Decides for every process that has it set. */
  public static final String SETTING = "gatun.products";

  /** What runs where nothing was measured, and ran before there was a choice. */
  public static final ProductChoice OPENBLAS = all(Engine.OPENBLAS);

  /** The other. */
  static final ProductChoice PACKED = all(Engine.PACKED);

  /** What computes. */
  public enum Engine {
    /** OpenBLAS. */
    OPENBLAS,

    /** Blocks on the tiles of the recurrent products. */
    PACKED
  }

  private static ProductChoice all(Engine engine) {
    return new ProductChoice(engine, engine, engine);
  }

  /** The choice of a text, or null if it is none. */
  public static @Nullable ProductChoice parse(String text) {
    String[] words = text.split(",", -1);
    @Nullable Engine forward = engine(words[0]);
    if (words.length == 1) {
      return forward == null ? null : all(forward);
    }
    @Nullable Engine input = words.length == 3 ? engine(words[1]) : null;
    @Nullable Engine weight = words.length == 3 ? engine(words[2]) : null;
    return forward == null || input == null || weight == null
        ? null
        : new ProductChoice(forward, input, weight);
  }

  private static @Nullable Engine engine(String word) {
    return switch (word) {
      case "openblas" -> Engine.OPENBLAS;
      case "packed" -> Engine.PACKED;
      default -> null;
    };
  }

  /**
   * What {@code gatun.products} asks for, or null if it is not set.
   *
   * @throws IllegalArgumentException if that is no choice
   */
  public static @Nullable ProductChoice set() {
    @Nullable String text = Settings.get(SETTING);
    if (text == null) {
      return null;
    }
    @Nullable ProductChoice choice = parse(text);
    if (choice == null) {
      throw new IllegalArgumentException(
          ("%s=%s: give openblas or packed, or one for each of forward, input gradient and weight"
                  + " gradient, as packed,openblas,openblas")
              .formatted(Settings.source(SETTING), text));
    }
    return choice;
  }

  /**
   * What a new context computes with: what is set, else what was measured on this machine, else
   * OpenBLAS.
   *
   * @throws IllegalArgumentException as {@link #set}
   */
  static ProductChoice ofMachine() {
    @Nullable ProductChoice set = set();
    if (set != null) {
      return set;
    }
    @Nullable Calibration measured = Calibration.stored();
    return measured == null ? OPENBLAS : measured.choice();
  }

  @Override
  public String toString() {
    if (equals(all(forward))) {
      return word(forward);
    }
    return word(forward) + "," + word(inputGradient) + "," + word(weightGradient);
  }

  private static String word(Engine engine) {
    return engine.name().toLowerCase(Locale.ROOT);
  }
}
