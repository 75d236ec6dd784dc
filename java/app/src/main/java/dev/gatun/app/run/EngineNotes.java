package dev.gatun.app.run;

import dev.gatun.app.report.Log;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Takes what the engine says of graphs and of chosen algorithms into a run's log. Its other
 * warnings are told to listeners too, and the log has those from there.
 */
final class EngineNotes extends Handler implements AutoCloseable {
  private final List<Logger> loggers =
      List.of(
          Logger.getLogger("dev.gatun.train.StepGraphs"),
          Logger.getLogger("dev.gatun.backend.cuda.StackChoices"));

  private final Log log;

  /** Listens until it is closed. */
  EngineNotes(Log log) {
    this.log = log;
    loggers.forEach(logger -> logger.addHandler(this));
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
    loggers.forEach(logger -> logger.removeHandler(this));
  }
}
