package dev.gatun.app.tracking;

import dev.gatun.persist.AtomicFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * TensorBoard's file of a run, {@code events.out.tfevents.*}: records of tensorflow's event.proto,
 * each between its length and masked CRC32Cs of both (tensorflow's record_writer). A record reaches
 * the file whole, in one write; what a kill cuts off is left out when the file is opened again.
 */
public final class EventFile implements Tracker {
  private static final String PREFIX = "events.out.tfevents.";

  /** Marks our own files: another program's in the same folder are left alone. */
  private static final String SUFFIX = ".gatun";

  private static final String VERSION = "brain.Event:2";
  private static final int HEADER = Long.BYTES + Integer.BYTES;

  private final Path file;

  private EventFile(Path file) {
    this.file = file;
  }

  /**
   * A new file in a run's folder, instead of any there.
   *
   * @param folder exists
   */
  public static EventFile create(Path folder) throws IOException {
    for (Path old : files(folder)) {
      Files.delete(old);
    }
    EventFile events =
        new EventFile(
            folder.resolve(PREFIX + "%010d".formatted(System.currentTimeMillis() / 1000) + SUFFIX));
    AtomicFiles.write(events.file, record(event(0).put(3, VERSION)));
    return events;
  }

  /**
   * Goes on with a run's file where there is one.
   *
   * @param step events after it are left out: a resumed run writes them again
   */
  public static EventFile resume(Path folder, long step) throws IOException {
    List<Path> files = files(folder);
    if (files.isEmpty()) {
      return create(folder);
    }
    EventFile events = new EventFile(files.getLast());
    byte[] all = Files.readAllBytes(events.file);
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    ByteBuffer in = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0, to = end(all, from); to > 0; from = to, to = end(all, from)) {
      if (step(in, from + HEADER) <= step) {
        kept.write(all, from, to - from);
      }
    }
    if (kept.size() == 0) {
      return create(folder);
    }
    AtomicFiles.write(events.file, kept.toByteArray());
    return events;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(f -> isOurs(String.valueOf(f.getFileName()))).sorted().toList();
    }
  }

  private static boolean isOurs(String name) {
    return name.startsWith(PREFIX) && name.endsWith(SUFFIX);
  }

  /** Where it is. */
  public Path path() {
    return file;
  }

  /** Adds numbers of a step; what is not finite is left out, as there is no place for it. */
  @Override
  public void report(long step, SequencedMap<String, Double> values) throws IOException {
    Message summary = new Message();
    values.forEach(
        (tag, value) -> {
          if (Double.isFinite(value)) {
            summary.put(1, new Message().put(1, tag).put(2, value.floatValue()));
          }
        });
    append(step, summary);
  }

  @Override
  public void histograms(long step, Map<String, Histogram> values) throws IOException {
    Message summary = new Message();
    values.forEach(
        (tag, value) -> summary.put(1, new Message().put(1, tag).put(5, value.message())));
    append(step, summary);
  }

  @Override
  public void end(boolean completed) {
    // Every event is in the file already.
  }

  private void append(long step, Message summary) throws IOException {
    AtomicFiles.append(file, record(event(step).put(5, summary)));
  }

  private static Message event(long step) {
    return new Message().put(1, System.currentTimeMillis() * 1e-3).put(2, step);
  }

  private static byte[] record(Message event) {
    byte[] data = event.bytes();
    byte[] record = new byte[HEADER + data.length + Integer.BYTES];
    ByteBuffer out = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(data.length).putInt(masked(record, 0, Long.BYTES));
    out.put(data).putInt(masked(data, 0, data.length));
    return record;
  }

  /** The record writer's mask keeps a CRC of data with CRCs in it from being weak. */
  private static int masked(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }

  /** The end of the record at a place; -1 if no whole and sound one is there. */
  private static int end(byte[] all, int from) {
    ByteBuffer in = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
    if (in.limit() - from < HEADER + Integer.BYTES) {
      return -1;
    }
    long length = in.getLong(from);
    if (in.getInt(from + Long.BYTES) != masked(all, from, Long.BYTES)
        || length < 0
        || length > in.limit() - from - HEADER - Integer.BYTES) {
      return -1;
    }
    int data = from + HEADER;
    int end = data + (int) length;
    return in.getInt(end) == masked(all, data, (int) length) ? end + Integer.BYTES : -1;
  }

  /** The step of an event, which our own writing has second, after the time. */
  private static long step(ByteBuffer in, int event) {
    int at = event + 1 + Double.BYTES;
    long step = 0;
    byte next = in.get(++at);
    for (int shift = 0; ; shift += 7, next = in.get(++at)) {
      step |= (next & 0x7FL) << shift;
      if (next >= 0) {
        return step;
      }
    }
  }
}
