package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.backend.WeightLayout;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where cuDNN wants the weights of a stack: in one weight space, or in one for each layer, each
 * aligned as memory of its own would be. Only cuDNN knows the places: they are asked for one matrix
 * and bias at a time.
 */
final class WeightPlaces {
  /** What memory of its own would be aligned to, in bytes. */
  static final int ALIGNMENT = 256;

  /** The projection's number among cuDNN's matrices. */
  private static final int PROJECTION = 8;

  /**
   * Elements that lie side by side.
   *
   * @param from in a flat block
   * @param place in the weight spaces
   * @param count how many
   */
  record Run(long from, long place, long count) {}

  /**
   * A weight space.
   *
   * @param start its first element, counted from the first space's
   * @param bytes its size, gaps included
   */
  record Space(long start, long bytes) {}

  private final CudaContext context;
  private final RecurrentSpec spec;

  /** The bytes of a weight there. */
  private final int element;

  private final List<Space> spaces = new ArrayList<>();

  /** Of each weight, where each of its gates starts. */
  private final List<List<Long>> gates = new ArrayList<>();

  private final @Nullable WeightLayout layout;

  /**
   * Asks for all places.
   *
   * @param descriptors one for the whole stack, or one for each layer; used here only
   */
  WeightPlaces(CudaContext context, RecurrentSpec spec, List<RnnDescriptor> descriptors) {
    this.context = context;
    this.spec = spec;
    element = DnnType.bytes(context.precision());
    long end = 0;
    long largest = 0;
    for (RnnDescriptor descriptor : descriptors) {
      long start = (end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      long bytes = descriptor.weightBytes(context);
      spaces.add(new Space(start / element, bytes));
      end = start + bytes;
      largest = Math.max(largest, bytes);
    }
    // cuDNN gives addresses in a space; what lies there does not matter.
    try (DeviceMemory memory = DeviceMemory.allocate(context, largest);
        StateDescriptor shape = new StateDescriptor(1, 1, 1, context.precision());
        Arena arena = Arena.ofConfined()) {
      for (WeightView view : spec.weights()) {
        gates.add(ask(new Question(arena, memory.block(), shape, descriptors), view));
      }
    }
    layout = joined((end + element - 1) / element);
  }

  /** What all questions share. */
  private record Question(
      Arena arena, MemorySegment memory, StateDescriptor shape, List<RnnDescriptor> descriptors) {}

  private List<Long> ask(Question question, WeightView view) {
    boolean whole = spaces.size() == 1;
    int part = whole ? 0 : view.layer();
    int pseudoLayer = (whole ? view.layer() : 0) * spec.directions() + view.direction();
    int blocks = gates(view);
    List<Long> places = new ArrayList<>();
    for (int gate = 0; gate < blocks; gate++) {
      int id =
          switch (view.weight()) {
            case INPUT, INPUT_BIAS -> gate;
            case RECURRENT, RECURRENT_BIAS -> blocks + gate;
            case PROJECTION -> PROJECTION;
            default -> throw new IllegalArgumentException("cuDNN has no " + view.name());
          };
      places.add(spaces.get(part).start() + ask(question, view, part, pseudoLayer, id));
    }
    return places;
  }

  private int gates(WeightView view) {
    return view.weight() == Weight.PROJECTION ? 1 : spec.cell().gates();
  }

  /** The element of its space where a matrix or bias starts. */
  private long ask(Question question, WeightView view, int part, int pseudoLayer, int id) {
    MemorySegment pointer = question.arena.allocate(ValueLayout.ADDRESS);
    MemorySegment none = MemorySegment.NULL;
    MemorySegment shape = question.shape.descriptor();
    boolean matrix = view.matrix();
    long bytes = spaces.get(part).bytes();
    Calls.dnn(
        cudnn_h.cudnnGetRNNWeightParams(
            context.dnn(),
            question.descriptors.get(part).descriptor(),
            pseudoLayer,
            bytes,
            question.memory,
            id,
            matrix ? shape : none,
            matrix ? pointer : none,
            matrix ? none : shape,
            matrix ? none : pointer),
        "cudnnGetRNNWeightParams of " + view.name());
    long address = pointer.get(ValueLayout.ADDRESS, 0).address();
    long offset = address - question.memory.address();
    long given = address == 0 ? 0 : size(question.arena, shape);
    long count = view.size() / gates(view);
    if (given != count || offset < 0 || offset % element != 0 || offset + count * element > bytes) {
      throw new DeviceException(
          "cudnnGetRNNWeightParams of %s, matrix %d: %d elements at byte %d of %d, not %d"
              .formatted(view.name(), id, given, offset, bytes, count));
    }
    return offset / element;
  }

  private static long size(Arena arena, MemorySegment shape) {
    MemorySegment type = arena.allocate(ValueLayout.JAVA_INT);
    MemorySegment rank = arena.allocate(ValueLayout.JAVA_INT);
    MemorySegment sizes = arena.allocate(ValueLayout.JAVA_INT, 3);
    MemorySegment strides = arena.allocate(ValueLayout.JAVA_INT, 3);
    Calls.dnn(
        cudnn_h.cudnnGetTensorNdDescriptor(shape, 3, type, rank, sizes, strides),
        "cudnnGetTensorNdDescriptor");
    long size = 1;
    for (int i = 0; i < Math.min(3, rank.get(ValueLayout.JAVA_INT, 0)); i++) {
      size *= sizes.getAtIndex(ValueLayout.JAVA_INT, i);
    }
    return size;
  }

  /** PyTorch's matrices where cuDNN has them, if it has the gates of each side by side. */
  private @Nullable WeightLayout joined(long size) {
    List<WeightView> views = new ArrayList<>();
    for (int i = 0; i < gates.size(); i++) {
      WeightView view = spec.weights().get(i);
      List<Long> places = gates.get(i);
      long count = view.size() / places.size();
      for (int gate = 1; gate < places.size(); gate++) {
        if (places.get(gate) != places.getFirst() + gate * count) {
          return null;
        }
      }
      views.add(
          new WeightView(
              view.weight(), view.layer(), view.direction(), places.getFirst(), view.shape()));
    }
    return new WeightLayout(views, size, ALIGNMENT);
  }

  /** The spaces, one for each descriptor. */
  List<Space> spaces() {
    return spaces;
  }

  /** The elements from the first space's start to the last one's end. */
  long elements() {
    Space last = spaces.getLast();
    return last.start() + (last.bytes() + element - 1) / element;
  }

  /** The spaces as a flat block; null if cuDNN does not have PyTorch's matrices in one piece. */
  @Nullable WeightLayout layout() {
    return layout;
  }

  /** Whether all weights have the same places in both. */
  boolean same(WeightPlaces other) {
    return spaces.equals(other.spaces) && gates.equals(other.gates);
  }

  /** Whether a flat block of that layout is what cuDNN wants. */
  boolean isAt(WeightLayout block) {
    return layout != null
        && layout.size() == block.size()
        && layout.weights().stream()
            .map(WeightView::offset)
            .toList()
            .equals(block.weights().stream().map(WeightView::offset).toList());
  }

  /** Which part of a flat block goes where, in the order of the places. */
  List<Run> runs(WeightLayout block) {
    List<Run> runs = new ArrayList<>();
    for (int i = 0; i < gates.size(); i++) {
      WeightView view = block.weights().get(i);
      List<Long> places = gates.get(i);
      long count = view.size() / places.size();
      for (int gate = 0; gate < places.size(); gate++) {
        runs.add(new Run(view.offset() + gate * count, places.get(gate), count));
      }
    }
    runs.sort(Comparator.comparingLong(Run::place));
    return runs;
  }

  /** What belongs to no weight: gaps, and the biases of a stack that has none. */
  List<Run> gaps() {
    List<Run> gaps = new ArrayList<>();
    long end = 0;
    for (Run run : runs(WeightLayout.packed(spec))) {
      if (run.place() > end) {
        gaps.add(new Run(end, end, run.place() - end));
      }
      end = run.place() + run.count();
    }
    if (elements() > end) {
      gaps.add(new Run(end, end, elements() - end));
    }
    return gaps;
  }
}
