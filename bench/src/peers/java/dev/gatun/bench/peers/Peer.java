package dev.gatun.bench.peers;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.WeightType;

/** The engines by name. Only the class of the one that is opened is loaded. */
enum Peer {
  GATUN("Gatun"),
  GATUN_BF16("Gatun, bfloat16"),
  GATUN_INT8("Gatun, int8"),
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

  /** Whether it is Gatun, with weights of whatever type. */
  boolean ours() {
    return switch (this) {
      case GATUN, GATUN_BF16, GATUN_INT8 -> true;
      case LIBTORCH, ONNXRUNTIME, DL4J -> false;
    };
  }

  /**
   * How much a result's norm may differ from Gatun's in float32, relative to it. The largest
   * differences seen were 2e-6 between float32 engines, 2e-3 with bfloat16 weights and 4e-3 with
   * int8 weights.
   */
  double tolerance() {
    return switch (this) {
      case GATUN_BF16 -> 5e-3;
      case GATUN_INT8 -> 1e-2;
      case GATUN, LIBTORCH, ONNXRUNTIME, DL4J -> 2e-5;
    };
  }

  /** Whether it has such a layer, and for training gradients, on the JVM. */
  boolean runs(Work work) {
    RecurrentSpec spec = work.spec();
    Cell cell = spec.cell();
    boolean projected = spec.projectionSize() > 0;
    return switch (this) {
      case GATUN -> true;
      case GATUN_BF16, GATUN_INT8 -> work.kind() == Work.Kind.STREAM;
      case LIBTORCH -> cell != Cell.GRU_RESET_BEFORE;
      case ONNXRUNTIME -> work.kind() != Work.Kind.TRAIN && !projected;
      case DL4J -> cell != Cell.GRU && cell != Cell.GRU_RESET_BEFORE && !projected;
    };
  }

  /** Starts it in this process. */
  Engine open(int threads) {
    return switch (this) {
      case GATUN -> new GatunEngine(threads, WeightType.FLOAT32);
      case GATUN_BF16 -> new GatunEngine(threads, WeightType.BFLOAT16);
      case GATUN_INT8 -> new GatunEngine(threads, WeightType.INT8);
      case LIBTORCH -> new LibtorchEngine(threads);
      case ONNXRUNTIME -> new OnnxEngine(threads);
      case DL4J -> new Dl4jEngine(threads);
    };
  }
}
