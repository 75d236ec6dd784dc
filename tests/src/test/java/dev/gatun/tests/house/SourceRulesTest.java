package dev.gatun.tests.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.BlockTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LineMap;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The sizes of files, methods and parameter lists that CONTRIBUTING.md gives, on all sources. */
class SourceRulesTest {
  private static final int METHOD_LINES = 60;
  private static final int PARAMETERS = 8;

  /**
   * Lines of the methods that may be longer: tiles of 4 x 4 and 3 x 4 vectors, unrolled. Helpers
   * for parts of it are not sure to be inlined, and a vector that goes to one that is not is boxed.
   */
  private static final Map<String, Integer> UNROLLED = Map.of("rows4", 90, "rows3", 70);

  private static final int FILE_LINES = 400;
  private static final int KERNEL_FILE_LINES = 500;

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(Checkout.ROOT)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .filter(file -> file.toString().contains("/src/main/java/"))
          .filter(file -> !file.toString().contains("/bindings/generated/"))
          .filter(file -> !file.toString().contains("/target/"))
          .sorted()
          .toList();
    }
  }

  private static boolean isKernel(Path file) {
    return file.startsWith(Checkout.ROOT.resolve("kernels"));
  }

  @Test
  void filesAreShort() throws IOException {
    List<String> long_ = new ArrayList<>();
    for (Path file : sources()) {
      int lines = Files.readAllLines(file).size();
      if (lines > (isKernel(file) ? KERNEL_FILE_LINES : FILE_LINES)) {
        long_.add(Checkout.ROOT.relativize(file) + ": " + lines + " lines");
      }
    }
    assertEquals(List.of(), long_);
  }

  @Test
  void methodsAndParameterListsAreShort() throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<String> found = new ArrayList<>();
    int[] methods = new int[1];
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null, files, null, null, null, files.getJavaFileObjectsFromPaths(sources()));
      SourcePositions positions = Trees.instance(task).getSourcePositions();
      for (CompilationUnitTree unit : task.parse()) {
        Path file = Path.of(unit.getSourceFile().toUri());
        new Methods(unit, positions, isKernel(file)) {
          @Override
          void method(String name, int lines, int parameters, boolean tooLong) {
            methods[0]++;
            if (tooLong) {
              found.add(
                  "%s: %s has %d lines and %d parameters"
                      .formatted(Checkout.ROOT.relativize(file), name, lines, parameters));
            }
          }
        }.scan(unit, null);
      }
    }
    assertEquals(List.of(), found);
    assertTrue(methods[0] > 1000, "only " + methods[0] + " methods were looked at");
  }

  /** Every method with a body, those of local and anonymous classes too. */
  private abstract static class Methods extends TreeScanner<@Nullable Void, @Nullable Void> {
    private final CompilationUnitTree unit;
    private final SourcePositions positions;
    private final boolean kernel;
    private boolean inRecord;

    Methods(CompilationUnitTree unit, SourcePositions positions, boolean kernel) {
      this.unit = unit;
      this.positions = positions;
      this.kernel = kernel;
    }

    abstract void method(String name, int lines, int parameters, boolean tooLong);

    @Override
    public @Nullable Void visitClass(ClassTree type, @Nullable Void none) {
      boolean outer = inRecord;
      inRecord = type.getKind() == Tree.Kind.RECORD;
      super.visitClass(type, null);
      inRecord = outer;
      return null;
    }

    @Override
    public @Nullable Void visitMethod(MethodTree method, @Nullable Void none) {
      int parameters = method.getParameters().size();
      // A record is what a long list is to become.
      boolean free = kernel || (inRecord && method.getName().contentEquals("<init>"));
      int lines = lines(method);
      String name = method.getName().toString();
      int most = kernel ? UNROLLED.getOrDefault(name, METHOD_LINES) : METHOD_LINES;
      boolean tooLong = lines > most || (parameters > PARAMETERS && !free);
      method(name, lines, parameters, tooLong);
      return super.visitMethod(method, null);
    }

    /** From the line of the declaration, without comment and annotations, to its brace. */
    private int lines(MethodTree method) {
      BlockTree body = method.getBody();
      Tree type = method.getReturnType();
      long start = positions.getStartPosition(unit, type == null ? method : type);
      long end = positions.getEndPosition(unit, body == null ? method : body);
      if (start < 0 || end < 0) {
        return 1;
      }
      LineMap map = unit.getLineMap();
      return (int) (map.getLineNumber(end) - map.getLineNumber(start) + 1);
    }
  }
}
