package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.Kmers;
import dev.gatun.data.TsFile;
import dev.gatun.persist.FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Labelled sequences of files and strings. */
class TsFileTest {
  private static final String HEADER =
      "# made up\n@problemName Toy\n@timeStamps false\n@classLabel true up down\n@data\n";

  @TempDir Path folder;

  private TsFile read(String text) throws IOException {
    return TsFile.read(Files.writeString(folder.resolve("toy.ts"), text));
  }

  @Test
  void sequencesHaveLengthsOfTheirOwn() throws IOException {
    TsFile ts = read(HEADER + "1,2,3:4,5,?:up\n\n-1e1:0.5:down\n");
    assertEquals(2, ts.dimensions());
    assertEquals(List.of("up", "down"), ts.classes());
    assertEquals(List.of("up", "down"), ts.sequences().stream().map(s -> s.label()).toList());
    assertArrayEquals(new double[] {1, 4}, ts.sequences().getFirst().values()[0]);
    assertArrayEquals(new double[] {3, Double.NaN}, ts.sequences().getFirst().values()[2]);
    assertEquals(8, ts.sequences().getLast().line());
    assertArrayEquals(new double[] {-10, 0.5}, ts.sequences().getLast().values()[0]);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1,2:3,4:left | :6: class \"left\"; the header lists [up, down]",
        "1,2:3:up | :6: dimension 2 has 1 steps, dimension 1 has 2",
        "1,x:3,4:up | :6: dimension 1, step 2: \"x\"; give a number",
        "1,1e39:3,4:up | :6: dimension 1, step 2: \"1e39\"; give a number"
      })
  void whatIsWrongIsNamed(String line, String message) {
    FormatException e = assertThrows(FormatException.class, () -> read(HEADER + line + "\n"));
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }

  @Test
  void headersThatSayOtherThingsAreRefused() {
    for (String tag : List.of("@timeStamps true", "@targetlabel true", "@classLabel maybe")) {
      FormatException e = assertThrows(FormatException.class, () -> read(tag + "\n" + HEADER));
      assertTrue(String.valueOf(e.getMessage()).contains(":1: "), e.getMessage());
    }
    FormatException none = assertThrows(FormatException.class, () -> read(HEADER));
    assertTrue(String.valueOf(none.getMessage()).contains("no sequences"), none.getMessage());
  }

  @Test
  void stringsAreCutIntoPieces() {
    Kmers kmers = Kmers.of(List.of("ACGT", "CGTA"), 2, 1);
    assertEquals(List.of("AC", "CG", "GT", "TA"), kmers.pieces());
    assertEquals(5, kmers.size());
    assertArrayEquals(new int[] {1, 2, 3, 0}, kmers.encode("CGTAC"));
    assertArrayEquals(new int[] {4, 4, 4}, kmers.encode("GGCA"));
    assertArrayEquals(new int[] {0, 1, 3}, Kmers.of(List.of("ACGTGG"), 2, 2).encode("ACGGTT"));
    assertArrayEquals(kmers.encode("CGTAC"), Kmers.fromJson(kmers.toJson()).encode("CGTAC"));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> kmers.encode("A"));
    assertTrue(String.valueOf(e.getMessage()).contains("\"A\" has 1 characters"), e.getMessage());
  }
}
