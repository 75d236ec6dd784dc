package dev.gatun.bindings.generator;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The command line: jextract's, except that several {@code @file} arguments are as many runs.
 *
 * <p>Exit status 0 when all was written, 2 with one message on standard error otherwise.
 */
public final class Main {
  private Main() {}

  /** Runs. */
  public static void main(String[] arguments) throws IOException {
    List<List<String>> runs = new ArrayList<>();
    if (arguments.length > 1 && List.of(arguments).stream().allMatch(a -> a.startsWith("@"))) {
      for (String argument : arguments) {
        runs.add(List.of(argument));
      }
    } else {
      runs.add(List.of(arguments));
    }
    try {
      for (List<String> run : runs) {
        System.err.println("wrote " + Generator.write(Options.parse(run)));
      }
    } catch (GeneratorException e) {
      System.err.println(e.getMessage());
      System.exit(2);
    }
  }
}
