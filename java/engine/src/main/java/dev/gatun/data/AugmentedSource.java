package dev.gatun.data;

import java.util.List;
import java.util.Objects;

/**
 * Batches whose sequences are augmented, for training. What is drawn depends on seed, epoch and the
 * sequence's place in the epoch alone, so that a resumed run sees the same.
 */
public final class AugmentedSource implements BatchSource {
  /** As a layer number of random masks (MaskKey), above all that there are, and other sources'. */
  private static final long PURPOSE = -5L << 40;

  private static final int EPOCH_BITS = 32;
  private static final int MOST = 1 << (40 - EPOCH_BITS);

  private final BatchSource source;
  private final Augmentation[] augmentations;
  private final Draws draws;
  private final Steps steps;

  /**
   * Augments the sequences of a source.
   *
   * @param source closed with this
   * @param seed of what is drawn
   * @param augmentations in the order in which they are applied
   * @throws IllegalArgumentException if the source's targets, or tokens, do not bear one of them
   */
  public AugmentedSource(BatchSource source, long seed, List<Augmentation> augmentations) {
    this.source = Objects.requireNonNull(source, "source");
    this.augmentations = augmentations.toArray(Augmentation[]::new);
    if (this.augmentations.length > MOST) {
      throw new IllegalArgumentException(
          "%d augmentations; at most %d".formatted(this.augmentations.length, MOST));
    }
    draws = new Draws(seed);
    BatchLayout layout = source.layout();
    for (Augmentation each : augmentations) {
      check(each, layout);
    }
    steps = new Steps(layout);
  }

  private static void check(Augmentation augmentation, BatchLayout layout) {
    if (layout.isTokens() && !augmentation.takesTokens()) {
      throw new IllegalArgumentException(augmentation + " is of numbers, and these are tokens");
    }
    boolean fits =
        switch (augmentation.keeps()) {
          case STEPS -> true;
          case ORDER -> !layout.targets().perStep();
          case MEANING -> !layout.targets().perStep() && layout.targets() != TargetKind.LABELS;
        };
    if (!fits) {
      throw new IllegalArgumentException(
          "%s does not leave steps where targets (%s) expect them"
              .formatted(augmentation, layout.targets()));
    }
  }

  @Override
  public BatchLayout layout() {
    return source.layout();
  }

  @Override
  public int batches(int epoch) {
    return source.batches(epoch);
  }

  @Override
  public void fill(int epoch, int index, Batch into) {
    source.fill(epoch, index, into);
    long first = (long) index * layout().maxBatch();
    for (int n = 0; n < into.size(); n++) {
      steps.read(into, n);
      for (int k = 0; k < augmentations.length; k++) {
        draws.begin(PURPOSE | (long) k << EPOCH_BITS | epoch, (first + n) << 32);
        augmentations[k].apply(steps, draws);
      }
      into.lengthen(Math.min(steps.length(), layout().maxTime()));
      steps.write(into, n);
    }
    boolean ragged = false;
    for (int n = 0; n < into.size(); n++) {
      ragged |= into.length(n) < into.time();
    }
    into.ragged(ragged);
  }

  @Override
  public void close() {
    source.close();
  }
}
