package dev.gatun.bindings;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The folders in which a system keeps shared libraries. */
final class SystemFolders {
  private SystemFolders() {}

  /** In search order: those of the dynamic linker's variable, then the usual ones. */
  static List<Path> libraries() {
    List<Path> folders = new ArrayList<>(fromVariable());
    List<String> usual =
        switch (Platform.CURRENT.system()) {
          case "macosx" -> List.of("/opt/homebrew/lib", "/usr/local/lib");
          case "windows" -> List.of("C:\\Windows\\System32");
          default -> {
            String triplet =
                (Platform.CURRENT.processor().equals("arm64") ? "aarch64" : "x86_64")
                    + "-linux-gnu";
            yield List.of("/usr/local/lib", "/usr/lib/" + triplet, "/usr/lib64", "/usr/lib");
          }
        };
    usual.forEach(folder -> folders.add(Path.of(folder)));
    return folders;
  }

  /** The folders of {@code LD_LIBRARY_PATH}, {@code DYLD_LIBRARY_PATH} or {@code PATH}. */
  static List<Path> fromVariable() {
    String variable =
        switch (Platform.CURRENT.system()) {
          case "macosx" -> "DYLD_LIBRARY_PATH";
          case "windows" -> "PATH";
          default -> "LD_LIBRARY_PATH";
        };
    @Nullable String value = System.getenv(variable);
    List<Path> folders = new ArrayList<>();
    if (value != null) {
      for (String folder : value.split(File.pathSeparator, -1)) {
        if (!folder.isEmpty()) {
          folders.add(Path.of(folder).toAbsolutePath());
        }
      }
    }
    return folders;
  }
}
