package dev.gatun.bindings;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Looks at an ELF file before the dynamic linker does: that maps what the headers promise and a
 * file cut short then kills the process with SIGBUS. Other formats are left to the system's own
 * checks.
 */
final class SharedObject {
  private static final int HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final int MAGIC = 0x464C457F; // 0x7F "ELF", little-endian
  private static final int CLASS_64 = 2;
  private static final int PT_LOAD = 1;

  private SharedObject() {}

  /** Why this file cannot be loaded into this process; null when nothing is wrong. */
  static @Nullable String problem(Path file) {
    if (!Files.isRegularFile(file)) {
      return file + (Files.exists(file) ? " is not a regular file" : " does not exist");
    }
    if (!Platform.CURRENT.system().equals("linux")) {
      return null;
    }
    try (FileChannel channel = FileChannel.open(file)) {
      return problem(file, channel);
    } catch (IOException e) {
      return file + " cannot be read: " + e;
    }
  }

  private static @Nullable String problem(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    ByteBuffer header = read(channel, 0, HEADER);
    if (header.limit() < HEADER || header.getInt(0) != MAGIC) {
      return file + " is not a shared library (no ELF header)";
    }
    String processor = processor(header);
    if (!processor.equals(Platform.CURRENT.processor())) {
      return file
          + " is built for "
          + processor
          + ", this process runs on "
          + Platform.CURRENT.processor();
    }
    long table = header.getLong(32);
    int count = Short.toUnsignedInt(header.getShort(56));
    long end = table + (long) count * PROGRAM_HEADER;
    if (table >= HEADER && end <= size) {
      ByteBuffer headers = read(channel, table, count * PROGRAM_HEADER);
      for (int i = 0; i < count; i++) {
        int at = i * PROGRAM_HEADER;
        if (headers.getInt(at) == PT_LOAD) {
          end = Math.max(end, headers.getLong(at + 8) + headers.getLong(at + 32));
        }
      }
    }
    return end <= size
        ? null
        : file + " is truncated: it has " + size + " bytes of at least " + end;
  }

  private static String processor(ByteBuffer header) {
    int machine = Short.toUnsignedInt(header.getShort(18));
    if (header.get(4) != CLASS_64) {
      return "a 32-bit processor (ELF machine " + machine + ")";
    }
    return switch (machine) {
      case 62 -> "x86_64";
      case 183 -> "arm64";
      default -> "another processor (ELF machine " + machine + ")";
    };
  }

  private static ByteBuffer read(FileChannel channel, long at, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int n = 0; buffer.hasRemaining() && n >= 0; ) {
      n = channel.read(buffer, at + buffer.position());
    }
    return buffer.flip();
  }
}
