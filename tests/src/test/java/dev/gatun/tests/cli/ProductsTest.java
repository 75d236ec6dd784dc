package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.cpu.Calibration;
import dev.gatun.backend.cpu.ProductChoice;
import dev.gatun.bindings.OpenBlas;
import dev.gatun.persist.Json;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.tests.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The engine of the large products: measured by doctor, kept, recorded by runs. */
class ProductsTest {
  /** Packed leads for the first and the last kind. */
  private static final String MIXED = "packed,openblas,packed";

  @TempDir Path folder;
  private Path cache = Path.of("");

  @BeforeEach
  void samples() throws IOException {
    cache = folder.resolve("cache");
    new Cli(folder).write("s.yaml", Samples.SERIES);
    new Cli(folder).write("wave.csv", Samples.wave(300));
  }

  private Cli cli(String... flags) {
    String[] all =
        Stream.concat(Stream.of("-Dgatun.cache=" + cache), Stream.of(flags)).toArray(String[]::new);
    return new Cli(folder, all);
  }

  private static String ok(Outcome outcome) {
    assertEquals(0, outcome.status(), outcome.err());
    return outcome.out() + outcome.err();
  }

  private Json.Members doctor(String... flags) throws Exception {
    Outcome outcome = cli(flags).run("doctor", "--json");
    return Json.parse(ok(outcome).strip()).asObject().get("products").asObject();
  }

  private Path file() throws IOException {
    try (Stream<Path> files = Files.list(cache.resolve("calibration"))) {
      return files.findFirst().orElseThrow();
    }
  }

  /** What the file says, in this process with the test's cache. */
  private @Nullable ProductChoice stored() {
    @Nullable String before = System.getProperty("gatun.cache");
    OpenBlas.require(); // from the usual cache
    System.setProperty("gatun.cache", cache.toString());
    try {
      Calibration stored = Calibration.stored();
      return stored == null ? null : stored.choice();
    } finally {
      if (before == null) {
        System.clearProperty("gatun.cache");
      } else {
        System.setProperty("gatun.cache", before);
      }
    }
  }

  /** Lets packed lead by a factor of two where it says so. */
  private void lead() throws IOException {
    String text = Files.readString(file());
    Json.Members old = Json.parse(text).asObject();
    Map<String, Json> all = new LinkedHashMap<>(old.values());
    for (String kind : new String[] {"forward", "input_gradient", "weight_gradient"}) {
      double packed = kind.equals("input_gradient") ? 50 : 200;
      all.put(
          kind,
          Json.of(Map.of("openblas_gflops", Json.of(100.0), "packed_gflops", Json.of(packed))));
    }
    Files.writeString(file(), Json.of(all).print());
  }

  private String recorded(String run) throws IOException {
    try (SafetensorsReader reader = new SafetensorsReader(Runs.last(folder.resolve(run)))) {
      return reader.metadata().getOrDefault("training.choices", "(none)");
    }
  }

  @Test
  void doctorMeasuresOnceAndKeepsIt() throws Exception {
    Json.Members first = doctor();
    assertEquals("measured now", first.get("source").asText());
    for (String kind : new String[] {"forward", "input_gradient", "weight_gradient"}) {
      Json.Members speeds = first.get(kind).asObject();
      assertTrue(speeds.get("openblas_gflops").asDouble() > 0.1, kind);
      assertTrue(speeds.get("packed_gflops").asDouble() > 0.1, kind);
    }
    String kept = Files.readString(file());
    lead();
    Json.Members second = doctor();
    assertEquals("measured before", second.get("source").asText());
    assertEquals(MIXED, second.get("choice").asText());
    Outcome text = cli("-Dgatun.products=packed").run("doctor");
    assertTrue(ok(text).contains("Products     by packed (gatun.products)"), text.out());
    assertTrue(text.out().contains("forward 100 GFLOP/s by OpenBLAS, 200 packed"), text.out());
    Outcome again = cli().run("doctor", "--calibrate");
    assertTrue(ok(again).contains("(measured now)"), again.out());
    assertFalse(Files.readString(file()).contains("200.0,"), kept);
  }

  @Test
  void runsRecordItAndResumeByIt() throws Exception {
    doctor();
    lead();
    Outcome whole = cli().run("train", "s.yaml", "--run", "whole");
    assertTrue(ok(whole).contains("products by " + MIXED), whole.err());
    assertEquals(MIXED, recorded("whole"));
    String log = Files.readString(folder.resolve("whole/log.txt"));
    assertTrue(log.contains("products by " + MIXED), log);

    Files.delete(file());
    Outcome resumed = cli().run("train", "s.yaml", "--run", "whole", "--resume");
    assertTrue(ok(resumed).contains("products by " + MIXED), resumed.err());
    Outcome fresh = cli().run("train", "s.yaml", "--run", "fresh", "--set", "train.epochs=1");
    assertTrue(ok(fresh).contains("products by openblas"), fresh.err());
    assertEquals("openblas", recorded("fresh"));
    try (Stream<Path> files = Files.list(cache.resolve("calibration"))) {
      assertEquals(0, files.count(), "a training measures nothing");
    }
  }

  @Test
  void aBadFileIsAsNone() throws Exception {
    doctor();
    lead();
    assertEquals(MIXED, String.valueOf(stored()));
    String good = Files.readString(file());
    List<String> bad =
        List.of(
            "",
            "{",
            "[]",
            good.replace("200.0", "-1.0"),
            good.replace("200.0", "\"a\""),
            good.replace("\"vector_bits\":", "\"vector_bits\":1"),
            good + " ".repeat(1 << 17));
    for (String text : bad) {
      Files.writeString(file(), text);
      assertNull(stored(), () -> "read: " + text.strip());
    }
    Files.writeString(file(), good);
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-rw-rw-"));
    assertNull(stored(), "anyone could have written it");
  }

  @Test
  void aWrongSettingIsOneError() throws Exception {
    Outcome outcome = cli("-Dgatun.products=mkl").run("train", "s.yaml");
    assertEquals(1, outcome.status());
    assertTrue(
        outcome.err().startsWith("gatun: -Dgatun.products=mkl: give openblas or packed"),
        outcome.err());
  }
}
