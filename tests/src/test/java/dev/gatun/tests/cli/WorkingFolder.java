package dev.gatun.tests.cli;

import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * A temporary folder that is this JVM's working directory, emptied: the paths that a user would
 * type lead there without a JVM of their own, see {@link Cli}. Where {@code gatun.tests.folder} is
 * not that directory, as in a development environment, any other folder.
 */
@TempDir(factory = WorkingFolder.Emptied.class, cleanup = CleanupMode.NEVER)
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
@interface WorkingFolder {
  /** Gives the directory, or another folder. */
  final class Emptied implements TempDirFactory {
    /** Whether commands that are to run in a folder can run in this JVM. */
    static boolean is(Path folder) {
      return folder.equals(Path.of("").toAbsolutePath())
          && folder.toString().equals(System.getProperty("gatun.tests.folder"));
    }

    @Override
    public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context)
        throws IOException {
      Path here = Path.of("").toAbsolutePath();
      if (!is(here)) {
        return Files.createTempDirectory("gatun");
      }
      try (Stream<Path> files = Files.walk(here)) {
        List<Path> inner = files.sorted(Comparator.reverseOrder()).toList();
        for (Path file : inner.subList(0, inner.size() - 1)) {
          Files.delete(file);
        }
      }
      return here;
    }
  }
}
