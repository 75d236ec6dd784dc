package dev.gatun.app.tracking;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A message of protocol buffers while it is written: protobuf.dev/programming-guides/encoding. */
final class Message {
  private static final int VARINT = 0;
  private static final int EIGHT_BYTES = 1;
  private static final int LENGTH = 2;
  private static final int FOUR_BYTES = 5;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private void tag(int field, int type) {
    varint(((long) field << 3) | type);
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  Message put(int field, long value) {
    tag(field, VARINT);
    varint(value);
    return this;
  }

  Message put(int field, double value) {
    tag(field, EIGHT_BYTES);
    byte[] bytes = new byte[Double.BYTES];
    little(bytes).putDouble(value);
    out.writeBytes(bytes);
    return this;
  }

  Message put(int field, float value) {
    tag(field, FOUR_BYTES);
    byte[] bytes = new byte[Float.BYTES];
    little(bytes).putFloat(value);
    out.writeBytes(bytes);
    return this;
  }

  Message put(int field, String value) {
    return put(field, value.getBytes(StandardCharsets.UTF_8));
  }

  Message put(int field, Message value) {
    return put(field, value.bytes());
  }

  /** Many numbers, packed. */
  Message put(int field, double[] values) {
    byte[] bytes = new byte[values.length * Double.BYTES];
    ByteBuffer packed = little(bytes);
    for (double value : values) {
      packed.putDouble(value);
    }
    return put(field, bytes);
  }

  private Message put(int field, byte[] value) {
    tag(field, LENGTH);
    varint(value.length);
    out.writeBytes(value);
    return this;
  }

  byte[] bytes() {
    return out.toByteArray();
  }
}
