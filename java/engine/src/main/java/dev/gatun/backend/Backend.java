package dev.gatun.backend;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Memory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * An execution context: a device or a team of threads, and every operation on activations,
 * gradients and parameters. For one thread at a time; memory may be shared between contexts of the
 * same kind, so another thread opens a context of its own.
 *
 * <p>Row counts are given with each call: tensors hold a plan's largest sizes and a call works on
 * the dense prefix. Letters: M rows (t*n or n), C or K input features, O outputs, V classes.
 */
public interface Backend extends LayerOperations, LossOperations, UpdateOperations, AutoCloseable {
  /** The name it was opened by: {@code cpu}, {@code reference}. */
  String name();

  /** One line: what runs, with which library, threads and vector width. */
  String description();

  /**
   * What this context chose among equals by their speed here, where results differ in their last
   * bits by it; empty if nothing. Checkpoints keep it.
   */
  default String choices() {
    return "";
  }

  /**
   * Computes from now on as a context of this kind with these {@link #choices}, so that a resumed
   * run gives the bits that it would have given. A setting of the user's stands above it, and what
   * another kind of backend chose changes nothing.
   *
   * @throws IllegalStateException if the backend has been closed
   */
  default void reproduce(String choices) {}

  /**
   * The tensors of this context, by name, that computing changes and that later results depend on;
   * empty if there are none. A checkpoint keeps them, and a resumed run writes back those that its
   * file has and this context knows: another kind of backend starts with its own. Names, types and
   * shapes stay the same while a model is trained, the tensors as long as the context is open.
   */
  default SequencedMap<String, Tensor> state() {
    return Collections.unmodifiableSequencedMap(new LinkedHashMap<>());
  }

  /** The type of parameters, activations and gradients. */
  DType real();

  /** What matrix products and recurrent stacks compute in, if it is not {@link #real}. */
  default Precision precision() {
    return Precision.FP32;
  }

  /** What keeps it open while a plan or an optimizer works with it. */
  Usage usage();

  /**
   * Zeroed memory where this backend computes; the caller closes it.
   *
   * @throws IllegalStateException if the backend has been closed
   */
  Memory allocate(long bytes);

  /** An empty workspace in this backend's memory. */
  default Workspace workspace() {
    return new Workspace(this::allocate, real());
  }

  /**
   * Another context on the same kind of memory, for another thread. The caller closes it.
   *
   * @throws IllegalStateException if the backend has been closed
   */
  Backend fork();

  /**
   * Copies all elements; F32 and F64 convert into each other, and either side may be host memory.
   *
   * @throws IllegalArgumentException if sizes differ or types do not convert
   */
  void copy(Tensor from, Tensor to);

  /** Sets every element. */
  void fill(Tensor tensor, double value);

  /**
   * Where this backend wants the weights of a stack, and their gradients.
   *
   * @throws IllegalStateException if the backend has been closed
   */
  default WeightLayout layout(RecurrentSpec spec) {
    return WeightLayout.packed(spec);
  }

  /**
   * Compiles a recurrent stack.
   *
   * @param spec its shape
   * @param weights the flat block, laid out as {@link #layout} says, as is that of the gradients;
   *     read by {@link Recurrent#refresh} or later, and never written
   * @param io the tensors to work on
   * @param mode inference or training
   * @param mask the key of the random masks; those of layer l use layer number mask.layer + l. What
   *     is dropped of its output has the element index (step * n + sequence) * width + unit; the
   *     masks of {@link Regularization} have elements of their own ({@link Regularization.Mask})
   * @throws IllegalStateException if the backend has been closed
   */
  Recurrent recurrent(RecurrentSpec spec, Tensor weights, RecurrentIo io, Mode mode, MaskKey mask);

  /**
   * Packs the weights of a stack as they are now, for inference by any number of stacks on contexts
   * of this kind; the caller closes them after those stacks.
   *
   * @param weights the flat block, laid out as {@link #layout} says; read now only
   * @param type how matrices are kept; biases stay as they are
   * @throws IllegalArgumentException on a GPU for another type than float32: there a {@link
   *     Precision} of the whole context is what makes weights smaller
   * @throws IllegalStateException if the backend has been closed
   */
  RecurrentWeights pack(RecurrentSpec spec, Tensor weights, WeightType type);

  /**
   * Compiles a recurrent stack for inference on weights that others may use too. It has no {@link
   * Recurrent#refresh}.
   *
   * @param weights of {@link #pack} on a context of the same kind; not closed with the stack
   * @param io the tensors to work on, without gradients
   * @throws IllegalStateException if the backend has been closed
   */
  Recurrent recurrent(RecurrentWeights weights, RecurrentIo io);

  /**
   * Opens a context that works in the host's memory, to update copies of this one's parameters
   * there. It computes in this one's {@link #real} type; its memory is pinned, where there is such
   * a thing, so that {@link #copy} here moves it without waiting: what has been copied from it to
   * this one's memory stays as it is until a copy the other way has returned.
   *
   * @return for the caller to close, before this one; null if this one's memory is the host's
   */
  default @Nullable Backend openHost() {
    return null;
  }

  /** Whether {@link #record} makes a graph, which a device repeats as a whole. */
  default boolean hasGraphs() {
    return false;
  }

  /**
   * Records what {@code work} asks of this context, without doing it. A graph ({@link #hasGraphs})
   * keeps the kernels, addresses and numbers that were asked for, and nothing of what else {@code
   * work} does: that happens now, once. What changes from run to run lies in tensors, at the same
   * place, which are to stay open as long as the recording. Without graphs nothing happens now and
   * each run does the work.
   *
   * <p>To be done once by itself before it is recorded: the first time, memory and kernels are
   * made.
   *
   * @return for the caller to close
   * @throws DeviceException if the work cannot be a graph: it copies to or from the host, waits for
   *     the device, or allocates or frees its memory. The context can be used on
   */
  default Recording record(Runnable work) {
    return new RepeatedWork(usage(), work);
  }

  /**
   * Stops the threads of this context; memory it allocated stays valid.
   *
   * @throws IllegalStateException if a plan or an optimizer is at work with it on another thread
   */
  @Override
  void close();
}
