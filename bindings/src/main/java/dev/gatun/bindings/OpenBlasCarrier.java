package dev.gatun.bindings;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds OpenBLAS inside its carrier, the {@code org.bytedeco:openblas} jar of this platform: as a
 * class-path resource, else by opening the jars named by {@code java.class.path} and {@code
 * jdk.module.path}. A jar on the module path that no module requires is not part of the module
 * graph, so its resources are visible in the second way only.
 */
final class OpenBlasCarrier {
  private static final String FOLDER = "org/bytedeco/openblas/";

  /**
   * One pinned file of the carrier.
   *
   * @param entry platform and file name, such as {@code linux-x86_64/libopenblas.so.0}
   */
  private record Pinned(String sha256, String entry) {
    String fileName() {
      return entry.substring(entry.indexOf('/') + 1);
    }
  }

  private OpenBlasCarrier() {}

  /**
   * Unpacks the libraries into the cache where they are missing or damaged.
   *
   * @param searched receives each place looked at
   * @return the files in load order, OpenBLAS last; empty when there is no carrier
   * @throws IOException when a carrier was found but cannot be unpacked
   */
  static List<Path> unpack(List<String> searched) throws IOException {
    String platform = Platform.CURRENT.classifier();
    List<Pinned> pinned = pinned().stream().filter(p -> isFor(p, platform)).toList();
    if (pinned.isEmpty()) {
      searched.add("carrier jar: none is known for " + platform);
      return List.of();
    }
    String library = FOLDER + pinned.getLast().entry();
    @Nullable URL found = resource(library, searched);
    if (found == null) {
      found = scan(library, searched);
    }
    if (found == null) {
      return List.of();
    }
    // The folder's name carries the content's, so that two versions live side by side.
    LibraryCache cache =
        LibraryCache.open(
            "openblas-" + platform + "-" + pinned.getLast().sha256().substring(0, 12));
    String url = found.toString();
    String base = url.substring(0, url.length() - pinned.getLast().entry().length());
    List<Path> files = new ArrayList<>();
    for (Pinned file : pinned) {
      URL source = URI.create(base + file.entry()).toURL();
      files.add(cache.file(file.fileName(), file.sha256(), source));
    }
    return files;
  }

  private static boolean isFor(Pinned file, String platform) {
    return file.entry().startsWith(platform + "/");
  }

  private static @Nullable URL resource(String name, List<String> searched) {
    ClassLoader loader = OpenBlasCarrier.class.getClassLoader();
    @Nullable URL url = loader == null ? null : loader.getResource(name);
    searched.add("class-path resource " + name + (url == null ? ": none" : ": " + url));
    return url;
  }

  private static @Nullable URL scan(String name, List<String> searched) throws IOException {
    for (Path jar : candidates()) {
      URL url = URI.create("jar:" + jar.toUri() + "!/" + name).toURL();
      if (hasEntry(jar, name)) {
        searched.add("jar " + jar + ": found");
        return url;
      }
      searched.add("jar " + jar + ": does not hold " + name);
    }
    searched.add(
        "jars openblas-*-" + Platform.CURRENT.classifier() + ".jar of the class and module path");
    return null;
  }

  private static List<Path> candidates() throws IOException {
    List<Path> jars = new ArrayList<>();
    for (String property : List.of("java.class.path", "jdk.module.path")) {
      for (String element : System.getProperty(property, "").split(File.pathSeparator, -1)) {
        Path path = Path.of(element.isEmpty() ? "." : element);
        if (property.equals("jdk.module.path") && Files.isDirectory(path)) {
          try (Stream<Path> files = Files.list(path)) {
            files.filter(OpenBlasCarrier::isCarrier).sorted().forEach(jars::add);
          }
        } else if (isCarrier(path) && Files.isRegularFile(path)) {
          jars.add(path);
        }
      }
    }
    return jars;
  }

  private static boolean isCarrier(Path path) {
    @Nullable Path name = path.getFileName();
    return name != null
        && name.toString().startsWith("openblas-")
        && name.toString().endsWith("-" + Platform.CURRENT.classifier() + ".jar");
  }

  private static boolean hasEntry(Path jar, String name) throws IOException {
    try (var file = new java.util.zip.ZipFile(jar.toFile())) {
      return file.getEntry(name) != null;
    }
  }

  private static List<Pinned> pinned() throws IOException {
    try (InputStream in = OpenBlasCarrier.class.getResourceAsStream("openblas.sha256")) {
      if (in == null) {
        throw new IOException("openblas.sha256 is missing from the bindings jar");
      }
      var reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      return reader
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .map(line -> line.split(" +", 2))
          .map(fields -> new Pinned(fields[0], fields[1]))
          .toList();
    }
  }
}
