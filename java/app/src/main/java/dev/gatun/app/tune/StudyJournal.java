package dev.gatun.app.tune;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gatun.app.config.InputException;
import dev.gatun.app.search.StudyEvent;
import dev.gatun.app.search.StudyLog;
import dev.gatun.persist.FormatException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The events of a study in one file that is only ever appended to. Several threads, objects and
 * processes on one file system may share it, and any of them may be killed at any moment: an event
 * whose {@link #append} has returned stays.
 *
 * <p>The file is text, a line for each record: the header {@code gatun-study 1 ID}, then {@code
 * CHECKSUM ID EVENT}, where CHECKSUM is the CRC-32C of the rest of the line in hexadecimal, ID is
 * the study's, and EVENT is JSON. A last line that is torn, because its writer was killed, is cut
 * off by the next who appends; a damaged line before others is an error, because an event is
 * missing.
 */
public final class StudyJournal implements StudyLog, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(StudyJournal.class.getName());

  private final Consumer<String> warnings;
  private final JournalFile file;
  private long given;
  private boolean closed;

  /**
   * Opens a journal; a file that is missing or empty becomes one.
   *
   * @throws InputException if it is another kind of file, of another version, or damaged
   * @throws IOException if it cannot be read, written or locked
   */
  public StudyJournal(Path path) throws IOException {
    this(path, warning -> LOG.log(System.Logger.Level.WARNING, warning));
  }

  /**
   * The same.
   *
   * @param warnings told of a torn line that was cut off
   */
  StudyJournal(Path path, Consumer<String> warnings) throws IOException {
    this.warnings = warnings;
    file = JournalFile.open(path);
    try (Lock _ = lock()) {
      given = file.first();
    } catch (UncheckedIOException e) {
      file.release();
      throw e.getCause();
    } catch (RuntimeException e) {
      file.release();
      throw e;
    }
  }

  @Override
  public void append(StudyEvent event) {
    try (Lock _ = lock()) {
      byte[] text = file.record(EventCodec.write(event)).getBytes(UTF_8);
      // A kill leaves what has been written; only a loss of power would take what was not forced,
      // and of a report that is no harm: its trial is lost with it.
      file.append(text, !(event instanceof StudyEvent.Reported));
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public synchronized void replay(Consumer<StudyEvent> reader) {
    try {
      try {
        scan(reader);
      } catch (InputException e) {
        // Another process may just be cutting a torn line off: look again while none can.
        try (Lock _ = lock()) {
          scan(reader);
        }
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private void scan(Consumer<StudyEvent> reader) throws IOException {
    file.scan(
        given,
        (line, at, next) -> {
          StudyEvent event;
          try {
            event = EventCodec.read(line);
          } catch (FormatException e) {
            throw new InputException(
                "%s:%d: %s".formatted(file.path(), file.number(at), e.getMessage()), e);
          }
          try {
            reader.accept(event);
          } catch (IllegalStateException e) {
            throw new InputException(
                "%s:%d: %s: a line before it is missing; put the journal back as it was"
                    .formatted(file.path(), file.number(at), e.getMessage()),
                e);
          }
          given = next;
        });
  }

  @Override
  public Lock lock() {
    try {
      @Nullable String cut = file.lock();
      if (cut != null) {
        warnings.accept(cut);
      }
    } catch (IOException e) {
      throw failed(e);
    }
    return file::unlock;
  }

  private UncheckedIOException failed(IOException e) {
    return new UncheckedIOException(file.path() + ": " + e.getMessage(), e);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      file.release();
    }
  }
}
