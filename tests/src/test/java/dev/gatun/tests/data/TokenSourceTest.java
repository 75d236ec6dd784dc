package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.Batch;
import dev.gatun.data.Range;
import dev.gatun.data.TokenSource;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenSourceTest {
  /** Token i is i, so a token tells where it comes from. */
  private static int[] text(int length) {
    return IntStream.range(0, length).toArray();
  }

  @ParameterizedTest
  @CsvSource({
    "2,0,2,5,1",
    "100,0,100,7,3",
    "100,13,90,7,4",
    "101,0,101,10,10",
    "37,5,37,1,5",
    "50,0,50,99,7",
    "64,0,64,9,8",
    "10,0,10,3,9"
  })
  void everyTokenButTheFirstIsATargetOnce(int length, int from, int to, int time, int streams) {
    TokenSource source = new TokenSource(text(length), new Range(from, to), time, streams);
    int[] seen = new int[length];
    int[] last = new int[streams];
    try (Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        assertEquals(i > 0, batch.continues());
        assertEquals(streams, batch.size());
        assertTrue(batch.time() == source.maxTime() || i == source.batches(0) - 1);
        assertEquals(count(batch, seen, last, i == 0), batch.targetCount());
      }
    }
    int[] expected = new int[length];
    Arrays.fill(expected, from + 1, to, 1);
    assertEquals(Arrays.toString(expected), Arrays.toString(seen));
  }

  private static long count(Batch batch, int[] seen, int[] last, boolean first) {
    long valid = 0;
    for (int t = 0; t < batch.time(); t++) {
      for (int n = 0; n < batch.size(); n++) {
        int row = t * batch.size() + n;
        int token = (int) batch.inputs().getLong(row);
        int target = (int) batch.targets().getLong(row);
        if (t > 0 || !first) {
          assertEquals(last[n] + 1, token, "streams are contiguous, across batches too");
        }
        last[n] = token;
        if (target >= 0) {
          assertEquals(token + 1, target);
          seen[target]++;
          valid++;
        }
      }
    }
    return valid;
  }

  @Test
  void evaluationUsesFewerStreamsWhereTheTextIsShort() {
    assertEquals(4, TokenSource.evaluation(text(9), new Range(4, 9), 3, 32).maxBatch());
    assertEquals(1, TokenSource.evaluation(text(9), new Range(4, 9), 3, 32).maxTime());
    assertEquals(8, TokenSource.evaluation(text(99), new Range(0, 99), 3, 8).maxBatch());
  }

  @Test
  void tooShortTextsAreNamed() {
    Messages.refuses(
        "20 tokens are too few for 20 parallel streams: there must be at least 21",
        () -> new TokenSource(text(20), new Range(0, 20), 5, 20));
    Messages.refuses(
        "1 tokens are too few for 1",
        () -> TokenSource.evaluation(text(20), new Range(3, 4), 5, 20));
    Messages.refuses(
        "rows 0 to 21 of a text, which has 20",
        () -> new TokenSource(text(20), new Range(0, 21), 5, 2));
    Messages.refuses("must be at least 1", () -> new TokenSource(text(20), new Range(0, 20), 0, 2));
    Messages.refuses("must be at least 1", () -> new TokenSource(text(20), new Range(0, 20), 3, 0));
  }

  @Test
  void positionsAndBatchesAreChecked() {
    TokenSource source = new TokenSource(text(20), new Range(0, 20), 5, 2);
    TokenSource other = new TokenSource(text(20), new Range(0, 20), 4, 2);
    try (Batch batch = source.newBatch();
        Batch wrong = other.newBatch()) {
      assertThrows(IndexOutOfBoundsException.class, () -> source.fill(0, 2, batch));
      assertThrows(IndexOutOfBoundsException.class, () -> source.fill(0, -1, batch));
      assertThrows(IndexOutOfBoundsException.class, () -> source.fill(-1, 0, batch));
      assertThrows(IllegalArgumentException.class, () -> source.fill(0, 0, wrong));
    }
  }
}
