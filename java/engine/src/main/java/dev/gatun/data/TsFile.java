package dev.gatun.data;

import dev.gatun.persist.FormatException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Sequences in the {@code .ts} format of the UEA and UCR archives (timeseriesclassification.com):
 * lines of {@code #} comments and {@code @} tags, then after {@code @data} one line for each
 * sequence: its dimensions between colons, the steps of each between commas, the class last. Steps
 * may differ in number from sequence to sequence, not from dimension to dimension. {@code ?} and
 * {@code NaN} are missing values, read as NaN.
 */
public final class TsFile {
  /** A sequence. */
  public static final class Sequence {
    private final double[][] values;
    private final String label;
    private final int line;

    private Sequence(double[][] values, String label, int line) {
      this.values = values;
      this.label = label;
      this.line = line;
    }

    /** Its numbers, [t][c]; NaN where missing. */
    public double[][] values() {
      return values;
    }

    /** Its class; empty where the file has none. */
    public String label() {
      return label;
    }

    /** Where it stands, from 1. */
    public int line() {
      return line;
    }
  }

  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private final String name;
  private final List<String> classes = new ArrayList<>();
  private final List<Sequence> sequences = new ArrayList<>();
  private boolean labelled;
  private boolean inData;
  private int dimensions;
  private int line;

  private TsFile(String name) {
    this.name = name;
  }

  /**
   * Reads a file.
   *
   * @throws FormatException naming the line that is wrong
   * @throws IOException if it cannot be read
   */
  public static TsFile read(Path file) throws IOException {
    TsFile ts = new TsFile(file.toString());
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        ts.line++;
        boolean marked = ts.line == 1 && text.startsWith(BYTE_ORDER_MARK);
        ts.line(marked ? text.substring(1).strip() : text.strip());
      }
    } catch (CharacterCodingException e) {
      throw new FormatException(file + ": not UTF-8 text; convert it, as with iconv -t UTF-8", e);
    }
    if (ts.sequences.isEmpty()) {
      throw new FormatException(
          file + ": no sequences; give a line @data, then one line for each sequence");
    }
    return ts;
  }

  /** The numbers of a step, C. */
  public int dimensions() {
    return dimensions;
  }

  /** The classes that the header lists, in its order; empty if there are none. */
  public List<String> classes() {
    return List.copyOf(classes);
  }

  /** Whether each sequence has a class. */
  public boolean labelled() {
    return labelled;
  }

  /** The sequences, in the file's order. */
  public List<Sequence> sequences() {
    return List.copyOf(sequences);
  }

  private FormatException wrong(String what) {
    return new FormatException(here(what));
  }

  private String here(String what) {
    return "%s:%d: %s".formatted(name, line, what);
  }

  private void line(String text) {
    if (text.isEmpty() || text.startsWith("#") || text.startsWith("%")) {
      return;
    }
    if (inData) {
      sequence(text);
    } else if (text.startsWith("@")) {
      tag(text.split("\\s+"));
    } else {
      throw wrong("neither a # comment nor an @ tag; give @data before the sequences");
    }
  }

  private void tag(String[] words) {
    switch (words[0].toLowerCase(Locale.ROOT)) {
      case "@data" -> inData = true;
      case "@timestamps" -> {
        if (flag(words)) {
          throw wrong("sequences with time stamps; give values alone, at equal intervals");
        }
      }
      case "@targetlabel" -> {
        if (flag(words)) {
          throw wrong("targets that are numbers; give @classLabel and classes");
        }
      }
      case "@classlabel" -> {
        labelled = flag(words);
        classes.addAll(Arrays.asList(words).subList(Math.min(2, words.length), words.length));
        if (!labelled && !classes.isEmpty()) {
          throw wrong("@classLabel false, with classes after it; give true");
        }
      }
      case "@dimensions" -> {
        try {
          dimensions = Integer.parseInt(words.length > 1 ? words[1] : "");
        } catch (NumberFormatException e) {
          throw new FormatException(here("@dimensions without a whole number"), e);
        }
      }
      default -> {} // problem name, whether lengths are equal and so on: the data says it itself
    }
  }

  private boolean flag(String[] words) {
    String value = words.length > 1 ? words[1] : "";
    if (!value.equalsIgnoreCase("true") && !value.equalsIgnoreCase("false")) {
      throw wrong(words[0] + " \"" + value + "\"; give true or false");
    }
    return Boolean.parseBoolean(value);
  }

  private void sequence(String text) {
    List<String> parts = new ArrayList<>(List.of(text.split(":", -1)));
    String label = labelled ? parts.removeLast().strip() : "";
    if (labelled && !classes.isEmpty() && !classes.contains(label)) {
      throw wrong("class \"%s\"; the header lists %s".formatted(label, classes));
    }
    if (dimensions == 0) {
      dimensions = parts.size();
    }
    if (parts.size() != dimensions || parts.isEmpty()) {
      throw wrong("%d dimensions; %d are expected".formatted(parts.size(), dimensions));
    }
    double[] @Nullable [] values = null;
    for (int c = 0; c < dimensions; c++) {
      String[] steps = parts.get(c).split(",", -1);
      values = values == null ? new double[steps.length][dimensions] : values;
      if (steps.length != values.length) {
        throw wrong(
            "dimension %d has %d steps, dimension 1 has %d; give all dimensions of a sequence as many"
                .formatted(c + 1, steps.length, values.length));
      }
      for (int t = 0; t < steps.length; t++) {
        values[t][c] = value(steps[t].strip(), t, c);
      }
    }
    sequences.add(new Sequence(values == null ? new double[0][] : values, label, line));
  }

  private double value(String text, int t, int c) {
    if (text.equals("?") || text.equalsIgnoreCase("nan")) {
      return Double.NaN;
    }
    try {
      double value = Double.parseDouble(text);
      if (!(Math.abs(value) <= Float.MAX_VALUE)) {
        throw wrong(noNumber(text, t, c));
      }
      return value;
    } catch (NumberFormatException e) {
      throw new FormatException(here(noNumber(text, t, c)), e);
    }
  }

  private static String noNumber(String text, int t, int c) {
    return "dimension %d, step %d: \"%s\"; give a number that float32 holds, or ? for none"
        .formatted(c + 1, t + 1, text);
  }
}
