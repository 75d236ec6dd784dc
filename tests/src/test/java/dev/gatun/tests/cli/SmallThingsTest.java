package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.report.Log;
import dev.gatun.app.report.Progress;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What commands say and write, in this JVM. */
class SmallThingsTest {
  @TempDir private Path folder;

  private Outcome train(String run, String csv, String... settings) throws Exception {
    Files.writeString(folder.resolve("s.yaml"), Samples.SERIES);
    Files.writeString(folder.resolve("wave.csv"), csv);
    Stream<String> command =
        Stream.of("train", path("s.yaml"), "--run", path(run), "--device", "cpu");
    Stream<String> set = Arrays.stream(settings).flatMap(value -> Stream.of("--set", value));
    Outcome outcome = InProcess.run(Stream.concat(command, set).toArray(String[]::new));
    assertEquals(0, outcome.status(), outcome.err());
    return outcome;
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  /** At second 0 as at any other. */
  @Test
  void everyLineOfALogHasSeconds() throws Exception {
    new Log(folder.resolve("log.txt"), new Progress()).note("text");
    String line = Files.readString(folder.resolve("log.txt"));
    assertTrue(
        line.matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(Z|[+-]\\d\\d:\\d\\d) text\n"),
        line);
  }

  @Test
  void constantDataHasNoPercentage() throws Exception {
    String constant = Samples.wave(100).replaceAll(",[0-9.]+,", ",5,");
    Outcome outcome = train("r", constant, "train.epochs=1");
    assertFalse(outcome.err().contains("Infinity"), outcome.err());
    assertFalse(outcome.err().contains("NaN"), outcome.err());
    assertTrue(outcome.err().contains("last value"), outcome.err());
  }

  /** A sigmoid of a column scaled to 0 to 1 forecasts nothing outside of the column's range. */
  @Test
  void anOutputActivationBoundsWhatIsForecast() throws Exception {
    String[] settings = {
      "data.scaler=minmax",
      "train.epochs=1",
      "train.rate=5",
      "train.seed=3",
      "train.divergence=0",
      "data.season=0"
    };
    train("plain", Samples.wave(100), settings);
    String[] bounded = Arrays.copyOf(settings, settings.length + 1);
    bounded[settings.length] = "model.output_activation=sigmoid";
    train("bounded", Samples.wave(100), bounded);
    double[] free = forecasts("plain");
    double[] held = forecasts("bounded");
    assertTrue(Arrays.stream(free).anyMatch(y -> y < 7 || y > 13), Arrays.toString(free));
    assertTrue(
        Arrays.stream(held).allMatch(y -> y >= 7 - 1e-4 && y <= 13 + 1e-4), Arrays.toString(held));
    assertNotEquals(free[0], held[0]);
  }

  private double[] forecasts(String run) {
    Outcome predict =
        InProcess.run("predict", path(run), "--input", path("wave.csv"), "--device", "cpu");
    assertEquals(0, predict.status(), predict.err());
    return predict
        .out()
        .lines()
        .skip(1)
        .mapToDouble(row -> Double.parseDouble(row.substring(row.lastIndexOf(',') + 1)))
        .toArray();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bench rnn --cell gru --time 3 --batch 2 --input 4 --hidden 8 --mode train --precision fp16"
            + " | --precision fp16: is for a GPU, and --device is cpu; give --device cuda, or fp32",
        "bench rnn --cell gru --time 3 --batch 2 --input 4 --hidden 8 --mode train --precision int8"
            + " | --precision int8: give fp32, on a GPU also tf32, fp16 or bf16",
        "bench step --cell gru --vocabulary 5 --embedding 2 --hidden 3 --batch 2 --time 2 --graphs"
            + " | --graphs: the backend cpu has none, only a GPU does",
        "bench rnn --cell gru --time 3 --batch 2 --input 4 --hidden 8 --mode train --graphs"
            + " | --graphs: the backend cpu has none, only a GPU does",
        "bench stream --cell gru --input 4 --hidden 8 --precision int8 --device cuda"
            + " | --precision int8: a GPU keeps weights in fp32 only; give fp32, or --device cpu",
        "rnn --cell gru --weights w --inputs x --output y --precision tf32"
            + " | --precision tf32: only a GPU computes in it; give --backend cuda, or fp32"
      })
  void aPrecisionForAGpuSaysSo(String command, String message) {
    Outcome outcome = InProcess.run(command.split(" "));
    assertEquals(2, outcome.status(), outcome.err());
    assertEquals(List.of(true), outcome.err().lines().map(l -> l.contains(message)).toList());
  }

  /** More than the parser's own limit of 16,384. */
  @Test
  void aSeriesMayHaveAnyNumberOfColumns() throws Exception {
    StringBuilder names = new StringBuilder();
    StringBuilder more = new StringBuilder();
    for (int c = 0; c < 20_000; c++) {
      names.append(",c").append(c);
      more.append(",").append(c);
    }
    List<String> rows = Samples.wave(100).lines().toList();
    StringBuilder wide = new StringBuilder(rows.getFirst()).append(names).append('\n');
    for (String row : rows.subList(1, rows.size())) {
      wide.append(row).append(more).append('\n');
    }
    Outcome outcome = train("r", wide.toString(), "train.steps=1", "data.inputs=[level, c19999]");
    assertTrue(outcome.err().contains("done after 1 steps"), outcome.err());
  }
}
