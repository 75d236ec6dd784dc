package dev.gatun.app.task;

import dev.gatun.app.config.Key;
import java.nio.file.Path;
import java.util.List;

/**
 * The table of an embedding, and what its rows can be learnt from.
 *
 * @param parameter its name in the model
 * @param names of the tokens, row by row, as a file of vectors has them
 * @param texts of the training part, tokens of each
 * @param vectors the key of a file that rows start from
 * @param padding the token whose row is zero; -1: none
 * @param suffix of the file that learnt vectors are written to
 */
record TokenTable(
    String parameter,
    List<String> names,
    List<int[]> texts,
    Key<Path> vectors,
    int padding,
    String suffix) {
  /** How many tokens there are in the texts. */
  int size() {
    return texts.stream().mapToInt(text -> text.length).sum();
  }
}
