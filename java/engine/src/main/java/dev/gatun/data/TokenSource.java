package dev.gatun.data;

/**
 * Next-token prediction over one long text, cut into contiguous streams that run in parallel. Batch
 * i holds steps i*T to i*T+t of every stream, so state carries over from batch to batch (stateful
 * truncated back-propagation through time). Every token of the range but the first is a target
 * exactly once in an epoch: the last batch may be shorter, and where streams differ by one step the
 * missing target is -1.
 */
public final class TokenSource implements BatchSource {
  private final int[] tokens;
  private final Range range;
  private final BatchLayout layout;
  private final int streams;
  private final int shortest;
  private final int longer;
  private final int advance;

  /**
   * Cuts a text into streams.
   *
   * @param tokens the text; not copied, so it must not change
   * @param range the tokens to use
   * @param time T, steps of a batch
   * @param streams N
   * @throws IllegalArgumentException if the range is too short to give every stream a prediction
   */
  public TokenSource(int[] tokens, Range range, int time, int streams) {
    this(tokens, range, time, streams, time);
  }

  /**
   * Cuts a text into streams whose batches may overlap: each goes on by k1 steps and trains on the
   * targets of these, through the last k2 (Williams and Peng 1990, BPTT(k2; k1)).
   *
   * @param tokens the text; not copied, so it must not change
   * @param range the tokens to use
   * @param time k2, the steps of a batch
   * @param streams N
   * @param advance k1, the steps from one batch to the next, at most k2
   * @throws IllegalArgumentException if the range is too short to give every stream a prediction,
   *     or k1 is not 1 to k2
   */
  public TokenSource(int[] tokens, Range range, int time, int streams, int advance) {
    if (time > 0 && (advance < 1 || advance > time)) { // the layout names a time of 0
      throw new IllegalArgumentException(
          "batches of %d steps cannot go on by %d: give 1 to %d".formatted(time, advance, time));
    }
    this.tokens = tokens;
    this.range = range.within(tokens.length, "a text");
    this.streams = streams;
    int predictions = range.size() - 1;
    int longest = Math.ceilDiv(Math.max(predictions, 1), Math.max(streams, 1));
    layout = new BatchLayout(Math.min(time, longest), streams, 0, TargetKind.STEP_CLASSES, 1);
    if (predictions < streams) {
      throw new IllegalArgumentException(
          "%d tokens are too few for %d parallel streams: there must be at least %d"
              .formatted(range.size(), streams, (long) streams + 1));
    }
    this.advance = Math.min(advance, layout.maxTime());
    shortest = predictions / streams;
    longer = predictions % streams;
  }

  /**
   * For evaluation: as the constructor, with no more streams than the range can fill.
   *
   * @throws IllegalArgumentException if the range has fewer than 2 tokens
   */
  public static TokenSource evaluation(int[] tokens, Range range, int time, int streams) {
    return new TokenSource(tokens, range, time, Math.max(1, Math.min(streams, range.size() - 1)));
  }

  @Override
  public BatchLayout layout() {
    return layout;
  }

  @Override
  public int batches(int epoch) {
    return Math.ceilDiv(longest(), advance);
  }

  private int longest() {
    return shortest + (longer > 0 ? 1 : 0);
  }

  @Override
  public void fill(int epoch, int index, Batch into) {
    Order.checkPosition(epoch, index, batches(epoch));
    Order.checkLayout(into, layout);
    int first = first(index);
    int fresh = index * advance - first; // before these the targets were another batch's
    int time = Math.min((index + 1) * advance, longest()) - first;
    into.begin(time, streams);
    long count = 0;
    for (int n = 0; n < streams; n++) {
      // The first streams take the remainder, one step each.
      int start = range.from() + n * shortest + Math.min(n, longer);
      int steps = shortest + (n < longer ? 1 : 0);
      for (int t = 0; t < time; t++) {
        boolean valid = t >= fresh && first + t < steps;
        // Past its end a stream reads on into the next: its prediction counts there.
        int at = start + first + t;
        into.token(t, n, tokens[at]);
        into.classTarget((long) t * streams + n, valid ? tokens[at + 1] : -1);
        count += valid ? 1 : 0;
      }
    }
    into.continues(first > 0);
    int next = first(index + 1);
    if (next > 0 && index + 1 < batches(epoch)) {
      into.carried(next - first);
    }
    into.targetCount(count);
  }

  /** Where a batch begins in its streams. */
  private int first(int index) {
    return (int) Math.max(0, (index + 1L) * advance - layout.maxTime());
  }
}
