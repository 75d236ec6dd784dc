package dev.gatun.bindings.generator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What cannot be bound is one clear error, and the options leave out what they should. */
@Linux
class GeneratorErrorsTest {
  @TempDir Path folder;
  private Sandbox sandbox;

  @BeforeEach
  void open() {
    sandbox = new Sandbox(folder);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "int printf(const char *format, ...);|function printf: it is variadic",
        "static inline int one(void) { return 1; }|function one: it is static or inline",
        "long double wide(long double x);|function wide: the type long double",
        "float _Complex c(void);|function c: the type _Complex float",
        "struct s { int bits : 3; };|struct s: its field bits is a bit field",
        "struct s { struct { int a; } inside; };|struct s, field inside: anonymous",
        "struct s { struct { int a; }; };|anonymous",
        "struct e { int a; }; struct s { struct e many[2]; };|field many: only arrays of primitives",
        "struct s { char c; int i; } __attribute__((packed));|struct s, field i: packed",
        "struct later; void f(struct later x);|struct later",
        "typedef struct tag { int a; } other_name;|typedef other_name: it renames struct tag",
        "extern int global;|var global: variables are not supported"
      })
  void unsupported(String header, String expected) throws IOException {
    Options options = sandbox.options(header);
    GeneratorException thrown =
        assertThrows(GeneratorException.class, () -> Generator.sources(options));
    assertTrue(String.valueOf(thrown.getMessage()).contains(expected), thrown.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"#include <absent.h>\nint f(void);", "unknown_type f(void);", "int f(int;"})
  void everyClangErrorFails(String header) throws IOException {
    Options options = sandbox.options(header);
    GeneratorException thrown =
        assertThrows(GeneratorException.class, () -> Generator.sources(options));
    assertTrue(String.valueOf(thrown.getMessage()).contains("t.h:1:"), thrown.getMessage());
  }

  @Test
  void includesSelect() throws IOException {
    String header =
        """
        #define KEPT 1
        #define DROPPED 2
        int kept(int x);
        long double dropped(long double x);
        struct kept_too { int a; };
        """;
    Options options =
        sandbox.options(
            header,
            "--include-function",
            "kept",
            "--include-constant",
            "KEPT",
            "--include-struct",
            "kept_too");
    Set<String> names =
        Generator.declarations(options).stream().map(Declaration::name).collect(Collectors.toSet());
    assertEquals(Set.of("kept", "KEPT", "kept_too"), names);
    Options absent = sandbox.options(header, "--include-function", "gone");
    GeneratorException thrown =
        assertThrows(GeneratorException.class, () -> Generator.sources(absent));
    assertTrue(String.valueOf(thrown.getMessage()).endsWith("does not declare function gone"));
  }

  @Test
  void argumentFilesHoldOptionsAndComments() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("x.args"),
            """
            # a comment
            --target-package a.b   # another
            --header-class-name "c_h"
            -D ONE=1 -I include
            -l m
            x.h
            """);
    Options options = Options.parse(List.of("@" + file, "--output", "o"));
    assertEquals("a.b", options.targetPackage());
    assertEquals("c_h", options.headerClass());
    assertEquals(List.of("-DONE=1", "-Iinclude"), options.clangArguments());
    assertEquals(List.of("m"), options.libraries());
    assertEquals(Path.of("x.h"), options.header());
    assertEquals("x_h", Options.parse(List.of("x.h")).headerClass());
  }

  @Test
  void librariesAreOpenedWhereAskedFor() throws IOException {
    Options options = sandbox.options("int f(void);", "-l", "m", "-l", ":/opt/x.so");
    String source = sandbox.source(options, "t_h.java");
    assertTrue(source.contains("SymbolLookup.libraryLookup(System.mapLibraryName(\"m\"), "));
    assertTrue(source.contains("SymbolLookup.libraryLookup(\"/opt/x.so\", LIBRARY_ARENA)"));
    sandbox.compile(options).close();
    Options system = sandbox.options("int f(void);", "-l", "m", "--use-system-load-library");
    String loading = sandbox.source(system, "t_h.java");
    assertTrue(loading.contains("System.loadLibrary(\"m\");"));
    assertFalse(loading.contains("libraryLookup"));
  }

  @ParameterizedTest
  @CsvSource({
    "--frobnicate,option --frobnicate is not supported",
    "--output,option --output lacks its value",
    "@/absent.args,argument file /absent.args does not exist"
  })
  void wrongOptions(String argument, String expected) {
    GeneratorException thrown =
        assertThrows(GeneratorException.class, () -> Options.parse(List.of("x.h", argument)));
    assertTrue(String.valueOf(thrown.getMessage()).contains(expected), thrown.getMessage());
  }

  @Test
  void theHeaderMustExist() {
    Options options = Options.parse(List.of("/absent/x.h"));
    GeneratorException thrown =
        assertThrows(GeneratorException.class, () -> Generator.sources(options));
    assertEquals("header /absent/x.h does not exist", thrown.getMessage());
    GeneratorException none =
        assertThrows(GeneratorException.class, () -> Options.parse(List.of("-I", "x")));
    assertEquals("no header is given", none.getMessage());
  }
}
