package dev.gatun.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The files are those that the generator wrote, all of them and no others. */
class GoldenSumsTest {
  @Test
  void everyFileHasItsHash() throws IOException, NoSuchAlgorithmException {
    Path folder = Golden.folder();
    Map<String, String> listed = new TreeMap<>();
    for (String line : Files.readAllLines(folder.resolve("SHA256SUMS"))) {
      String[] parts = line.split("  ", 2);
      listed.put(parts[1], parts[0]);
    }
    Map<String, String> present = new TreeMap<>();
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
        String name = folder.relativize(file).toString().replace('\\', '/');
        present.put(name, HexFormat.of().formatHex(sha.digest(Files.readAllBytes(file))));
      }
    }
    assertEquals(listed, present);
  }
}
