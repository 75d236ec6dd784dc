package dev.gatun.tests.tune;

import dev.gatun.app.search.StudyEvent;
import dev.gatun.app.tune.StudyJournal;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Appends to a journal and notes what has been acknowledged, until it is killed. */
final class JournalMain {
  private JournalMain() {}

  /**
   * Begins.
   *
   * @param args journal, file for what is acknowledged, the writer's number
   */
  public static void main(String[] args) throws Exception {
    int writer = Integer.parseInt(args[2]);
    try (StudyJournal journal = new StudyJournal(Path.of(args[0]));
        FileChannel acknowledged =
            FileChannel.open(
                Path.of(args[1]), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int i = 0; ; i++) {
        journal.append(new StudyEvent.Reported(writer, i, i / 7.0));
        acknowledged.write(ByteBuffer.wrap(new byte[] {'.'}));
      }
    }
  }
}
