package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.persist.Json;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.tests.cli.Cli;
import dev.gatun.tests.support.DeviceRun;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Python;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code gatun rnn} against PyTorch on the same device, from the same files, for random
 * configurations: outputs and all gradients. On the double PyTorch computes on the CPU. Needs a
 * Python with torch and safetensors: {@code gatun.python}, default {@code python3}.
 */
@OnDevice
class TorchParityIT {
  private static final int CASES = DeviceRun.size(24, 4);
  private static final int SECONDS = 240;

  /**
   * Of the bound eps sqrt(K) T for each layer: both engines round, each in its own order. TF32 in
   * one of them would miss it a hundred times over.
   */
  private static final double C = 6;

  @TempDir private Path folder;

  @Test
  void randomConfigurations() throws Exception {
    String missing = Python.missing(folder, "import torch, safetensors");
    assumeTrue(missing.isEmpty(), "gatun.python has no PyTorch: " + missing);
    List<TorchCase> cases = new ArrayList<>();
    List<String> arguments =
        new ArrayList<>(
            List.of(
                DeviceRun.root().resolve("bench/peers/parity.py").toString(),
                "--device",
                DeviceRun.small() ? "cpu" : "cuda"));
    for (int i = 0; i < CASES; i++) {
      TorchCase each = TorchCase.random(i, Files.createDirectory(folder.resolve("case" + i)));
      each.write();
      cases.add(each);
      arguments.add(each.folder().toString());
    }
    Python.Outcome outcome = Python.run(folder, SECONDS, Map.of(), arguments);
    String said = outcome.said();
    assertTrue(outcome.status() == 0 && said.contains("PyTorch"), said);
    double worst = 0;
    for (TorchCase each : cases) {
      worst = Math.max(worst, compare(each));
    }
    Map<String, Json> figures = new LinkedHashMap<>();
    figures.put("cases", Json.of((long) CASES));
    figures.put("peer", Json.of(said.strip().lines().reduce("", (a, b) -> b)));
    figures.put("worst_share_of_bound", Json.of(worst));
    DeviceRun.report("torch_parity", Json.of(figures));
  }

  /** The largest error as a share of its bound. */
  private static double compare(TorchCase one) throws Exception {
    Cli.Outcome outcome = Cli.onGpu(one.folder()).run(one.command());
    assertEquals(0, outcome.status(), one + ": " + outcome.err());
    double worst = 0;
    try (SafetensorsReader theirs =
            new SafetensorsReader(one.folder().resolve("torch.safetensors"));
        SafetensorsReader ours = new SafetensorsReader(one.folder().resolve(TorchCase.OUTPUT))) {
      assertEquals(theirs.tensors().keySet(), ours.tensors().keySet(), one.toString());
      double tolerance = C * one.rounding();
      for (String name : theirs.tensors().keySet()) {
        double[] expected = theirs.doubles(name);
        double[] actual = ours.doubles(name);
        Numbers.assertClose(one + ": " + name, expected, actual, tolerance);
        double[] difference = new double[expected.length];
        for (int i = 0; i < expected.length; i++) {
          difference[i] = actual[i] - expected[i];
        }
        double norm = Numbers.norm(expected);
        worst = Math.max(worst, norm == 0 ? 0 : Numbers.norm(difference) / norm / tolerance);
      }
    }
    return worst;
  }
}
