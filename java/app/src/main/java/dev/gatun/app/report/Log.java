package dev.gatun.app.report;

import dev.gatun.persist.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/** Lines for people: on standard error and, with the time, at the end of {@code log.txt}. */
public final class Log {
  /** Always with seconds, which ISO_OFFSET_DATE_TIME leaves out where they are 0. */
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ssXXX", Locale.ROOT);

  private final Path file;
  private final Progress progress;

  /**
   * A log.
   *
   * @param file appended to, created at the first line
   * @param progress shows the lines
   */
  public Log(Path file, Progress progress) {
    this.file = file;
    this.progress = progress;
  }

  /** Shows and keeps a line. */
  public void line(String text) throws IOException {
    progress.line(text);
    note(text);
  }

  /** Shows and keeps some lines. */
  public void lines(List<String> texts) throws IOException {
    for (String text : texts) {
      line(text);
    }
  }

  /** Keeps a line without showing it. */
  public void note(String text) throws IOException {
    String time = OffsetDateTime.now(ZoneId.systemDefault()).format(TIME);
    AtomicFiles.append(file, time + " " + text + "\n");
  }
}
