package dev.gatun.tests.cudadouble;

import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides on the double which way of computing a stack is the fastest, with a cache of its own and
 * an ear for what is said of it; closing ends all that.
 */
final class Speeds extends Handler implements AutoCloseable {
  static final int STANDARD = cudnn_h.CUDNN_RNN_ALGO_STANDARD();
  static final int SMALL_H = cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H();
  static final int PERSIST_STATIC = cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC();
  static final int PERSIST_DYNAMIC = cudnn_h.CUDNN_RNN_ALGO_PERSIST_DYNAMIC();
  private static final List<Integer> ALL =
      List.of(STANDARD, SMALL_H, PERSIST_STATIC, PERSIST_DYNAMIC);

  /** A call of a slow algorithm; the fast ones take a tenth or less. */
  private static final long SLOW_MICROS = 4000;

  /** A stack by our kernels has many of them, one by cuDNN a few. */
  private static final long SLOW_KERNEL_MICROS = 500;

  final List<String> lines = new ArrayList<>();
  private final Logger logger = Logger.getLogger("dev.gatun.backend.cuda.StackChoices");
  private final @Nullable String before = System.getProperty("gatun.cache");
  private Path cache = Path.of("");

  /** Begins, once the backend is open: its kernels come from the usual cache. */
  Speeds listen(Path folder) {
    cache = folder;
    System.setProperty("gatun.cache", folder.toString());
    logger.addHandler(this);
    return this;
  }

  /** All but this algorithm are slow, our own cells too. */
  static void fast(int algorithm) {
    ALL.forEach(each -> DoubleState.slow(each, each == algorithm ? 0 : SLOW_MICROS));
    DoubleState.slowKernels(SLOW_KERNEL_MICROS);
  }

  /** All of cuDNN's algorithms are slow. */
  static void fastCells() {
    ALL.forEach(each -> DoubleState.slow(each, 5 * SLOW_MICROS));
    DoubleState.slowKernels(0);
  }

  /** Nothing is slow, and all is right. */
  static void reset() {
    ALL.forEach(each -> DoubleState.slow(each, 0));
    ALL.forEach(each -> DoubleState.wrong(each, 0));
    DoubleState.slowKernels(0);
  }

  /** What has been kept on disk. */
  List<Path> files() throws IOException {
    Path folder = cache.resolve("calibration");
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /** The only file there. */
  Path file() throws IOException {
    List<Path> files = files();
    if (files.size() != 1) {
      throw new AssertionError("not one file: " + files);
    }
    return files.getFirst();
  }

  /** The last line said. */
  String said() {
    return lines.isEmpty() ? "" : lines.getLast();
  }

  @Override
  public void publish(LogRecord entry) {
    lines.add(entry.getMessage());
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    reset();
    logger.removeHandler(this);
    if (before == null) {
      System.clearProperty("gatun.cache");
    } else {
      System.setProperty("gatun.cache", before);
    }
  }
}
