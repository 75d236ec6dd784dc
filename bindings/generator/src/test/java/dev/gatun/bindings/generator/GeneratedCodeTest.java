package dev.gatun.bindings.generator;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generated code compiles without a warning and calls the C library rightly. */
@Linux
class GeneratedCodeTest {
  @TempDir Path folder;
  private Sandbox sandbox;

  @BeforeEach
  void open() {
    sandbox = new Sandbox(folder);
  }

  @Test
  void functions() throws Throwable {
    Options options =
        sandbox.options(
            """
            #include <stddef.h>
            size_t strlen(const char *s);
            double ldexp(double x, int exp);
            int absent_function(int import);
            """);
    try (var loader = sandbox.compile(options);
        Arena arena = Arena.ofConfined()) {
      assertEquals(5L, Sandbox.call(loader, "t_h", "strlen", arena.allocateFrom("gates")));
      assertEquals(12.0, Sandbox.call(loader, "t_h", "ldexp", 1.5, 3));
      var descriptor = (FunctionDescriptor) Sandbox.call(loader, "t_h", "ldexp$descriptor");
      assertEquals(
          FunctionDescriptor.of(
              ValueLayout.JAVA_DOUBLE, ValueLayout.JAVA_DOUBLE, ValueLayout.JAVA_INT),
          descriptor);
      var handle = (MethodHandle) Sandbox.call(loader, "t_h", "ldexp$handle");
      assertEquals(6.0, (double) handle.invokeExact(1.5, 2));
      var address = (MemorySegment) Sandbox.call(loader, "t_h", "ldexp$address");
      assertNotEquals(0, address.address());
      // A missing symbol fails at its own first use, not when the header class loads.
      AssertionError missing =
          assertThrows(
              AssertionError.class, () -> Sandbox.call(loader, "t_h", "absent_function", 1));
      assertInstanceOf(ExceptionInInitializerError.class, missing.getCause());
    }
  }

  @Test
  void structsByValue() throws Exception {
    Options options =
        sandbox.options(
            """
            struct quotient { int quot; int rem; };
            struct quotient div(int numerator, int denominator);
            """);
    try (var loader = sandbox.compile(options);
        Arena arena = Arena.ofConfined()) {
      Method div =
          loader.loadClass("p.t_h").getMethod("div", SegmentAllocator.class, int.class, int.class);
      MemorySegment result = (MemorySegment) div.invoke(null, arena, 17, 5);
      assertEquals(3, Sandbox.call(loader, "quotient", "quot", result));
      assertEquals(2, Sandbox.call(loader, "quotient", "rem", result));
    }
  }

  @Test
  void structLayoutsAndAccessors() throws Exception {
    Options options =
        sandbox.options(
            """
            struct inner { char tag; double value; };
            union either { int i; float f; char pad[16]; };
            struct outer {
              char first;
              struct inner nested;
              union either choice;
              int numbers[3];
              const char *default;
            };
            """
                .replace("*default", "*class"));
    try (var loader = sandbox.compile(options);
        Arena arena = Arena.ofConfined()) {
      GroupLayout layout = (GroupLayout) Sandbox.call(loader, "outer", "layout");
      assertEquals(64, layout.byteSize());
      assertEquals(64L, Sandbox.call(loader, "outer", "sizeof"));
      assertEquals(8L, Sandbox.call(loader, "outer", "nested$offset"));
      assertEquals(24L, Sandbox.call(loader, "outer", "choice$offset"));
      assertEquals(40L, Sandbox.call(loader, "outer", "numbers$offset"));
      assertEquals(40, layout.byteOffset(MemoryLayout.PathElement.groupElement("numbers")));
      var array = (MemorySegment) Sandbox.call(loader, "outer", "allocateArray", 3L, arena);
      assertEquals(192, array.byteSize());
      var second = (MemorySegment) Sandbox.call(loader, "outer", "asSlice", array, 1L);
      Sandbox.call(loader, "outer", "first", second, (byte) 7);
      assertEquals((byte) 7, array.get(ValueLayout.JAVA_BYTE, 64));
      var nested = (MemorySegment) Sandbox.call(loader, "outer", "nested", second);
      Sandbox.call(loader, "inner", "value", nested, 2.5);
      assertEquals(2.5, array.get(ValueLayout.JAVA_DOUBLE, 64 + 16));
      Sandbox.call(loader, "outer", "numbers", second, 2L, 11);
      assertEquals(11, Sandbox.call(loader, "outer", "numbers", second, 2L));
      assertEquals(11, array.get(JAVA_INT, 64 + 48));
      Sandbox.call(loader, "outer", "class_", second, MemorySegment.ofAddress(99));
      assertEquals(99, array.get(ValueLayout.JAVA_LONG, 64 + 56));
      var choice = (MemorySegment) Sandbox.call(loader, "outer", "choice", second);
      Sandbox.call(loader, "either", "f", choice, 1f);
      assertEquals(0x3f800000, Sandbox.call(loader, "either", "i", choice));
      assertEquals(16L, Sandbox.call(loader, "either", "sizeof"));
    }
  }

  @Test
  void functionPointersAreCalledBothWays() throws Exception {
    Options options =
        sandbox.options(
            """
            #include <stddef.h>
            typedef int (*comparison)(const void *a, const void *b);
            void qsort(void *base, size_t count, size_t size, comparison compare);
            """);
    try (var loader = sandbox.compile(options);
        Arena arena = Arena.ofConfined()) {
      Class<?> type = loader.loadClass("p.comparison$Function");
      Object descending =
          Proxy.newProxyInstance(
              loader, new Class<?>[] {type}, (proxy, method, segments) -> compare(segments));
      Method allocate = loader.loadClass("p.comparison").getMethod("allocate", type, Arena.class);
      MemorySegment pointer = (MemorySegment) allocate.invoke(null, descending, arena);
      MemorySegment numbers = arena.allocateFrom(JAVA_INT, 3, 9, 1, 5);
      Sandbox.call(loader, "t_h", "qsort", numbers, 4L, 4L, pointer);
      assertEquals("[9, 5, 3, 1]", Arrays.toString(numbers.toArray(JAVA_INT)));
      Object sign =
          Sandbox.call(loader, "comparison", "invoke", pointer, numbers, numbers.asSlice(4));
      assertEquals(-1, sign);
    }
  }

  private static int compare(Object[] segments) {
    int a = ((MemorySegment) segments[0]).get(JAVA_INT, 0);
    int b = ((MemorySegment) segments[1]).get(JAVA_INT, 0);
    return Integer.compare(b, a);
  }

  @Test
  void constantsOfEveryKind() throws Exception {
    Options options =
        sandbox.options(
            """
            #define PLAIN 42
            #define NEGATIVE (-7)
            #define SHIFTED (1U << 31)
            #define FROM_ENUM (1U << THIRD)
            #define WIDE 0x100000000LL
            #define ALL_ONES (0ULL - 1)
            #define REAL 1.5e-3
            #define SINGLE 2.5f
            #define TEXT "a \\"quoted\\" line\\n"
            #define EMPTY
            #define ATTRIBUTE __attribute__((deprecated))
            #define CALL(x) (x)
            enum ordinal { FIRST = -1, SECOND, THIRD = 3 };
            enum wide { HUGE_VALUE = 0x7fffffffffffffffLL };
            """);
    try (var loader = sandbox.compile(options)) {
      assertEquals(42, Sandbox.call(loader, "t_h", "PLAIN"));
      assertEquals(-7, Sandbox.call(loader, "t_h", "NEGATIVE"));
      assertEquals(Integer.MIN_VALUE, Sandbox.call(loader, "t_h", "SHIFTED"));
      assertEquals(8, Sandbox.call(loader, "t_h", "FROM_ENUM"));
      assertEquals(1L << 32, Sandbox.call(loader, "t_h", "WIDE"));
      assertEquals(-1L, Sandbox.call(loader, "t_h", "ALL_ONES"));
      assertEquals(1.5e-3, Sandbox.call(loader, "t_h", "REAL"));
      assertEquals(2.5f, Sandbox.call(loader, "t_h", "SINGLE"));
      var text = (MemorySegment) Sandbox.call(loader, "t_h", "TEXT");
      assertEquals("a \"quoted\" line\n", text.getString(0));
      assertEquals(-1, Sandbox.call(loader, "t_h", "FIRST"));
      assertEquals(0, Sandbox.call(loader, "t_h", "SECOND"));
      assertEquals(Long.MAX_VALUE, Sandbox.call(loader, "t_h", "HUGE_VALUE"));
      for (String absent : new String[] {"EMPTY", "ATTRIBUTE", "CALL"}) {
        assertThrows(AssertionError.class, () -> Sandbox.call(loader, "t_h", absent), absent);
      }
    }
  }

  @Test
  void typedefsAndSharedLayouts() throws Exception {
    Options options =
        sandbox.options(
            """
            #include <stddef.h>
            typedef unsigned int mask_t;
            typedef size_t length_t;
            typedef struct hidden *handle_t;
            """);
    try (var loader = sandbox.compile(options)) {
      Class<?> header = loader.loadClass("p.t_h");
      assertEquals("t_h$shared", header.getSuperclass().getSimpleName());
      assertEquals(ValueLayout.OfInt.class, header.getField("mask_t").getType());
      assertEquals(ValueLayout.OfLong.class, header.getField("length_t").getType());
      assertEquals(header.getField("C_POINTER").get(null), header.getField("handle_t").get(null));
      for (String type : new String[] {"bool", "char", "short", "int", "long", "float", "double"}) {
        Field layout = header.getField("C_" + type.toUpperCase(java.util.Locale.ROOT));
        assertEquals(Linker.nativeLinker().canonicalLayouts().get(type), layout.get(null));
      }
    }
  }
}
