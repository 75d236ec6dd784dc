package com.example;

import dev.gatun.Backends;
import java.io.File;
import java.util.List;
import java.util.stream.Stream;

/** Uses the engine as any application would, and checks that nothing else came along. */
public final class Consumer {
  private Consumer() {}

  public static void main(String[] args) {
    checkPath();
    System.out.println(args[0] + Backends.names());
  }

  private static void checkPath() {
    String path = System.getProperty("jdk.module.path", System.getProperty("java.class.path"));
    List<String> foreign =
        Stream.of(path.split(File.pathSeparator))
            .map(element -> new File(element).getName())
            .filter(name -> !name.matches("classes|gatun-.*|jspecify-.*|openblas-.*"))
            .toList();
    if (!foreign.isEmpty()) {
      throw new AssertionError("on the path besides Gatun: " + foreign);
    }
  }
}
