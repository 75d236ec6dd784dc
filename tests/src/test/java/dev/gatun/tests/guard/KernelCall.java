package dev.gatun.tests.guard;

import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;

/**
 * One kernel with operands for every size.
 *
 * @param operands what it works on at size n
 * @param body calls it with the operands' addresses
 */
record KernelCall(String name, IntFunction<List<Operand>> operands, Body body) {
  interface Body {
    void run(int n, long[] at);
  }

  enum Kind {
    FLOATS,
    POSITIVE,
    INTS,
    DOUBLES
  }

  /**
   * A block of numbers.
   *
   * @param limit of ints: they are -1 to limit - 1
   */
  record Operand(Kind kind, int count, int limit) {
    long bytes() {
      return (kind == Kind.DOUBLES ? 8L : 4L) * count;
    }

    /** The first contents, as raw bits of 4 bytes each. */
    int[] contents(Random random) {
      int[] bits = new int[(int) (bytes() / 4)];
      for (int i = 0; i < bits.length; i++) {
        bits[i] =
            switch (kind) {
              case FLOATS -> Float.floatToRawIntBits(4 * random.nextFloat() - 2);
              case POSITIVE -> Float.floatToRawIntBits(random.nextFloat());
              case INTS -> random.nextInt(limit + 1) - 1;
              case DOUBLES -> 0;
            };
      }
      return bits;
    }
  }

  static Operand floats(int count) {
    return new Operand(Kind.FLOATS, count, 0);
  }

  static Operand positive(int count) {
    return new Operand(Kind.POSITIVE, count, 0);
  }

  static Operand ints(int count, int limit) {
    return new Operand(Kind.INTS, count, limit);
  }

  static Operand doubles(int count) {
    return new Operand(Kind.DOUBLES, count, 0);
  }
}
