package dev.gatun.app.search;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/** Events in memory, for one process. */
public final class MemoryLog implements StudyLog {
  private final List<StudyEvent> events;
  private final ReentrantLock lock;
  private int given;

  /** An empty one. */
  public MemoryLog() {
    this(new ArrayList<>(), new ReentrantLock());
  }

  private MemoryLog(List<StudyEvent> events, ReentrantLock lock) {
    this.events = events;
    this.lock = lock;
  }

  /** The same events, all to be given anew: for another study that shares them. */
  public MemoryLog shared() {
    return new MemoryLog(events, lock);
  }

  @Override
  public void append(StudyEvent event) {
    try (var _ = lock()) {
      events.add(event);
    }
  }

  @Override
  public void replay(Consumer<StudyEvent> reader) {
    try (var _ = lock()) {
      while (given < events.size()) {
        reader.accept(events.get(given++));
      }
    }
  }

  @Override
  public Lock lock() {
    lock.lock();
    return lock::unlock;
  }
}
