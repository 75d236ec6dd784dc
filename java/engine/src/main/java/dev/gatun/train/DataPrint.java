package dev.gatun.train;

import dev.gatun.data.Batch;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.BatchSource;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** What a checkpoint keeps to know its data, and the order of it, again. */
final class DataPrint {
  /**
   * Batches of the first epoch that are looked at, evenly spread: other values, another order or
   * another number of examples show in nearly every batch, and a step stays dearer than all of
   * these.
   */
  private static final int SAMPLES = 8;

  private DataPrint() {}

  /** As {@code 6 batches of up to 5 steps and 3 sequences, 8f3a...}: equal for equal data. */
  static String of(BatchSource source) {
    BatchLayout layout = source.layout();
    MessageDigest digest = sha256();
    digest.update(layout.toString().getBytes(StandardCharsets.UTF_8));
    int batches = source.batches(0);
    int samples = Math.min(SAMPLES, batches);
    try (Batch batch = source.newBatch()) {
      for (int i = 0; i < samples; i++) {
        int index = samples == 1 ? 0 : (int) ((batches - 1L) * i / (samples - 1));
        source.fill(0, index, batch);
        update(digest, batch);
      }
    }
    return "%d batches of up to %d steps and %d sequences, %s"
        .formatted(
            batches,
            layout.maxTime(),
            layout.maxBatch(),
            HexFormat.of().formatHex(digest.digest(), 0, 8));
  }

  private static void update(MessageDigest digest, Batch batch) {
    String sizes = batch.time() + " " + batch.size() + " " + batch.targetCount();
    digest.update(sizes.getBytes(StandardCharsets.UTF_8));
    BatchLayout layout = batch.layout();
    long rows = (long) batch.time() * batch.size();
    long targets = layout.targets().perStep() ? rows : batch.size();
    update(digest, batch.inputs(), rows * Math.max(1, layout.features()));
    update(digest, batch.targets(), targets * layout.targetColumns());
    update(digest, batch.weights(), targets);
    update(digest, batch.lengths(), batch.size());
    update(digest, batch.labelLengths(), batch.size());
  }

  /** The start of a tensor: what lies behind is from batches before. */
  private static void update(MessageDigest digest, @Nullable Tensor tensor, long elements) {
    if (tensor != null) {
      long bytes = elements * tensor.dtype().bytes();
      digest.update(tensor.segment().asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JVM has SHA-256", e);
    }
  }
}
