package dev.gatun.bench.peers;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.bench.StackData;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is computed and timed. Its text, {@code lstm L2 N32 T128 C128 H128 train}, is a benchmark's
 * parameter and a table's first column.
 *
 * @param spec the stack
 * @param batch N, 1 for a stream
 * @param time T; for a stream the steps of a check, each of which is timed alone
 * @param kind what of it
 */
record Work(RecurrentSpec spec, int batch, int time, Kind kind) {
  private static final Pattern TEXT =
      Pattern.compile(
          "(?<cell>[a-z-]+) L(?<l>\\d+) N(?<n>\\d+) T(?<t>\\d+) C(?<c>\\d+) H(?<h>\\d+)"
              + "( P(?<p>\\d+))? (?<kind>[a-z]+)");

  /** What of a stack is timed. */
  enum Kind {
    /** Forward over whole sequences, weights prepared before. */
    INFER,
    /** Weights prepared, forward and backward with dx and all weight gradients. */
    TRAIN,
    /** One step of one sequence from an array to an array, its state kept. */
    STREAM
  }

  /** Reads {@link #toString}. */
  static Work parse(String text) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "\"%s\" should be like \"lstm L1 N64 T50 C512 H512 train\"".formatted(text));
    }
    String projection = parts.group("p");
    RecurrentSpec spec =
        RecurrentSpec.of(
                Cell.valueOf(constant(parts.group("cell"))),
                Integer.parseInt(parts.group("c")),
                Integer.parseInt(parts.group("h")))
            .stacked(Integer.parseInt(parts.group("l")), 0)
            .projected(projection == null ? 0 : Integer.parseInt(projection));
    Kind kind = Kind.valueOf(constant(parts.group("kind")));
    int batch = Integer.parseInt(parts.group("n"));
    if (kind == Kind.STREAM && batch != 1) {
      throw new IllegalArgumentException("\"%s\": a stream is of N1".formatted(text));
    }
    return new Work(spec, batch, Integer.parseInt(parts.group("t")), kind);
  }

  private static String constant(String name) {
    return name.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  private static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The numbers to compute with, the same in every JVM. */
  StackData data() {
    return StackData.of(spec, time, batch);
  }

  @Override
  public String toString() {
    String projection = spec.projectionSize() == 0 ? "" : " P" + spec.projectionSize();
    return "%s L%d N%d T%d C%d H%d%s %s"
        .formatted(
            name(spec.cell()),
            spec.layers(),
            batch,
            time,
            spec.inputSize(),
            spec.hiddenSize(),
            projection,
            name(kind));
  }
}
