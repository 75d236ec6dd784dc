package dev.gatun.bindings.generator;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.llvm.clang.CXCursor;
import org.bytedeco.llvm.clang.CXEvalResult;
import org.bytedeco.llvm.clang.CXType;
import org.bytedeco.llvm.global.clang;

/**
 * Values of macros: each becomes the initialiser of a variable in a second parse, and libclang
 * evaluates those that are constant expressions. Others, such as attributes, have no value.
 */
final class MacroReader {
  private static final String PREFIX = "gatun_value_of_";

  private MacroReader() {}

  static List<Declaration> read(
      String path, String text, List<String> names, List<String> arguments) {
    if (names.isEmpty()) {
      return List.of();
    }
    StringBuilder source = new StringBuilder(text).append('\n');
    for (String name : names) {
      source.append("__auto_type " + PREFIX + name + " = " + name + ";\n");
    }
    List<Declaration> constants = new ArrayList<>();
    try (TranslationUnit unit = TranslationUnit.parse(path, source.toString(), arguments, true)) {
      for (CXCursor cursor : unit.cursors()) {
        String name = TranslationUnit.string(clang.clang_getCursorSpelling(cursor));
        if (clang.clang_getCursorKind(cursor) == clang.CXCursor_VarDecl
            && name.startsWith(PREFIX)) {
          String macro = name.substring(PREFIX.length());
          value(cursor).ifPresent(v -> constants.add(new Declaration.Constant(macro, v)));
        }
      }
    }
    return constants;
  }

  private static Optional<Object> value(CXCursor variable) {
    CXEvalResult result = clang.clang_Cursor_Evaluate(variable);
    if (result == null || result.isNull()) {
      return Optional.empty();
    }
    try {
      CXType type = clang.clang_getCanonicalType(clang.clang_getCursorType(variable));
      return switch (clang.clang_EvalResult_getKind(result)) {
        case clang.CXEval_Int -> integer(result, TypeReader.read(type));
        case clang.CXEval_Float -> floating(result, TypeReader.read(type));
        case clang.CXEval_StrLiteral ->
            Optional.of(clang.clang_EvalResult_getAsStr(result).getString(StandardCharsets.UTF_8));
        default -> Optional.empty();
      };
    } finally {
      clang.clang_EvalResult_dispose(result);
    }
  }

  private static Optional<Object> integer(CXEvalResult result, CType type) {
    long value =
        clang.clang_EvalResult_isUnsignedInt(result) != 0
            ? clang.clang_EvalResult_getAsUnsigned(result)
            : clang.clang_EvalResult_getAsLongLong(result);
    if (type == CType.Primitive.LONG || type == CType.Primitive.LONG_LONG) {
      return Optional.of(value);
    }
    return type instanceof CType.Primitive ? Optional.of((int) value) : Optional.empty();
  }

  private static Optional<Object> floating(CXEvalResult result, CType type) {
    double value = clang.clang_EvalResult_getAsDouble(result);
    if (type == CType.Primitive.FLOAT) {
      return Optional.of((float) value);
    }
    return type == CType.Primitive.DOUBLE ? Optional.of(value) : Optional.empty();
  }
}
