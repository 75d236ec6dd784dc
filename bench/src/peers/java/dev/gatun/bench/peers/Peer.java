package dev.gatun.bench.peers;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;

/** The engines by name. Only the class of the one that is opened is loaded. */
enum Peer {
  GATUN("Gatun"),
  LIBTORCH("libtorch"),
  ONNXRUNTIME("ONNX Runtime"),
  DL4J("Deeplearning4j");

  private final String title;

  Peer(String title) {
    this.title = title;
  }

  /** The name it is known by. */
  String title() {
    return title;
  }

  /** Whether it has such a layer, and for training gradients, on the JVM. */
  boolean runs(Work work) {
    RecurrentSpec spec = work.spec();
    Cell cell = spec.cell();
    boolean projected = spec.projectionSize() > 0;
    return switch (this) {
      case GATUN -> true;
      case LIBTORCH -> cell != Cell.GRU_RESET_BEFORE;
      case ONNXRUNTIME -> work.kind() != Work.Kind.TRAIN && !projected;
      case DL4J -> cell != Cell.GRU && cell != Cell.GRU_RESET_BEFORE && !projected;
    };
  }

  /** Starts it in this process. */
  Engine open(int threads) {
    return switch (this) {
      case GATUN -> new GatunEngine(threads);
      case LIBTORCH -> new LibtorchEngine(threads);
      case ONNXRUNTIME -> new OnnxEngine(threads);
      case DL4J -> new Dl4jEngine(threads);
    };
  }
}
