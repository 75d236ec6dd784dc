package dev.gatun.tests.contract;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Stacks in each precision of a GPU against the reference, in float64: the tests and what they
 * assert are {@link StackContract}'s.
 */
@Tag("cuda")
@ParameterizedClass
@MethodSource("precisions")
class StackPrecisionTest extends StackContract {
  /** As for float32 (RecurrentContractTest): factors are rounded, sums are not. */
  private static final double C = 4;

  StackPrecisionTest(String name) {
    super(name, C);
  }

  static List<String> precisions() {
    return Subjects.precise();
  }

  static Stream<Arguments> shapes() {
    List<Arguments> shapes = new ArrayList<>();
    for (Cell cell : Cell.values()) {
      add(shapes, RecurrentSpec.of(cell, 3, 5), 6, 4);
      add(shapes, RecurrentSpec.of(cell, 5, 19).stacked(2, 0.3).bothDirections(), 3, 7);
    }
    add(shapes, RecurrentSpec.of(Cell.LSTM, 5, 19).projected(7).stacked(2, 0), 4, 5);
    add(shapes, RecurrentSpec.of(Cell.GRU, 4, 6).stacked(2, 0).withoutBias(), 4, 5);
    return shapes.stream();
  }
}
