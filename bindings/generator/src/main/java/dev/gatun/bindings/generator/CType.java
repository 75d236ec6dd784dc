package dev.gatun.bindings.generator;

/** A C type, reduced to what decides a Java signature and a memory layout. */
public sealed interface CType {
  /** The carrier type in a Java signature. */
  String carrier();

  /** Types with a canonical layout of the linker; enums and typedefs are resolved to these. */
  enum Primitive implements CType {
    BOOL("C_BOOL", "boolean", "OfBoolean", 1),
    CHAR("C_CHAR", "byte", "OfByte", 1),
    SHORT("C_SHORT", "short", "OfShort", 2),
    INT("C_INT", "int", "OfInt", 4),
    LONG("C_LONG", "long", "OfLong", 8),
    LONG_LONG("C_LONG_LONG", "long", "OfLong", 8),
    FLOAT("C_FLOAT", "float", "OfFloat", 4),
    DOUBLE("C_DOUBLE", "double", "OfDouble", 8);

    private final String constant;
    private final String carrier;
    private final String layoutClass;
    private final long size;

    Primitive(String constant, String carrier, String layoutClass, long size) {
      this.constant = constant;
      this.carrier = carrier;
      this.layoutClass = layoutClass;
      this.size = size;
    }

    /** The layout constant of the shared class. */
    public String constant() {
      return constant;
    }

    @Override
    public String carrier() {
      return carrier;
    }

    /** The nested class of {@code ValueLayout}. */
    public String layoutClass() {
      return layoutClass;
    }

    /** Bytes on a 64-bit Unix, which is also the alignment. */
    public long size() {
      return size;
    }
  }

  /** {@code void}, as a result. */
  record None() implements CType {
    @Override
    public String carrier() {
      return "void";
    }
  }

  /** Any data or function pointer, and an array or function as a parameter. */
  record Pointer() implements CType {
    @Override
    public String carrier() {
      return "MemorySegment";
    }
  }

  /** An array inside a struct. */
  record Array(CType element, long count) implements CType {
    @Override
    public String carrier() {
      return "MemorySegment";
    }
  }

  /** A struct or union by value. */
  record Struct(String name) implements CType {
    @Override
    public String carrier() {
      return "MemorySegment";
    }
  }

  /** A type Java code cannot carry; an error as soon as something emitted needs it. */
  record Unsupported(String spelling) implements CType {
    @Override
    public String carrier() {
      throw new GeneratorException("the type " + spelling + " has no Java carrier");
    }
  }
}
