package dev.gatun.bindings.generator;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Generates from a header's text into a folder, and compiles and runs what came out. */
final class Sandbox {
  private final Path folder;

  Sandbox(Path folder) {
    this.folder = folder;
  }

  /**
   * Options for a header {@code t.h} of this text, with package {@code p} and class {@code t_h}.
   */
  Options options(String header, String... more) throws IOException {
    Path file = Files.writeString(folder.resolve("t.h"), header);
    List<String> arguments = new ArrayList<>(List.of("--target-package", "p"));
    arguments.addAll(List.of("--output", folder.resolve("out").toString()));
    arguments.addAll(List.of(more));
    arguments.add(file.toString());
    return Options.parse(arguments);
  }

  /** The text of a generated file. */
  String source(Options options, String name) {
    return Objects.requireNonNull(Generator.sources(options).get(name), name);
  }

  /** Generates, compiles with every lint javac knows, and loads. */
  URLClassLoader compile(Options options) throws IOException {
    Path sources = Generator.write(options);
    Path classes = Files.createDirectories(folder.resolve("classes"));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
        Stream<Path> list = Files.list(sources)) {
      List<String> flags =
          List.of("-d", classes.toString(), "-Xlint:all,-restricted", "-Werror", "-proc:none");
      boolean compiled =
          compiler
              .getTask(
                  messages,
                  files,
                  null,
                  flags,
                  null,
                  files.getJavaFileObjectsFromPaths(list.toList()))
              .call();
      assertTrue(compiled, messages::toString);
    }
    return new URLClassLoader(new URL[] {url(classes)}, Sandbox.class.getClassLoader());
  }

  private static URL url(Path path) throws MalformedURLException {
    return path.toUri().toURL();
  }

  /** Calls a static method of a generated class by name and number of arguments. */
  static Object call(ClassLoader loader, String type, String method, Object... arguments)
      throws ReflectiveOperationException {
    Method found =
        Arrays.stream(loader.loadClass("p." + type).getMethods())
            .filter(m -> m.getName().equals(method) && accepts(m, arguments))
            .findFirst()
            .orElseThrow(() -> new AssertionError(type + " has no " + method));
    try {
      return found.invoke(null, arguments);
    } catch (InvocationTargetException e) {
      throw new AssertionError(type + "." + method, e.getCause());
    }
  }

  private static boolean accepts(Method method, Object... arguments) {
    Class<?>[] types = method.getParameterTypes();
    if (types.length != arguments.length) {
      return false;
    }
    for (int i = 0; i < types.length; i++) {
      boolean segment = MemorySegment.class.equals(types[i]);
      if (segment != arguments[i] instanceof java.lang.foreign.MemorySegment) {
        return false;
      }
    }
    return true;
  }
}
