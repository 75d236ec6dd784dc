package dev.gatun.app.run;

import dev.gatun.app.report.Log;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Takes what the trainer warns of its graphs into a run's log. Its other warnings are told to
 * listeners too, and the log has those from there.
 */
final class GraphWarnings extends Handler implements AutoCloseable {
  private final Logger logger = Logger.getLogger("dev.gatun.train.StepGraphs");
  private final Log log;

  /** Listens until it is closed. */
  GraphWarnings(Log log) {
    this.log = log;
    logger.addHandler(this);
  }

  @Override
  public void publish(LogRecord entry) {
    try {
      log.line(entry.getMessage());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
  }
}
