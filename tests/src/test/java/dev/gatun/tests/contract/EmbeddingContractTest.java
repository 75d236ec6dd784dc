package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows of a table, and the sums of gradients into them. */
@ParameterizedClass
@MethodSource("names")
class EmbeddingContractTest extends Contract {
  private static final int[] ROWS = {4, 0, 4, 2, 4, 0, 1};

  private final Tensor ids = ints(ROWS);

  EmbeddingContractTest(String name) {
    super(name);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 16, 37})
  void copiesTheNamedRows(int width) {
    Tensor table = random(5, width);
    Tensor y = random(7, width);
    double[] expected = read(y);
    double[] rows = read(table);
    for (int i = 0; i < 6 * width; i++) {
      expected[i] = rows[ROWS[i / width] * width + i % width];
    }
    backend.embedding(6, ids, table, y);
    assertArrayEquals(expected, read(y));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 16, 37})
  void addsGradientsOfRepeatedIds(int width) {
    Tensor dy = random(7, width);
    Tensor dTable = random(5, width);
    double[] expected = read(dTable);
    double[] seed = read(dy);
    for (int i = 0; i < 6 * width; i++) {
      expected[ROWS[i / width] * width + i % width] += seed[i];
    }
    backend.embeddingBackward(6, ids, dy, dTable);
    // at most four terms are added to an element
    Numbers.assertClose("dTable", expected, read(dTable), 4 * eps);
  }

  @Test
  void leavesThePaddingOut() {
    Tensor dy = random(7, 5);
    Tensor dTable = random(5, 5);
    double[] before = read(dTable);
    backend.embeddingBackward(7, ids, dy, dTable, 4);
    double[] after = read(dTable);
    for (int c = 0; c < 5; c++) {
      assertEquals(before[4 * 5 + c], after[4 * 5 + c]);
      assertTrue(before[c] != after[c], "the other rows get theirs");
    }
  }

  /** Row 3 is not named, row 1 is short: both stay; a row named thrice is scaled once. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 16, 37, 300})
  void scalesLongRowsThatAreNamed(int width) {
    Tensor table = random(5, width);
    for (int c = 0; c < width; c++) {
      set(table, width + c, 0.1 / width);
    }
    double[] expected = read(table);
    double most = 0.3 * Math.sqrt(width / 3.0);
    for (int row : new int[] {0, 2, 4}) {
      double squares = 0;
      for (int c = 0; c < width; c++) {
        squares += expected[row * width + c] * expected[row * width + c];
      }
      double factor = Math.sqrt(squares) > most ? most / (Math.sqrt(squares) + 1e-7) : 1;
      for (int c = 0; c < width; c++) {
        expected[row * width + c] *= factor;
      }
    }
    backend.limitRows(7, ids, most, table, ints(7, 7, 7, 7, 7));
    Numbers.assertClose("table", expected, read(table), 4 * eps);
  }

  @Test
  void refusesALimitWithoutMeaning() {
    Tensor table = random(5, 3);
    assertRefused("largest norm 0", () -> backend.limitRows(7, ids, 0, table, ints(0, 0, 0, 0, 0)));
    assertRefused("limitRows: marks", () -> backend.limitRows(7, ids, 1, table, ints(0, 0)));
  }

  @Test
  void refusesIdsOutsideTheTable() {
    assumeHostMemory("ids are not read back");
    Tensor table = random(5, 3);
    Tensor y = workspace.real(7, 3);
    assertRefused("id 5 at row 1", () -> backend.embedding(2, ints(0, 5), table, y));
    assertRefused("id -1 at row 0", () -> backend.embedding(2, ints(-1, 0), table, y));
    assertRefused("id 5 at row 1", () -> backend.embeddingBackward(2, ints(0, 5), y, table));
    backend.embedding(1, ints(0, 5), table, y); // beyond the prefix nothing is read
  }

  @Test
  void refusesWrongShapes() {
    Tensor table = random(5, 3);
    assertRefused("embedding: ids", () -> backend.embedding(8, ids, table, workspace.real(8, 3)));
    assertRefused("embedding: y", () -> backend.embedding(7, ids, table, workspace.real(7, 4)));
  }
}
