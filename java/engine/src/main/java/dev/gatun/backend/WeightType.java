package dev.gatun.backend;

/** How the matrices of a recurrent stack are kept for inference. States and sums are float32. */
public enum WeightType {
  /** As trained. */
  FLOAT32("fp32"),
  /** Rounded to 8 significant bits, ties to even: half the bytes to read. */
  BFLOAT16("bf16"),
  /**
   * Rounded to multiples of 1/127 of the largest magnitude in the row (a unit's weights of one
   * gate): a quarter of the bytes to read.
   */
  INT8("int8");

  private final String label;

  WeightType(String label) {
    this.label = label;
  }

  /** Its name on the command line and in files: {@code fp32}, {@code bf16}, {@code int8}. */
  public String label() {
    return label;
  }

  /** The nearest bfloat16 to a finite float, ties to even, as the upper half of a float. */
  public static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
  }

  /** The value of a bfloat16. */
  public static float fromBfloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** What {@link #INT8}'s steps are worth in a row whose largest magnitude is {@code largest}. */
  public static float int8Scale(float largest) {
    return largest / 127f;
  }

  /** The steps nearest to a weight of a row with that scale, -127 to 127; 0 where the scale is. */
  public static byte toInt8(float value, float scale) {
    return scale == 0 ? 0 : (byte) Math.clamp(Math.rint(value / scale), -127, 127);
  }
}
