package dev.gatun.kernels;

import dev.gatun.bindings.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The one vector width of all kernels: the machine's preferred one, or a smaller one by the system
 * property {@code gatun.vector.bits} (128, 256 or 512).
 *
 * <p>Kernels call the Vector API directly and pass no vector or mask to a method of their own: once
 * a method fills C2's node budget for inlining (NodeCountInliningCutoff; two tanh do), only the
 * API's own forced methods are still inlined, and a call that is not allocates its vectors.
 *
 * <p>The species are constants and never passed around: a loop that has seen three species
 * allocates 78 kB a call.
 */
public final class Species {
  /** The system property that narrows the vectors. */
  public static final String PROPERTY = "gatun.vector.bits";

  static final VectorSpecies<Float> F = choose(System.getProperty(PROPERTY));
  static final VectorSpecies<Integer> I = F.withLanes(int.class);
  static final VectorSpecies<Long> L = F.withLanes(long.class);
  static final VectorSpecies<Double> D = F.withLanes(double.class);

  /** As many floats as {@link #D} has doubles. */
  static final VectorSpecies<Float> HALF =
      VectorSpecies.of(float.class, VectorShape.forBitSize(F.vectorBitSize() / 2));

  static final int LANES = F.length();
  static final int HALF_LANES = HALF.length();
  static final long BYTES = F.vectorByteSize();
  static final long HALF_BYTES = HALF.vectorByteSize();

  // Lane i takes lane i + 8, 4 or 2: the steps of a sum over lanes in one fixed order. reduceLanes
  // gives other bits interpreted than compiled.
  static final VectorShuffle<Float> ROTATE_8 = VectorShuffle.iota(F, 8, 1, true);
  static final VectorShuffle<Float> ROTATE_4 = VectorShuffle.iota(F, 4, 1, true);
  static final VectorShuffle<Double> ROTATE_4_DOUBLES = VectorShuffle.iota(D, 4, 1, true);
  static final VectorShuffle<Double> ROTATE_2_DOUBLES = VectorShuffle.iota(D, 2, 1, true);

  // A vector that is broadcast once, for a loop and its masked tail, is one that C2 leaves on the
  // heap where it inlines late: docs/decisions/0007. A constant is there already. But not as the
  // start of a sum: merged with a constant, a sum is an object in every round.
  static final FloatVector ZERO = FloatVector.zero(F);
  static final FloatVector ONE = FloatVector.broadcast(F, 1f);

  static final ByteOrder ORDER = ByteOrder.nativeOrder();
  static final MemorySegment ALL = NativeMemory.ALL;
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  static {
    // A mask with lanes on the heap loads the segments of arrays. Loaded after kernels have been
    // compiled for native segments alone, they make the JVM throw those away: 0.4 s of a start.
    MemorySegment.ofArray(new byte[1]);
  }

  private Species() {}

  /** Bits in a vector: 128, 256 or 512. */
  public static int bits() {
    return F.vectorBitSize();
  }

  /** Floats in a vector: 4, 8 or 16. */
  public static int lanes() {
    return LANES;
  }

  private static VectorSpecies<Float> choose(String property) {
    VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
    if (property == null) {
      return preferred.vectorBitSize() > 512 ? FloatVector.SPECIES_512 : preferred;
    }
    VectorSpecies<Float> species =
        switch (property.strip()) {
          case "128" -> FloatVector.SPECIES_128;
          case "256" -> FloatVector.SPECIES_256;
          case "512" -> FloatVector.SPECIES_512;
          default ->
              throw new IllegalArgumentException(
                  PROPERTY + "=" + property + ": expected 128, 256 or 512");
        };
    if (species.vectorBitSize() > preferred.vectorBitSize()) {
      // A species wider than the machine's falls back to Java objects: 30 to 40 times slower.
      throw new IllegalArgumentException(
          PROPERTY
              + "="
              + property
              + ": this machine's vectors have "
              + preferred.vectorBitSize()
              + " bits; choose at most that");
    }
    return species;
  }

  static float getFloat(long address) {
    return ALL.get(FLOAT, address);
  }

  static void setFloat(long address, float value) {
    ALL.set(FLOAT, address, value);
  }

  static int getInt(long address) {
    return ALL.get(INT, address);
  }

  static void setInt(long address, int value) {
    ALL.set(INT, address, value);
  }
}
