package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.task.LabelTask;
import dev.gatun.app.task.PairTask;
import dev.gatun.app.task.Task;
import dev.gatun.data.BatchSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys that say where in a file the data is, each alone. */
class DataKeysTest {
  @TempDir Path folder;

  private Task task(String yaml, String file, String text, String... settings) throws IOException {
    Files.writeString(folder.resolve(file), text);
    Path config = Files.writeString(folder.resolve("c.yaml"), yaml);
    return Task.of(Config.read(config, List.of(settings)));
  }

  @Test
  void columnsHaveTheirNames() throws IOException {
    String frames = "data: {type: sequences, path: f.csv, validation: 0}\n";
    String rows = "id,label,x\n1,a,0\n1,,1\n2,b,2\n";
    LabelTask sequences =
        (LabelTask) task(frames, "f.csv", rows, "data.sequence=id", "data.scaler=none");
    assertEquals(List.of(1, 2), sequences.lengths().sorted().boxed().toList());
    InputException none = assertThrows(InputException.class, () -> task(frames, "f.csv", rows));
    assertTrue(String.valueOf(none.getMessage()).contains("no column \"sequence\""));

    String strings = "data: {type: strings, path: s.csv, validation: 0}\n";
    LabelTask dna =
        (LabelTask) task(strings, "s.csv", "dna,label\nACG,x\nACGT,y\n", "data.string=dna");
    assertEquals(List.of(3, 4), dna.lengths().sorted().boxed().toList());

    String pairs = "data: {type: pairs, path: p.csv, validation: 0}\n";
    String texts = "en,fr,target\nyes,oui,o\nno,non,n\n";
    PairTask french = (PairTask) task(pairs, "p.csv", texts, "data.source=fr");
    assertEquals(List.of("oui", "non"), french.sources());
  }

  /** 240 rows to train on give 231 windows of 8 with a row after; of every third start 77. */
  @Test
  void windowsStartAtEachStride() throws IOException {
    String[] all = {"train.batch=1", "data.validation=0", "data.test=60"};
    int plain = batches(all);
    int third = batches(all[0], all[1], all[2], "data.stride=3");
    assertEquals(Math.ceilDiv(plain, 3), third);
    assertTrue(plain > 200, plain + "");
  }

  private int batches(String... settings) throws IOException {
    try (BatchSource training =
        task(Samples.SERIES, "wave.csv", Samples.wave(300), settings).training()) {
      return training.batches(0);
    }
  }
}
