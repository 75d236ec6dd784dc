package dev.gatun.model;

import dev.gatun.model.RecurrentStack.Part;
import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A model's shapes, parameters and memory, known before anything is allocated.
 *
 * @param rows one per layer, of a {@link RecurrentStack} one for each of its parts
 * @param parameters the number of values of all parameters
 * @param parameterBytes of the values
 * @param gradientBytes of their gradients, which every model has
 * @param optimizerBytes of the optimizer's moments
 * @param planBytes about what one plan reserves: outputs, their gradients and scratch
 */
public record Summary(
    List<Row> rows,
    long parameters,
    long parameterBytes,
    long gradientBytes,
    long optimizerBytes,
    long planBytes) {

  /**
   * A layer's line; of a {@link RecurrentStack} one for each of its parts.
   *
   * @param name the layer's name
   * @param kind its class
   * @param output what it gives
   * @param parameters its number of values
   * @param planBytes about what it reserves in a plan
   */
  public record Row(String name, String kind, Signal output, long parameters, long planBytes) {}

  static Summary of(ModelSpec model, PlanSpec plan, DType real, int moments) {
    List<Row> rows = new ArrayList<>();
    long planBytes = 0;
    for (ModelSpec.Stage stage : model.stages()) {
      for (Part part : parts(stage)) {
        Signal output = part.output();
        long outputBytes =
            (long) output.rows(plan.maxTime(), plan.maxBatch()) * output.width() * real.bytes();
        long bytes =
            outputBytes * (plan.trains() ? 2 : 1)
                + part.layer().scratchBytes(part.input(), plan, real);
        planBytes += bytes;
        String kind = part.layer().getClass().getSimpleName();
        rows.add(new Row(part.layer().name(), kind, output, part.parameterCount(), bytes));
      }
    }
    long count = model.parameterCount();
    long bytes = count * real.bytes();
    return new Summary(List.copyOf(rows), count, bytes, bytes, bytes * moments, planBytes);
  }

  /** The layer, or all that a stack of different layers is made of. */
  private static List<Part> parts(ModelSpec.Stage stage) {
    return stage.layer() instanceof RecurrentStack stack
        ? stack.parts(stage.input())
        : List.of(new Part(stage.layer(), 0, stage.input()));
  }

  /** Everything together, in bytes. */
  public long totalBytes() {
    return parameterBytes + gradientBytes + optimizerBytes + planBytes;
  }

  /** A table for people. */
  @Override
  public String toString() {
    StringBuilder out = new StringBuilder();
    line(out, "layer", "kind", "output", "parameters", "plan");
    for (Row row : rows) {
      line(
          out,
          row.name(),
          row.kind(),
          row.output().toString(),
          String.format(Locale.ROOT, "%,d", row.parameters()),
          mebibytes(row.planBytes()));
    }
    return out.append(
            String.format(
                Locale.ROOT,
                "%,d parameters; memory: parameters %s, gradients %s, optimizer %s, plan about %s,"
                    + " together %s%n",
                parameters,
                mebibytes(parameterBytes),
                mebibytes(gradientBytes),
                mebibytes(optimizerBytes),
                mebibytes(planBytes),
                mebibytes(totalBytes())))
        .toString();
  }

  private static void line(
      StringBuilder out, String name, String kind, String output, String count, String plan) {
    out.append("%-16s %-16s %-26s %12s %12s%n".formatted(name, kind, output, count, plan));
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / (1024.0 * 1024.0));
  }
}
