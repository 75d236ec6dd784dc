package dev.gatun.tests.cudadouble;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Objects;

/** What the double tells of itself, and how it is told to fail. */
@SuppressWarnings("restricted") // only ever used in the run that allows it
public final class DoubleState {
  /** For the longest text there is. */
  private static final long ROOM = 8192;

  private static final SymbolLookup LIBRARY =
      SymbolLookup.libraryLookup(
          Objects.requireNonNull(CudaDouble.folder(), "this run has no CUDA double")
              .resolve(CudaDouble.IMPLEMENTATION),
          Arena.global());

  private DoubleState() {}

  /**
   * Makes calls fail, counted from now.
   *
   * @param what {@code "cudaMalloc:3=2,cudnnRNNForward:1=5000"}: the third call of cudaMalloc
   *     returns 2
   */
  public static void fail(String what) {
    try (Arena arena = Arena.ofConfined()) {
      handle("gatunDoubleFail", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS))
          .invokeExact(arena.allocateFrom(what));
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Lets every call work again; forgets counts, complaints and pending errors. */
  public static void reset() {
    try {
      handle("gatunDoubleReset", FunctionDescriptor.ofVoid()).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Gives every device this many bytes until {@link #reset}. */
  public static void memory(long bytes) {
    tell("gatunDoubleMemory", bytes);
  }

  /** Gives the machine this many devices; as many as before for -1. */
  public static void devices(long count) {
    tell("gatunDoubleDevices", count);
  }

  /** Has cuDNN lay the gates of a matrix apart, or side by side as at first. */
  public static void gatesApart(boolean apart) {
    tell("gatunDoubleGatesApart", apart ? 1 : 0);
  }

  /** Gives every device a compute capability, 90 for 9.0. */
  public static void capability(long value) {
    tell("gatunDoubleCapability", value);
  }

  /** Gives every device so many multiprocessors: 132 at first. */
  public static void multiprocessors(long count) {
    tell("gatunDoubleMultiprocessors", count);
  }

  /** Makes cuDNN another version, 92400 for 9.24.0. */
  public static void cudnn(long value) {
    tell("gatunDoubleCudnn", value);
  }

  /**
   * Has every call of one of cuDNN's algorithms take time.
   *
   * @param algorithm {@code cudnnRNNAlgo_t}
   */
  public static void slow(int algorithm, long microseconds) {
    tell("gatunDoubleSlow", algorithm, microseconds);
  }

  /** Has every kernel of ours take time, below a second. */
  public static void slowKernels(long microseconds) {
    tell("gatunDoubleSlowKernels", microseconds);
  }

  /**
   * Has one of an algorithm's results be wrong.
   *
   * @param algorithm {@code cudnnRNNAlgo_t}
   * @param result 1 y, 2 dx, 3 the gradients of weights, 0 none
   */
  public static void wrong(int algorithm, int result) {
    tell("gatunDoubleWrong", algorithm, result);
  }

  private static void tell(String function, long first, long second) {
    try {
      FunctionDescriptor type =
          FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);
      handle(function, type).invokeExact(first, second);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static void tell(String function, long value) {
    try {
      handle(function, FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG)).invokeExact(value);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** How often a function has been called since {@link #reset}. */
  public static long calls(String function) {
    return ask("gatunDoubleCalls", function);
  }

  /** Live handles of a type, such as {@code cudaStream_t} or {@code cudnnHandle_t}. */
  public static long handles(String type) {
    return ask("gatunDoubleHandles", type);
  }

  /** Live blocks of device memory. */
  public static long blocks() {
    return ask("gatunDoubleBlocks");
  }

  /** Bytes of device memory in use. */
  public static long bytes() {
    return ask("gatunDoubleBytes");
  }

  /** Live blocks of pinned host memory. */
  public static long pinned() {
    return ask("gatunDoublePinned");
  }

  /** How many lines the double has written about what a device would punish. */
  public static long complaints() {
    return ask("gatunDoubleComplaints");
  }

  /** The last of those lines; empty if there is none. */
  public static String complaint() {
    return text("gatunDoubleComplaint");
  }

  /** The functions that have been called since {@link #reset}. */
  public static List<String> called() {
    return text("gatunDoubleCalled").lines().toList();
  }

  private static String text(String function) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(ROOM);
      FunctionDescriptor type =
          FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
      handle(function, type).invokeExact(text, ROOM);
      return text.getString(0);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static long ask(String function) {
    try {
      return (long) handle(function, FunctionDescriptor.of(ValueLayout.JAVA_LONG)).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static long ask(String function, String name) {
    try (Arena arena = Arena.ofConfined()) {
      FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);
      return (long) handle(function, type).invokeExact(arena.allocateFrom(name));
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static MethodHandle handle(String function, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(LIBRARY.findOrThrow(function), type);
  }
}
