package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A stack's descriptors of another algorithm than the standard one: one for all calls, or, of
 * {@link RnnAlgorithm#PERSIST_DYNAMIC}, one for each number of sequences that it has been compiled
 * for: a plan sees few.
 */
final class FastDescriptors implements AutoCloseable {
  /** The descriptor of a number of sequences, or of any (0). */
  private record Built(int sequences, RnnDescriptor descriptor) {}

  private final CudaContext context;
  private final RecurrentSpec spec;
  private final RnnAlgorithm algorithm;
  private final MemorySegment dropout;
  private final List<Built> built = new ArrayList<>();

  private FastDescriptors(
      CudaContext context, RecurrentSpec spec, RnnAlgorithm algorithm, MemorySegment dropout) {
    this.context = context;
    this.spec = spec;
    this.algorithm = algorithm;
    this.dropout = dropout;
  }

  /**
   * Describes a stack.
   *
   * @param algorithm not the standard one
   * @param dropout as {@link RnnDescriptor}'s
   * @param standard its standard descriptor: both read the same weights
   * @param sequences the most of a call
   * @throws DeviceException with cuDNN's status if it does not support it
   */
  static FastDescriptors open(
      CudaContext context,
      RecurrentSpec spec,
      RnnAlgorithm algorithm,
      MemorySegment dropout,
      RnnDescriptor standard,
      int sequences) {
    FastDescriptors made = new FastDescriptors(context, spec, algorithm, dropout);
    try {
      WeightPlaces own = new WeightPlaces(context, spec, List.of(made.of(sequences)));
      if (own.same(new WeightPlaces(context, spec, List.of(standard)))) {
        return made;
      }
      throw new DeviceException(
          "it has weights at other places", cudnn_h.CUDNN_STATUS_NOT_SUPPORTED());
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  /** Says that the standard algorithm takes over. */
  static void give(RnnAlgorithm algorithm, String why, RecurrentSpec spec) {
    System.getLogger(FastDescriptors.class.getName())
        .log(
            System.Logger.Level.INFO,
            "the standard algorithm takes over from {0}: {1}, for {2}",
            algorithm.label(),
            why,
            spec);
  }

  /** As {@link #give}, from these. */
  void giveUp(String why) {
    give(algorithm, why, spec);
  }

  /**
   * The descriptor for a number of sequences, compiled when it is asked for first.
   *
   * @throws DeviceException with cuDNN's status if it does not support it
   */
  RnnDescriptor of(int sequences) {
    boolean dynamic = algorithm == RnnAlgorithm.PERSIST_DYNAMIC;
    int wanted = dynamic ? sequences : 0;
    for (int i = 0; i < built.size(); i++) { // an iterator would be an object each time
      if (built.get(i).sequences == wanted) {
        return built.get(i).descriptor;
      }
    }
    RnnDescriptor descriptor = new RnnDescriptor(spec, algorithm, context.precision(), dropout);
    try {
      if (dynamic) {
        Calls.dnn(
            cudnn_h.cudnnBuildRNNDynamic(context.dnn(), descriptor.descriptor(), sequences),
            "cudnnBuildRNNDynamic for " + sequences + " sequences");
      }
    } catch (RuntimeException e) {
      descriptor.close();
      throw e;
    }
    built.add(new Built(wanted, descriptor));
    return descriptor;
  }

  @Override
  public void close() {
    built.forEach(each -> each.descriptor.close());
    built.clear();
  }
}
