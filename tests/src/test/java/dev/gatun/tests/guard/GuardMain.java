package dev.gatun.tests.guard;

import com.sun.management.ThreadMXBean;
import dev.gatun.bindings.NativeMemory;
import dev.gatun.kernels.Species;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Runs every kernel on operands that each end at a guard page and prints a hash of what it left, by
 * kernel and size.
 *
 * <p>With {@code compiled} it goes on calling until the kernel is compiled (100 000 calls, then
 * until a round allocates nothing), and fails where the bits then differ from the first call's.
 * With {@code once} it calls once, for {@code -Xint}. With {@code overrun} it reads past an
 * operand, to prove the guard.
 */
final class GuardMain {
  private static final int LARGEST = 70;
  private static final int CALLS = 100_000;
  private static final int ROUND = CALLS / LARGEST + 1;
  // C2 compiles in the background, on a loaded machine seconds after it was asked to.
  private static final long PATIENCE_NANOS = 60_000_000_000L;

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final KernelCall call;
  private final int n;
  private final List<KernelCall.Operand> operands;
  private final long[] at;
  private final MemorySegment[] first;
  private final MemorySegment[] memory;

  private GuardMain(KernelCall call, int n, GuardedMemory guarded) {
    this.call = call;
    this.n = n;
    operands = call.operands().apply(n);
    at = new long[operands.size()];
    first = new MemorySegment[at.length];
    memory = new MemorySegment[at.length];
    Random random = new Random(call.name().hashCode() + n);
    for (int i = 0; i < at.length; i++) {
      KernelCall.Operand operand = operands.get(i);
      at[i] = guarded.allocate(operand.bytes());
      memory[i] = NativeMemory.ALL.asSlice(at[i], operand.bytes());
      first[i] = MemorySegment.ofArray(operand.contents(random));
    }
  }

  private void refill() {
    for (int i = 0; i < at.length; i++) {
      memory[i].copyFrom(first[i]);
    }
  }

  private int run() {
    refill();
    call.body().run(n, at);
    int hash = 1;
    for (MemorySegment operand : memory) {
      int[] bits = operand.toArray(ValueLayout.JAVA_INT_UNALIGNED);
      hash = 31 * hash + Arrays.hashCode(bits);
    }
    return hash;
  }

  /** Calls many times on fresh contents and returns the bytes allocated by the last call. */
  private long repeat(int times) {
    long allocated = 0;
    for (int i = 0; i < times; i++) {
      refill();
      long before = threads.getCurrentThreadAllocatedBytes();
      call.body().run(n, at);
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
    }
    return allocated;
  }

  public static void main(String[] args) {
    switch (args[0]) {
      case "overrun" -> overrun();
      case "once" -> KernelCalls.all().forEach(call -> all(call, false));
      case "compiled" -> KernelCalls.all().forEach(call -> all(call, true));
      default -> throw new IllegalArgumentException(args[0]);
    }
    System.out.println("guarded at " + Species.bits() + " bits");
  }

  private static void overrun() {
    try (GuardedMemory guarded = new GuardedMemory()) {
      long last = guarded.allocate(4);
      System.out.println("inside " + NativeMemory.ALL.get(ValueLayout.JAVA_INT_UNALIGNED, last));
      System.out.println(
          "outside " + NativeMemory.ALL.get(ValueLayout.JAVA_INT_UNALIGNED, last + 1));
    }
  }

  private static void all(KernelCall call, boolean compiled) {
    System.err.println(call.name());
    try (GuardedMemory guarded = new GuardedMemory()) {
      List<GuardMain> sizes = new ArrayList<>();
      int[] hashes = new int[LARGEST + 1];
      for (int n = 1; n <= LARGEST; n++) {
        // Interpreted, a size takes milliseconds: tails of every kind, not every size.
        if (compiled || n < 4 || n % 11 == 0) {
          GuardMain size = new GuardMain(call, n, guarded);
          sizes.add(size);
          hashes[n] = size.run();
          System.out.println("hash " + call.name() + " " + n + " " + hashes[n]);
        }
      }
      if (compiled) {
        sizes.forEach(size -> size.repeat(ROUND));
        settle(call, sizes);
        for (GuardMain size : sizes) {
          if (size.run() != hashes[size.n]) {
            throw new AssertionError(call.name() + ": other bits once compiled, at " + size.n);
          }
        }
      }
    }
  }

  /** Calls until no size allocates: C2 has compiled the kernel, tails and all. */
  private static void settle(KernelCall call, List<GuardMain> sizes) {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      long allocated = 0;
      for (GuardMain size : sizes) {
        allocated += size.repeat(20);
      }
      if (allocated == 0) {
        return;
      }
      if (System.nanoTime() > end) {
        throw new AssertionError(call.name() + " still allocates " + allocated + " bytes a round");
      }
    }
  }
}
