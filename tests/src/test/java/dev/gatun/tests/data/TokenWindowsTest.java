package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.Batch;
import dev.gatun.data.Range;
import dev.gatun.data.TokenWindows;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenWindowsTest {
  private static final int[] TEXT = IntStream.range(0, 100).toArray();

  @ParameterizedTest
  @CsvSource({"0,100,7,3", "10,60,7,50", "3,11,7,2", "3,20,7,2", "0,2,1,1", "0,100,1,8"})
  void windowsOfAnEpochDoNotOverlapAndNeverLeaveTheRange(int from, int to, int time, int batch) {
    TokenWindows source = new TokenWindows(TEXT, new Range(from, to), time, batch, 3);
    BitSet starts = new BitSet();
    for (int epoch = 0; epoch < 300; epoch++) {
      BitSet targets = new BitSet();
      for (int start : starts(source, epoch)) {
        starts.set(start);
        assertTrue(start >= from && start + time < to);
        assertTrue(targets.get(start + 1, start + 1 + time).isEmpty());
        targets.set(start + 1, start + 1 + time);
      }
      assertTrue(to - from - 1 - targets.cardinality() < 2 * time);
    }
    // Over the epochs windows start everywhere from the first place; short texts have few places.
    assertEquals(from, starts.nextSetBit(0));
    assertEquals(starts.cardinality(), starts.length() - from);
    assertTrue(starts.cardinality() >= Math.min(time, to - from - time));
  }

  private static List<Integer> starts(TokenWindows source, int epoch) {
    List<Integer> starts = new ArrayList<>();
    try (Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(epoch); i++) {
        source.fill(epoch, i, batch);
        assertFalse(batch.continues());
        assertEquals((long) batch.time() * batch.size(), batch.targetCount());
        for (int n = 0; n < batch.size(); n++) {
          int start = (int) batch.inputs().getLong(n);
          starts.add(start);
          for (int t = 0; t < batch.time(); t++) {
            long row = (long) t * batch.size() + n;
            assertEquals(start + t, batch.inputs().getLong(row));
            assertEquals(start + t + 1, batch.targets().getLong(row));
          }
        }
      }
    }
    return starts;
  }

  @Test
  void anEpochIsAFunctionOfSeedAndNumber() {
    TokenWindows source = new TokenWindows(TEXT, new Range(0, 100), 9, 4, 3);
    List<Integer> second = starts(source, 2);
    assertNotEquals(second, starts(source, 1));
    assertEquals(second, starts(source, 2));
    assertEquals(second, starts(new TokenWindows(TEXT, new Range(0, 100), 9, 4, 3), 2));
    assertNotEquals(second, starts(new TokenWindows(TEXT, new Range(0, 100), 9, 4, 4), 2));
  }

  @Test
  void shortTextsAreNamed() {
    Messages.refuses(
        "7 tokens are too few for windows of 7 steps: there must be at least 8",
        () -> new TokenWindows(TEXT, new Range(3, 10), 7, 2, 1));
    Messages.refuses("at least 1", () -> new TokenWindows(TEXT, new Range(3, 10), 0, 2, 1));
    Messages.refuses("at least 1", () -> new TokenWindows(TEXT, new Range(3, 10), 2, 0, 1));
  }
}
