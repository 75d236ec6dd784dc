package dev.gatun.bindings.generator;

import java.util.Optional;
import org.bytedeco.llvm.clang.CXCursor;
import org.bytedeco.llvm.clang.CXType;
import org.bytedeco.llvm.global.clang;

/** Reduces libclang's types to {@link CType}. */
final class TypeReader {
  private TypeReader() {}

  /** The type of a value; an array is one only inside a struct. */
  static CType read(CXType declared) {
    CXType type = clang.clang_getCanonicalType(declared);
    Optional<CType> primitive = primitive(type.kind());
    if (primitive.isPresent()) {
      return primitive.get();
    }
    return switch (type.kind()) {
      case clang.CXType_Void -> new CType.None();
      case clang.CXType_Enum ->
          read(clang.clang_getEnumDeclIntegerType(clang.clang_getTypeDeclaration(type)));
      case clang.CXType_Pointer,
          clang.CXType_IncompleteArray,
          clang.CXType_FunctionProto,
          clang.CXType_FunctionNoProto ->
          new CType.Pointer();
      case clang.CXType_ConstantArray ->
          new CType.Array(
              read(clang.clang_getArrayElementType(type)), clang.clang_getArraySize(type));
      case clang.CXType_Record -> record(type);
      default -> new CType.Unsupported(spelling(declared));
    };
  }

  /** The type of a parameter, where an array is a pointer. */
  static CType parameter(CXType declared) {
    return read(declared) instanceof CType.Array ? new CType.Pointer() : read(declared);
  }

  static String spelling(CXType type) {
    return TranslationUnit.string(clang.clang_getTypeSpelling(type));
  }

  private static CType record(CXType type) {
    CXCursor declaration = clang.clang_getTypeDeclaration(type);
    return clang.clang_Cursor_isAnonymous(declaration) != 0
        ? new CType.Unsupported("anonymous " + spelling(type))
        : new CType.Struct(TranslationUnit.string(clang.clang_getCursorSpelling(declaration)));
  }

  private static Optional<CType> primitive(int kind) {
    CType.Primitive primitive =
        switch (kind) {
          case clang.CXType_Bool -> CType.Primitive.BOOL;
          case clang.CXType_Char_S, clang.CXType_Char_U, clang.CXType_SChar, clang.CXType_UChar ->
              CType.Primitive.CHAR;
          case clang.CXType_Short, clang.CXType_UShort -> CType.Primitive.SHORT;
          case clang.CXType_Int, clang.CXType_UInt -> CType.Primitive.INT;
          case clang.CXType_Long, clang.CXType_ULong -> CType.Primitive.LONG;
          case clang.CXType_LongLong, clang.CXType_ULongLong -> CType.Primitive.LONG_LONG;
          case clang.CXType_Float -> CType.Primitive.FLOAT;
          case clang.CXType_Double -> CType.Primitive.DOUBLE;
          default -> null;
        };
    return Optional.ofNullable(primitive);
  }
}
