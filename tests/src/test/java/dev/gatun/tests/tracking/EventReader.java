package dev.gatun.tests.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Reads event files by protobuf's own parser, with tensorflow's messages described again here. */
final class EventReader {
  private static final FileDescriptor EVENTS = describe();

  private EventReader() {}

  private static FieldDescriptorProto field(
      String name, int number, FieldDescriptorProto.Type type, boolean many) {
    return FieldDescriptorProto.newBuilder()
        .setName(name)
        .setNumber(number)
        .setType(type)
        .setLabel(
            many
                ? FieldDescriptorProto.Label.LABEL_REPEATED
                : FieldDescriptorProto.Label.LABEL_OPTIONAL)
        .build();
  }

  private static FieldDescriptorProto message(String name, int number, String of, boolean many) {
    return field(name, number, FieldDescriptorProto.Type.TYPE_MESSAGE, many).toBuilder()
        .setTypeName(of)
        .build();
  }

  private static FileDescriptor describe() {
    DescriptorProto histogram =
        DescriptorProto.newBuilder()
            .setName("Histogram")
            .addField(field("min", 1, FieldDescriptorProto.Type.TYPE_DOUBLE, false))
            .addField(field("max", 2, FieldDescriptorProto.Type.TYPE_DOUBLE, false))
            .addField(field("num", 3, FieldDescriptorProto.Type.TYPE_DOUBLE, false))
            .addField(field("sum", 4, FieldDescriptorProto.Type.TYPE_DOUBLE, false))
            .addField(field("sum_squares", 5, FieldDescriptorProto.Type.TYPE_DOUBLE, false))
            .addField(field("bucket_limit", 6, FieldDescriptorProto.Type.TYPE_DOUBLE, true))
            .addField(field("bucket", 7, FieldDescriptorProto.Type.TYPE_DOUBLE, true))
            .build();
    DescriptorProto value =
        DescriptorProto.newBuilder()
            .setName("Value")
            .addField(field("tag", 1, FieldDescriptorProto.Type.TYPE_STRING, false))
            .addField(field("simple_value", 2, FieldDescriptorProto.Type.TYPE_FLOAT, false))
            .addField(message("histo", 5, ".Histogram", false))
            .build();
    DescriptorProto event =
        DescriptorProto.newBuilder()
            .setName("Event")
            .addField(field("wall_time", 1, FieldDescriptorProto.Type.TYPE_DOUBLE, false))
            .addField(field("step", 2, FieldDescriptorProto.Type.TYPE_INT64, false))
            .addField(field("file_version", 3, FieldDescriptorProto.Type.TYPE_STRING, false))
            .addField(message("summary", 5, ".Summary", false))
            .build();
    DescriptorProto summary =
        DescriptorProto.newBuilder()
            .setName("Summary")
            .addField(message("value", 1, ".Value", true))
            .build();
    FileDescriptorProto file =
        FileDescriptorProto.newBuilder()
            .setName("event.proto")
            .setSyntax("proto3")
            .addAllMessageType(List.of(histogram, value, summary, event))
            .build();
    try {
      return FileDescriptor.buildFrom(file, new FileDescriptor[0]);
    } catch (DescriptorValidationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The one event file of a folder. */
  static Path file(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      List<Path> events =
          all.filter(f -> f.getFileName().toString().startsWith("events.out.tfevents.")).toList();
      assertEquals(1, events.size(), events.toString());
      return events.getFirst();
    }
  }

  /** Every event; fails if a length, a checksum or a message is wrong. */
  static List<DynamicMessage> events(Path file) throws IOException {
    List<DynamicMessage> events = new ArrayList<>();
    byte[] all = Files.readAllBytes(file);
    ByteBuffer in = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      int at = in.position();
      int length = Math.toIntExact(in.getLong());
      assertEquals(masked(Arrays.copyOfRange(all, at, at + 8)), in.getInt(), "CRC of a length");
      byte[] data = new byte[length];
      in.get(data);
      assertEquals(masked(data), in.getInt(), "CRC of an event");
      events.add(parse(data));
    }
    return events;
  }

  private static DynamicMessage parse(byte[] data) throws InvalidProtocolBufferException {
    DynamicMessage event = DynamicMessage.parseFrom(EVENTS.findMessageTypeByName("Event"), data);
    assertTrue(event.getUnknownFields().asMap().isEmpty(), event.toString());
    return event;
  }

  /** CRC32C bit by bit, from its polynomial (Castagnoli), and tensorflow's mask. */
  private static int masked(byte[] data) {
    int crc = -1;
    for (byte b : data) {
      crc ^= b & 0xff;
      for (int i = 0; i < 8; i++) {
        crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82f63b78);
      }
    }
    crc = ~crc;
    return ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
  }

  /** A field of a message. */
  static Object get(DynamicMessage message, String field) {
    return message.getField(message.getDescriptorForType().findFieldByName(field));
  }

  /** The values of an event's summary. */
  static List<DynamicMessage> values(DynamicMessage event) {
    DynamicMessage summary = (DynamicMessage) get(event, "summary");
    List<DynamicMessage> values = new ArrayList<>();
    ((List<?>) get(summary, "value")).forEach(value -> values.add((DynamicMessage) value));
    return values;
  }
}
