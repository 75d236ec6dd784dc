package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

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
