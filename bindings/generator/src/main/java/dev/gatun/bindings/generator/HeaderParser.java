package dev.gatun.bindings.generator;

import dev.gatun.bindings.generator.Declaration.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.bytedeco.llvm.clang.CXCursor;
import org.bytedeco.llvm.clang.CXType;
import org.bytedeco.llvm.global.clang;

/** Reads the declarations of a header and of all it includes, except the compiler's headers. */
final class HeaderParser {
  /** By kind and name: a header may declare a thing many times. */
  private final Map<String, Declaration> found = new LinkedHashMap<>();

  private HeaderParser() {}

  /**
   * Parses a header.
   *
   * @throws GeneratorException when it does not exist or is no valid C, with libclang's errors
   */
  static List<Declaration> parse(Path header, List<String> arguments) {
    String text;
    try {
      text = Files.readString(header);
    } catch (NoSuchFileException e) {
      throw new GeneratorException("header " + header + " does not exist", e);
    } catch (IOException e) {
      throw new GeneratorException("header " + header + " cannot be read: " + e, e);
    }
    HeaderParser parser = new HeaderParser();
    List<String> macros = new ArrayList<>();
    String path = header.toAbsolutePath().normalize().toString();
    try (TranslationUnit unit = TranslationUnit.parse(path, text, arguments, false)) {
      for (CXCursor cursor : unit.cursors()) {
        if (!TranslationUnit.isUserCode(cursor)) {
          continue;
        }
        if (clang.clang_getCursorKind(cursor) == clang.CXCursor_MacroDefinition) {
          macro(cursor, macros);
        } else {
          parser.declaration(cursor);
        }
      }
    }
    List<Declaration> all = new ArrayList<>(parser.found.values());
    all.addAll(MacroReader.read(path, text, macros, arguments));
    return all;
  }

  private static void macro(CXCursor cursor, List<String> macros) {
    if (clang.clang_Cursor_isMacroFunctionLike(cursor) == 0
        && clang.clang_Cursor_isMacroBuiltin(cursor) == 0) {
      macros.add(name(cursor));
    }
  }

  private static String name(CXCursor cursor) {
    return TranslationUnit.string(clang.clang_getCursorSpelling(cursor));
  }

  private void declaration(CXCursor cursor) {
    switch (clang.clang_getCursorKind(cursor)) {
      case clang.CXCursor_FunctionDecl -> add(function(cursor));
      case clang.CXCursor_EnumDecl -> constants(cursor);
      case clang.CXCursor_StructDecl -> aggregate(cursor, false);
      case clang.CXCursor_UnionDecl -> aggregate(cursor, true);
      case clang.CXCursor_TypedefDecl -> typedef(cursor);
      case clang.CXCursor_VarDecl ->
          add(new Declaration.Unsupported(name(cursor), "var", "variables are not supported"));
      default -> {} // static assertions and the like declare nothing
    }
  }

  private void add(Declaration declaration) {
    found.put(declaration.kind() + " " + declaration.name(), declaration);
  }

  private static Declaration function(CXCursor cursor) {
    String name = name(cursor);
    CXType type = clang.clang_getCursorType(cursor);
    if (clang.clang_isFunctionTypeVariadic(type) != 0) {
      return new Declaration.Unsupported(
          name, "function", "it is variadic; declare a function with fixed parameters instead");
    }
    if (clang.clang_getCursorLinkage(cursor) != clang.CXLinkage_External) {
      return new Declaration.Unsupported(
          name, "function", "it is static or inline: no library exports it");
    }
    List<Member> parameters = new ArrayList<>();
    StringJoiner prototype = new StringJoiner(", ", "(", ")");
    int count = clang.clang_Cursor_getNumArguments(cursor);
    for (int i = 0; i < count; i++) {
      CXCursor argument = clang.clang_Cursor_getArgument(cursor, i);
      CXType argumentType = clang.clang_getCursorType(argument);
      String argumentName = name(argument);
      parameters.add(new Member(argumentName, TypeReader.parameter(argumentType), 0));
      prototype.add((TypeReader.spelling(argumentType) + " " + argumentName).strip());
    }
    CXType result = clang.clang_getResultType(type);
    return new Declaration.Function(
        name,
        TypeReader.read(result),
        parameters,
        TypeReader.spelling(result) + " " + name + prototype);
  }

  private void constants(CXCursor declaration) {
    boolean wide =
        TypeReader.read(clang.clang_getEnumDeclIntegerType(declaration)) != CType.Primitive.INT;
    for (CXCursor constant : TranslationUnit.children(declaration)) {
      if (clang.clang_getCursorKind(constant) == clang.CXCursor_EnumConstantDecl) {
        long value = clang.clang_getEnumConstantDeclValue(constant);
        // A conditional expression would widen the boxed int.
        Object boxed = value;
        if (!wide) {
          boxed = (int) value;
        }
        add(new Declaration.Constant(name(constant), boxed));
      }
    }
  }

  private void aggregate(CXCursor cursor, boolean union) {
    if (clang.clang_isCursorDefinition(cursor) == 0
        || clang.clang_Cursor_isAnonymous(cursor) != 0) {
      return;
    }
    String name = name(cursor);
    CXType type = clang.clang_getCursorType(cursor);
    List<Member> fields = new ArrayList<>();
    for (CXCursor field : TranslationUnit.children(cursor)) {
      int kind = clang.clang_getCursorKind(field);
      if (kind == clang.CXCursor_StructDecl || kind == clang.CXCursor_UnionDecl) {
        if (clang.clang_Cursor_isAnonymousRecordDecl(field) != 0) {
          add(unsupported(name, union, "it has an anonymous member; name it"));
          return;
        }
        declaration(field);
      } else if (kind == clang.CXCursor_FieldDecl) {
        if (clang.clang_Cursor_isBitField(field) != 0) {
          add(unsupported(name, union, "its field " + name(field) + " is a bit field"));
          return;
        }
        CType fieldType = TypeReader.read(clang.clang_getCursorType(field));
        fields.add(
            new Member(name(field), fieldType, clang.clang_Cursor_getOffsetOfField(field) / 8));
      }
    }
    add(
        new Declaration.Aggregate(
            name,
            union,
            fields,
            clang.clang_Type_getSizeOf(type),
            clang.clang_Type_getAlignOf(type)));
  }

  private static Declaration unsupported(String name, boolean union, String reason) {
    return new Declaration.Unsupported(name, union ? "union" : "struct", reason);
  }

  private void typedef(CXCursor cursor) {
    String name = name(cursor);
    CXType underlying = clang.clang_getTypedefDeclUnderlyingType(cursor);
    CXType canonical = clang.clang_getCanonicalType(underlying);
    if (canonical.kind() == clang.CXType_Pointer) {
      CXType pointee = clang.clang_getPointeeType(canonical);
      if (pointee.kind() == clang.CXType_FunctionProto) {
        add(callback(name, cursor, pointee));
        return;
      }
    }
    CType type = TypeReader.read(underlying);
    if (canonical.kind() == clang.CXType_Enum) {
      return; // its constants are all there is to it
    }
    switch (type) {
      case CType.Primitive primitive -> add(new Declaration.Alias(name, primitive));
      case CType.Pointer pointer -> add(new Declaration.Alias(name, pointer));
      case CType.Struct struct -> {
        if (!struct.name().equals(name)) {
          String reason = "it renames struct " + struct.name() + "; use that name";
          add(new Declaration.Unsupported(name, "typedef", reason));
        }
      }
      default -> {
        String reason = "its type is " + TypeReader.spelling(underlying) + "; give structs a tag";
        add(new Declaration.Unsupported(name, "typedef", reason));
      }
    }
  }

  private static Declaration callback(String name, CXCursor cursor, CXType type) {
    if (clang.clang_isFunctionTypeVariadic(type) != 0) {
      return new Declaration.Unsupported(name, "typedef", "it is a variadic function pointer");
    }
    List<String> names = new ArrayList<>();
    for (CXCursor child : TranslationUnit.children(cursor)) {
      if (clang.clang_getCursorKind(child) == clang.CXCursor_ParmDecl) {
        names.add(name(child));
      }
    }
    List<Member> parameters = new ArrayList<>();
    int count = clang.clang_getNumArgTypes(type);
    for (int i = 0; i < count; i++) {
      CType parameter = TypeReader.parameter(clang.clang_getArgType(type, i));
      parameters.add(new Member(names.size() == count ? names.get(i) : "", parameter, 0));
    }
    return new Declaration.Callback(
        name,
        TypeReader.read(clang.clang_getResultType(type)),
        parameters,
        "typedef "
            + TypeReader.spelling(clang.clang_getTypedefDeclUnderlyingType(cursor))
            + " "
            + name);
  }
}
