package dev.gatun.bench.peers;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Writes a model in ONNX's file format: protobuf messages with the field numbers of onnx.proto3
 * (github.com/onnx/onnx, IR version 8), as far as a stack of recurrent operators needs them.
 */
final class OnnxModel {
  private static final int IR_VERSION = 8;

  /** The first with today's LSTM, GRU and RNN. */
  private static final int OPERATOR_SET = 14;

  private static final int FLOAT = 1;
  private static final int INT64 = 7;

  private final Message graph = new Message();

  OnnxModel() {
    graph.text(2, "stack");
  }

  /** A constant. */
  void weight(String name, float[] values, long... shape) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    constant(name, FLOAT, bytes.array(), shape);
  }

  /** A constant of whole numbers. */
  void numbers(String name, long... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asLongBuffer().put(values);
    constant(name, INT64, bytes.array(), values.length);
  }

  private void constant(String name, int type, byte[] bytes, long... shape) {
    Message tensor = new Message();
    for (long size : shape) {
      tensor.number(1, size);
    }
    graph.message(5, tensor.number(2, type).text(8, name).bytes(9, bytes));
  }

  /** An input of the model, of floats. */
  void input(String name, long... shape) {
    graph.message(11, value(name, shape));
  }

  /** An output of the model, of floats. */
  void output(String name, long... shape) {
    graph.message(12, value(name, shape));
  }

  private static Message value(String name, long... shape) {
    Message dimensions = new Message();
    for (long size : shape) {
      dimensions.message(1, new Message().number(1, size));
    }
    Message tensor = new Message().number(1, FLOAT).message(2, dimensions);
    return new Message().text(1, name).message(2, new Message().message(1, tensor));
  }

  /** An operator to be filled and then added with {@link #add}. */
  static Node node(String operator) {
    return new Node(operator);
  }

  /** Adds an operator after those that give its inputs. */
  void add(Node node) {
    graph.message(1, node.message);
  }

  /** The file. */
  byte[] bytes() {
    return new Message()
        .number(1, IR_VERSION)
        .message(7, graph)
        .message(8, new Message().text(1, "").number(2, OPERATOR_SET))
        .bytes();
  }

  /** An operator. */
  static final class Node {
    private final Message message = new Message();

    private Node(String operator) {
      message.text(4, operator);
    }

    /** Its inputs by name; empty for one that is left out. */
    Node inputs(String... names) {
      for (String name : names) {
        message.text(1, name);
      }
      return this;
    }

    /** Its outputs by name. */
    Node outputs(String... names) {
      for (String name : names) {
        message.text(2, name);
      }
      return this;
    }

    /** A whole number among its attributes. */
    Node attribute(String name, long value) {
      message.message(5, new Message().text(1, name).number(3, value).number(20, 2));
      return this;
    }

    /** A list of one text among its attributes. */
    Node attribute(String name, String value) {
      message.message(5, new Message().text(1, name).text(9, value).number(20, 8));
      return this;
    }
  }

  /** A protobuf message: fields one after the other, each with its number and wire type. */
  private static final class Message {
    private static final int VARINT = 0;
    private static final int LENGTH_DELIMITED = 2;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Message number(int field, long value) {
      varint(((long) field << 3) | VARINT);
      varint(value);
      return this;
    }

    Message text(int field, String value) {
      return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Message message(int field, Message value) {
      return bytes(field, value.bytes());
    }

    Message bytes(int field, byte[] value) {
      varint(((long) field << 3) | LENGTH_DELIMITED);
      varint(value.length);
      out.writeBytes(value);
      return this;
    }

    byte[] bytes() {
      return out.toByteArray();
    }

    /** Seven bits a byte, the lowest first; the top bit says that more follow. */
    private void varint(long value) {
      long rest = value;
      while ((rest & ~0x7FL) != 0) {
        out.write((int) ((rest & 0x7F) | 0x80));
        rest >>>= 7;
      }
      out.write((int) rest);
    }
  }
}
