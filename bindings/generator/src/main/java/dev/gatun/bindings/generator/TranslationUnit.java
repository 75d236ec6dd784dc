package dev.gatun.bindings.generator;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.llvm.clang.CXClientData;
import org.bytedeco.llvm.clang.CXCursor;
import org.bytedeco.llvm.clang.CXCursorVisitor;
import org.bytedeco.llvm.clang.CXDiagnostic;
import org.bytedeco.llvm.clang.CXFile;
import org.bytedeco.llvm.clang.CXIndex;
import org.bytedeco.llvm.clang.CXSourceLocation;
import org.bytedeco.llvm.clang.CXString;
import org.bytedeco.llvm.clang.CXTranslationUnit;
import org.bytedeco.llvm.clang.CXUnsavedFile;
import org.bytedeco.llvm.global.clang;

/**
 * One parsed C source. Nothing of the system is read: the target is fixed and the compiler's own
 * headers come from the LLVM jar, held in memory, because a header that is not found leaves size_t
 * an int without libclang's reporting a failure.
 */
final class TranslationUnit implements AutoCloseable {
  private static final String BUILTIN = "/gatun-builtin/";
  private static final String RESOURCES = "/org/bytedeco/llvm/linux-x86_64/lib/clang/20/include/";

  /** Headers that need no C library, and what they include themselves. */
  private static final List<String> COMPILER_HEADERS =
      List.of(
          "stddef.h",
          "__stddef_header_macro.h",
          "__stddef_max_align_t.h",
          "__stddef_null.h",
          "__stddef_nullptr_t.h",
          "__stddef_offsetof.h",
          "__stddef_ptrdiff_t.h",
          "__stddef_rsize_t.h",
          "__stddef_size_t.h",
          "__stddef_unreachable.h",
          "__stddef_wchar_t.h",
          "__stddef_wint_t.h",
          "stdint.h",
          "stdbool.h",
          "limits.h",
          "float.h",
          "stdarg.h",
          "__stdarg_header_macro.h",
          "__stdarg___gnuc_va_list.h",
          "__stdarg___va_copy.h",
          "__stdarg_va_arg.h",
          "__stdarg_va_copy.h",
          "__stdarg_va_list.h");

  /** Headers of the C library that vendors include for a type or two. */
  private static final Map<String, String> LIBRARY_STUBS =
      Map.of(
          "stdio.h", "typedef struct gatun_FILE FILE;\n",
          "stdlib.h", "#include <stddef.h>\n",
          "string.h", "#include <stddef.h>\n",
          "math.h", "",
          "inttypes.h", "#include <stdint.h>\n#define PRId32 \"d\"\n#define PRId64 \"ld\"\n",
          "complex.h", "#define complex _Complex\n",
          "sched.h", "typedef struct { unsigned long bits[16]; } cpu_set_t;\n");

  private final CXIndex index;
  private final CXTranslationUnit unit;

  private TranslationUnit(CXIndex index, CXTranslationUnit unit) {
    this.index = index;
    this.unit = unit;
  }

  /**
   * Parses C text.
   *
   * @param name the file name that diagnostics give and includes are relative to
   * @param lenient whether errors are left to the caller, as when trying macros as expressions
   * @throws GeneratorException with every error of libclang, unless lenient
   */
  static TranslationUnit parse(String name, String text, List<String> arguments, boolean lenient) {
    Map<String, String> memory = new LinkedHashMap<>();
    memory.put(name, text);
    COMPILER_HEADERS.forEach(header -> memory.put(BUILTIN + header, resource(header)));
    LIBRARY_STUBS.forEach((header, stub) -> memory.put(BUILTIN + header, stub));
    List<String> all = new ArrayList<>();
    all.addAll(List.of("-xc", "-std=c11", "-nostdinc", "-ffreestanding", "-ferror-limit=0"));
    all.addAll(List.of("-target", "x86_64-unknown-linux-gnu", "-isystem", BUILTIN));
    all.addAll(arguments);
    CXIndex index = clang.clang_createIndex(0, 0);
    // The index installs handlers of SIGSEGV, which the JVM needs for its own null checks.
    clang.clang_toggleCrashRecovery(0);
    CXTranslationUnit unit = new CXTranslationUnit();
    int options =
        clang.CXTranslationUnit_DetailedPreprocessingRecord
            | clang.CXTranslationUnit_SkipFunctionBodies
            | (lenient ? clang.CXTranslationUnit_KeepGoing : 0);
    CXUnsavedFile files = new CXUnsavedFile(memory.size());
    List<BytePointer> held = new ArrayList<>(); // libclang reads them during the parse
    int i = 0;
    for (Map.Entry<String, String> file : memory.entrySet()) {
      BytePointer path = new BytePointer(file.getKey(), StandardCharsets.UTF_8);
      BytePointer content = new BytePointer(file.getValue(), StandardCharsets.UTF_8);
      held.add(path);
      held.add(content);
      long length = file.getValue().getBytes(StandardCharsets.UTF_8).length;
      files.position(i++).Filename(path).Contents(content).Length(length);
    }
    files.position(0);
    try (BytePointer path = new BytePointer(name, StandardCharsets.UTF_8);
        PointerPointer<BytePointer> argv = new PointerPointer<>(all.toArray(String[]::new))) {
      int status =
          clang.clang_parseTranslationUnit2(
              index, path, argv, all.size(), files, memory.size(), options, unit);
      if (status != 0) {
        throw new GeneratorException("libclang could not read " + name + ": error " + status);
      }
    } finally {
      held.forEach(BytePointer::close);
      files.close();
    }
    TranslationUnit result = new TranslationUnit(index, unit);
    if (!lenient) {
      result.failOnErrors();
    }
    return result;
  }

  private static String resource(String header) {
    try (InputStream in = TranslationUnit.class.getResourceAsStream(RESOURCES + header)) {
      if (in == null) {
        throw new GeneratorException("the LLVM jar lacks the compiler header " + header);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new GeneratorException("the compiler header " + header + " cannot be read: " + e, e);
    }
  }

  private void failOnErrors() {
    List<String> errors = new ArrayList<>();
    int count = clang.clang_getNumDiagnostics(unit);
    for (int i = 0; i < count; i++) {
      CXDiagnostic diagnostic = clang.clang_getDiagnostic(unit, i);
      if (clang.clang_getDiagnosticSeverity(diagnostic) >= clang.CXDiagnostic_Error) {
        int format = clang.clang_defaultDiagnosticDisplayOptions();
        errors.add(string(clang.clang_formatDiagnostic(diagnostic, format)));
      }
      clang.clang_disposeDiagnostic(diagnostic);
    }
    if (!errors.isEmpty()) {
      close();
      throw new GeneratorException(String.join("\n", errors));
    }
  }

  /** The declarations and macro definitions of the file and all it includes. */
  List<CXCursor> cursors() {
    return children(clang.clang_getTranslationUnitCursor(unit));
  }

  static List<CXCursor> children(CXCursor parent) {
    List<CXCursor> children = new ArrayList<>();
    try (CXCursorVisitor visitor =
        new CXCursorVisitor() {
          @Override
          public int call(CXCursor cursor, CXCursor within, CXClientData data) {
            CXCursor copy = new CXCursor(); // the argument lives on the native stack
            copy.put(cursor);
            children.add(copy);
            return clang.CXChildVisit_Continue;
          }
        }) {
      clang.clang_visitChildren(parent, visitor, null);
    }
    return children;
  }

  /** Whether a person wrote this: in a file that is no compiler or library header. */
  static boolean isUserCode(CXCursor cursor) {
    CXSourceLocation location = clang.clang_getCursorLocation(cursor);
    if (clang.clang_Location_isInSystemHeader(location) != 0) {
      return false;
    }
    try (CXFile file = new CXFile()) {
      clang.clang_getFileLocation(location, file, null, null, (IntPointer) null);
      return !file.isNull();
    }
  }

  /** Such as {@code cblas.h:41}. */
  static String location(CXCursor cursor) {
    try (CXFile file = new CXFile();
        IntPointer line = new IntPointer(1)) {
      clang.clang_getFileLocation(
          clang.clang_getCursorLocation(cursor), file, line, null, (IntPointer) null);
      return file.isNull() ? "" : string(clang.clang_getFileName(file)) + ":" + line.get();
    }
  }

  static String string(CXString value) {
    BytePointer chars = clang.clang_getCString(value);
    String text = chars == null || chars.isNull() ? "" : chars.getString(StandardCharsets.UTF_8);
    clang.clang_disposeString(value);
    return text;
  }

  @Override
  public void close() {
    clang.clang_disposeTranslationUnit(unit);
    clang.clang_disposeIndex(index);
  }
}
