package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.SafetensorsReader;
import dev.gatun.persist.SafetensorsWriter;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.cli.Cli.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code gatun rnn} against PyTorch's numbers. */
class RnnCommandTest {
  private static final Set<String> INPUTS = Set.of("x", "h0", "c0", "lengths", "dy", "dhn", "dcn");

  @WorkingFolder Path folder;

  /** Splits a golden into the files that the command takes. */
  private Path golden(String name) throws IOException {
    Path golden = folder.resolve("golden.safetensors");
    try (InputStream in =
        RnnCommandTest.class.getResourceAsStream("/golden/rnn/" + name + ".safetensors")) {
      Files.copy(Objects.requireNonNull(in), golden, StandardCopyOption.REPLACE_EXISTING);
    }
    copy(golden, "w.safetensors", RnnCommandTest::isWeight);
    copy(golden, "x.safetensors", INPUTS::contains);
    return golden;
  }

  private static boolean isWeight(String name) {
    return name.startsWith("weight") || name.startsWith("bias") || name.startsWith("norm");
  }

  private void copy(Path from, String name, Predicate<String> wanted) throws IOException {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    try (SafetensorsReader reader = new SafetensorsReader(from)) {
      for (String tensor : reader.tensors().keySet()) {
        if (wanted.test(tensor)) {
          tensors.put(tensor, reader.read(tensor));
        }
      }
      SafetensorsWriter.write(folder.resolve(name), tensors, Map.of());
    } finally {
      tensors.values().forEach(t -> t.memory().close());
    }
  }

  private Outcome rnn(String cell, String... more) throws Exception {
    List<String> all =
        new ArrayList<>(
            List.of(
                "rnn",
                "--cell",
                cell,
                "--weights",
                "w.safetensors",
                "--inputs",
                "x.safetensors",
                "--output",
                "y.safetensors"));
    all.addAll(List.of(more));
    return new Cli(folder).run(all.toArray(String[]::new));
  }

  // Outputs of magnitude 1 from sums of at most 50 terms: 1e-12 is 100 roundings in double
  // precision, 2e-5 in single.
  @ParameterizedTest
  @CsvSource({
    "lstm, lstm-l2-bi-ragged-projection, reference, fp64, 1e-12",
    "gru-reset-before, gru-reset-before-l2-bi-ragged, reference, fp32, 2e-6",
    "gru, gru-l2-bi-empty, cpu, fp32, 2e-5",
    "lstm, lstm-l2-bi-full, cpu, fp32, 2e-5",
    "tanh, tanh-l1-uni-ragged, cpu, fp32, 2e-5",
    "lstm, lstm-l2-bi-ragged-norm, reference, fp64, 1e-12",
    "gru, gru-l1-bi-ragged-nobias-norm, cpu, fp32, 2e-5",
    "lstm, lstm-l2-bi-ragged-peephole, cpu, fp32, 2e-5",
    "lstm --cell-clip 0.3, lstm-l2-bi-ragged-clip-peephole, reference, fp64, 1e-12",
  })
  void givesPyTorchsNumbers(
      String cell, String name, String backend, String precision, double tolerance)
      throws Exception {
    Path golden = golden(name);
    List<String> options = new ArrayList<>(List.of(cell.split(" ")));
    String kind = options.removeFirst();
    options.addAll(List.of("--backend", backend, "--precision", precision));
    Outcome outcome = rnn(kind, options.toArray(String[]::new));
    assertEquals(0, outcome.status(), outcome.err());
    try (SafetensorsReader expected = new SafetensorsReader(golden);
        SafetensorsReader written = new SafetensorsReader(folder.resolve("y.safetensors"))) {
      int compared = 0;
      for (String tensor : expected.tensors().keySet()) {
        if (isWeight(tensor) || INPUTS.contains(tensor) || tensor.startsWith("onnxruntime")) {
          continue;
        }
        double[] e = expected.doubles(tensor);
        double[] w = written.doubles(tensor);
        assertEquals(e.length, w.length, tensor);
        double scale = 1;
        for (double value : e) {
          scale = Math.max(scale, Math.abs(value));
        }
        for (int i = 0; i < e.length; i++) {
          assertTrue(Math.abs(e[i] - w[i]) <= tolerance * scale, tensor + " " + e[i] + " " + w[i]);
        }
        compared++;
      }
      assertEquals(compared, written.tensors().size());
      assertTrue(compared >= 6);
      DType type = precision.equals("fp64") ? DType.F64 : DType.F32;
      assertEquals(type, written.tensor("y").type().dtype());
    }
  }

  @Test
  void namesWhatDoesNotFit() throws Exception {
    golden("gru-l1-uni-full");
    Outcome cell = rnn("lstm", "--backend", "reference");
    assertEquals(2, cell.status());
    assertTrue(cell.err().startsWith("gatun: w.safetensors: weight_"), cell.err());
    Outcome fp64 = rnn("gru", "--precision", "fp64", "--backend", "cpu");
    assertEquals(2, fp64.status());
    assertTrue(fp64.err().contains("--backend reference"), fp64.err());
    Outcome clip = rnn("gru", "--cell-clip", "1");
    assertEquals(2, clip.status());
    assertTrue(clip.err().contains("--cell-clip: only an LSTM has a c, not gru"), clip.err());
    copy(folder.resolve("golden.safetensors"), "x.safetensors", n -> n.equals("weight_ih_l0"));
    Outcome unknown = rnn("gru", "--backend", "reference");
    assertEquals(2, unknown.status());
    assertTrue(
        unknown.err().startsWith("gatun: x.safetensors: weight_ih_l0: unknown;"), unknown.err());
    assertTrue(Files.notExists(folder.resolve("y.safetensors")));
  }
}
