package dev.gatun.kernels;

import dev.gatun.bindings.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The one vector width of all kernels: the machine's preferred one, or a smaller one by the system
 * property {@code gatun.vector.bits} (128, 256 or 512).
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

  static final ByteOrder ORDER = ByteOrder.nativeOrder();
  static final MemorySegment ALL = NativeMemory.ALL;
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

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

  static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F, ALL, address, ORDER);
  }

  static FloatVector load(long address, VectorMask<Float> mask) {
    return FloatVector.fromMemorySegment(F, ALL, address, ORDER, mask);
  }

  static void store(FloatVector v, long address) {
    v.intoMemorySegment(ALL, address, ORDER);
  }

  static void store(FloatVector v, long address, VectorMask<Float> mask) {
    v.intoMemorySegment(ALL, address, ORDER, mask);
  }

  static IntVector loadInts(long address) {
    return IntVector.fromMemorySegment(I, ALL, address, ORDER);
  }

  /** Loads {@link #HALF_LANES} floats as doubles. */
  static DoubleVector loadAsDoubles(long address) {
    return (DoubleVector) FloatVector.fromMemorySegment(HALF, ALL, address, ORDER).castShape(D, 0);
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

  /** The first {@code count} lanes, {@code count} at most {@link #LANES} counting. */
  static VectorMask<Float> first(long count) {
    return F.indexInRange(0L, count);
  }

  /** Sum of all lanes in one fixed order, the same interpreted and compiled, in double. */
  static double sum(FloatVector v) {
    double s = sum4(v.lane(0), v.lane(1), v.lane(2), v.lane(3));
    if (LANES >= 8) {
      s += sum4(v.lane(4), v.lane(5), v.lane(6), v.lane(7));
    }
    if (LANES >= 16) {
      s +=
          sum4(v.lane(8), v.lane(9), v.lane(10), v.lane(11))
              + sum4(v.lane(12), v.lane(13), v.lane(14), v.lane(15));
    }
    return s;
  }

  /** Sum of all lanes in one fixed order, the same interpreted and compiled. */
  static double sum(DoubleVector v) {
    double s = v.lane(0) + v.lane(1);
    if (LANES >= 8) {
      s += v.lane(2) + v.lane(3);
    }
    if (LANES >= 16) {
      s += sum4(v.lane(4), v.lane(5), v.lane(6), v.lane(7));
    }
    return s;
  }

  private static double sum4(double a, double b, double c, double d) {
    return (a + b) + (c + d);
  }
}
