package dev.gatun.app.search;

import java.util.function.Consumer;

/**
 * Where the events of a study are kept, in one order that all its readers see. Several processes
 * may share one; what fails is an {@link java.io.UncheckedIOException}.
 */
public interface StudyLog {
  /**
   * Keeps an event after all others: when this returns it is not lost any more. Takes the {@link
   * #lock} for itself where the caller does not hold it.
   */
  void append(StudyEvent event);

  /** Gives every event that this object has not given yet, its own ones too, in their order. */
  void replay(Consumer<StudyEvent> reader);

  /**
   * Keeps every other thread and process from appending until it is closed, by the same thread.
   * Whoever holds it may take it again.
   */
  Lock lock();

  /** A lock that is held. */
  interface Lock extends AutoCloseable {
    @Override
    void close();
  }
}
