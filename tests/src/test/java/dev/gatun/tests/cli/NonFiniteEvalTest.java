package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.run.Training;
import dev.gatun.persist.Json;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.persist.SafetensorsWriter;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Measures that are not finite are no result: valid JSON, a cause, and status 1. */
class NonFiniteEvalTest {
  @TempDir Path folder;

  /** The last checkpoint with an output layer whose sums overflow; every weight is finite. */
  private Path spoiled(Training.Result run) throws IOException {
    Path spoiled = folder.resolve("spoiled.safetensors");
    try (SafetensorsReader reader = new SafetensorsReader(Runs.last(run.run().path()));
        Workspace host = Workspace.host(DType.F32)) {
      SequencedMap<String, Tensor> all = new LinkedHashMap<>();
      for (String name : reader.tensors().keySet()) {
        Tensor tensor = host.tensor(DType.F32, reader.tensor(name).shape());
        reader.read(name, tensor);
        for (int i = 0; name.startsWith("linear.") && i < tensor.size(); i++) {
          tensor.set(i, 3.4e38);
        }
        all.put(name, tensor);
      }
      SafetensorsWriter.write(spoiled, all, reader.metadata());
    }
    return spoiled;
  }

  private static Outcome eval(Training.Result run, Path checkpoint, String... more) {
    String[] all = new String[4 + more.length];
    all[0] = "eval";
    all[1] = run.run().path().toString();
    all[2] = "--checkpoint";
    all[3] = checkpoint.toString();
    System.arraycopy(more, 0, all, 4, more.length);
    return InProcess.run(all);
  }

  @Test
  void measuresThatAreNotFiniteAreNamed() throws IOException {
    Training.Result run = KeyRuns.train(folder, Samples.SERIES, "train.epochs=4");
    Path spoiled = spoiled(run);
    Outcome told = eval(run, spoiled, "--json");
    assertEquals(1, told.status(), told.err());
    String says =
        "gatun: not finite: mae, rmse, smape: what the model gives of this data overflows;";
    assertTrue(told.err().contains(says), told.err());
    Json.Members members = Json.parse(told.out()).asObject();
    assertEquals(Json.Null.NULL, members.get("rmse"));
    assertTrue(members.get("last_value_rmse").asDouble() > 0, told.out());
    assertEquals(1, eval(run, spoiled).status());
    Outcome good = eval(run, Runs.last(run.run().path()));
    assertEquals(0, good.status(), good.err());
  }

  /** With infinite logits, of which a softmax makes no numbers that could be put in order. */
  @Test
  void classifiersAreToldToo() throws IOException {
    StringBuilder csv = new StringBuilder("sequence,label,x\n");
    for (int i = 0; i < 16; i++) {
      csv.append(i + "," + (i % 2 == 0 ? "a" : "b") + "," + i % 3 + "\n" + i + ",,2\n");
    }
    Files.writeString(folder.resolve("s.csv"), csv);
    for (String loss : new String[] {"cross-entropy", "binary-cross-entropy"}) {
      Training.Result run =
          KeyRuns.train(
              folder,
              """
              data: {type: sequences, path: s.csv, validation: 0.25, test: 0.25}
              model: {hidden: 2}
              train: {batch: 2, rate: 0.01}
              """,
              "train.steps=1",
              "train.loss=" + loss);
      Outcome told = eval(run, spoiled(run), "--json");
      assertEquals(1, told.status(), told.err());
      assertTrue(told.err().contains("gatun: not finite: "), told.err());
      assertTrue(told.err().contains("loss"), told.err());
      assertEquals(Json.Null.NULL, Json.parse(told.out()).asObject().get("loss"));
    }
  }
}
