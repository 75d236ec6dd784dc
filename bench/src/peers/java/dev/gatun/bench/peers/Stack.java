package dev.gatun.bench.peers;

import java.util.Map;

/** A stack in an engine, ready to run again and again. */
interface Stack extends AutoCloseable {
  /** The name of the output, [T, N, out]. */
  String OUTPUT = "y";

  /** The name of the input's gradient, [T, N, C]. */
  String INPUT_GRADIENT = "dx";

  /** What comes before a weight's name in its gradient's. */
  String GRADIENT = "grad.";

  /** Forward, or forward and backward. */
  void run();

  /**
   * What the first run gave, in PyTorch's layouts and with its names: y; after training also dx and
   * each weight's gradient.
   */
  Map<String, float[]> results();

  @Override
  void close();
}
