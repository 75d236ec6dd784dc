package dev.gatun.bindings.generator;

import java.util.List;

/** Something a header declares, in the order of the header. */
public sealed interface Declaration {
  /** The C name. */
  String name();

  /** The kind as the include options name it. */
  String kind();

  /** A parameter of a function or a field of a struct, at its byte offset. */
  record Member(String name, CType type, long offset) {}

  /**
   * A function with external linkage.
   *
   * @param prototype the C declaration, for the Javadoc
   */
  record Function(String name, CType result, List<Member> parameters, String prototype)
      implements Declaration {
    /** Copies the list. */
    public Function {
      parameters = List.copyOf(parameters);
    }

    @Override
    public String kind() {
      return "function";
    }
  }

  /**
   * A constant of an enum or a macro.
   *
   * @param value an Integer, Long, Float, Double or String
   */
  record Constant(String name, Object value) implements Declaration {
    @Override
    public String kind() {
      return "constant";
    }
  }

  /** A struct or union; sizes in bytes. */
  record Aggregate(String name, boolean union, List<Member> fields, long size, long alignment)
      implements Declaration {
    /** Copies the list. */
    public Aggregate {
      fields = List.copyOf(fields);
    }

    @Override
    public String kind() {
      return union ? "union" : "struct";
    }
  }

  /** A name for a primitive or a data pointer. */
  record Alias(String name, CType type) implements Declaration {
    @Override
    public String kind() {
      return "typedef";
    }
  }

  /** A name for a function pointer. */
  record Callback(String name, CType result, List<Member> parameters, String prototype)
      implements Declaration {
    /** Copies the list. */
    public Callback {
      parameters = List.copyOf(parameters);
    }

    @Override
    public String kind() {
      return "typedef";
    }
  }

  /** A declaration the generator cannot bind; an error unless the include options leave it out. */
  record Unsupported(String name, String kind, String reason) implements Declaration {}
}
