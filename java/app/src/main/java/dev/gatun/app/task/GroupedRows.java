package dev.gatun.app.task;

import dev.gatun.app.config.InputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The rows of a file by the sequence that each is of.
 *
 * @param names of sequences, in their order
 * @param starts the first row of each, and the end
 * @param said what a column says of each
 */
record GroupedRows(List<String> names, List<Integer> starts, List<String> said) {
  /**
   * Finds the sequences.
   *
   * @param ids the sequence of each row; those of one stand together
   * @param said what a column says of each row's sequence: in all of its rows or in the first alone
   * @param conflict the message where it says two things, with places for another, the sequence and
   *     the first
   * @throws InputException naming the row that is wrong, from 1
   */
  static GroupedRows of(Path file, List<String> ids, List<String> said, String conflict) {
    List<Integer> starts = new ArrayList<>();
    List<String> each = new ArrayList<>();
    Set<String> names = new LinkedHashSet<>();
    for (int row = 0; row < ids.size(); row++) {
      boolean first = row == 0 || !ids.get(row).equals(ids.get(row - 1));
      if (first && !names.add(ids.get(row))) {
        throw wrong(file, row, "sequence \"" + ids.get(row) + "\" again; keep its rows together");
      }
      if (first) {
        starts.add(row);
        each.add(said.get(row));
      } else if (!said.get(row).isEmpty() && !said.get(row).equals(each.getLast())) {
        throw wrong(file, row, conflict.formatted(said.get(row), ids.get(row), each.getLast()));
      }
    }
    starts.add(ids.size());
    return new GroupedRows(List.copyOf(names), starts, each);
  }

  private static InputException wrong(Path file, int row, String what) {
    return new InputException("%s: row %d: %s".formatted(file, row + 1, what));
  }
}
