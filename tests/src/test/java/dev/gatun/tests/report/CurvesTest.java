package dev.gatun.tests.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.InputException;
import dev.gatun.app.report.HeatMap;
import dev.gatun.app.report.LineChart;
import dev.gatun.app.run.Curves;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Charts of runs, as SVG and as PNG. */
class CurvesTest {
  @TempDir Path folder;

  private Path run(String name, String... rows) throws IOException {
    Path run = Files.createDirectory(folder.resolve(name));
    Files.writeString(run.resolve("config.yaml"), "data: {type: text, path: x}\n");
    String header = "step,epoch,seconds,train_loss,validation_loss,rate,gradient_norm\n";
    Files.writeString(run.resolve("metrics.csv"), header + String.join("\n", rows) + "\n");
    return run;
  }

  @Test
  void severalRunsHaveALineEach() throws Exception {
    List<Path> runs = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      runs.add(run("rule-" + i, "1,0,1,4,3.5,0.1,1", "2,1,2," + (3 - i * 0.1) + ",3,0.1,1"));
    }
    String svg = Curves.of(runs, "").toSvg();
    for (int i = 0; i < 9; i++) {
      assertTrue(svg.contains(">rule-" + i + "<"), svg);
    }
    assertTrue(svg.contains(">validation loss<"), svg);
    assertEquals(2 * 2, svg.split("stroke-dasharray", -1).length - 1, "beyond seven colours");
    assertTrue(Curves.of(runs, "train_loss").toSvg().contains(">train loss<"));
    String message =
        String.valueOf(
            assertThrows(InputException.class, () -> Curves.of(runs, "accuracy")).getMessage());
    assertTrue(message.contains("train_loss, validation_loss"), message);
  }

  @Test
  void oneRunHasBothLosses() throws Exception {
    Path run = run("one", "1,0,1,4,3.5,0.1,1", "2,1,2,3,3,0.1,1");
    String svg = Curves.of(List.of(run), "").toSvg();
    assertTrue(svg.contains(">training<") && svg.contains(">validation<"), svg);
    String powers = Curves.of(List.of(run), "").logarithmic().toSvg();
    assertTrue(!powers.equals(svg));
  }

  @Test
  void aPngHasTheCurveWhereItBelongs() throws Exception {
    double[] at = {0, 1};
    byte[] png = new LineChart("Title: 50 %", "x", "y").line("a", at, at, false).toPng();
    ByteBuffer in = ByteBuffer.wrap(png);
    assertEquals(0x89504e470d0a1a0aL, in.getLong());
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    int width = 0;
    int height = 0;
    String type = "";
    while (!type.equals("IEND")) {
      int length = in.getInt();
      byte[] named = new byte[length + 4];
      in.get(named);
      CRC32 crc = new CRC32();
      crc.update(named);
      assertEquals((int) crc.getValue(), in.getInt(), "CRC");
      type = new String(named, 0, 4, StandardCharsets.US_ASCII);
      if (type.equals("IHDR")) {
        width = ByteBuffer.wrap(named).getInt(4);
        height = ByteBuffer.wrap(named).getInt(8);
      } else if (type.equals("IDAT")) {
        data.write(named, 4, length);
      }
    }
    assertEquals(0, in.remaining());
    byte[] rows = inflated(data.toByteArray(), height * (1 + width * 3));
    assertEquals(1720, width);
    assertEquals(920, height);
    assertEquals(0xffffff, color(rows, width, 3, 3), "white in the corner");
    // From the lower left to the upper right of the plot; its middle is on the way.
    assertEquals(0x0072b2, color(rows, width, (72 + 840), 64 + 408), "the line's blue");
    long inked =
        IntStream.range(0, 100 * 50)
            .filter(i -> color(rows, 1720, 144 + i % 100, 24 + i / 100) != 0xffffff)
            .count();
    assertTrue(inked > 100, "a title of " + inked + " dots");
  }

  private static byte[] inflated(byte[] data, int size) throws DataFormatException {
    byte[] out = new byte[size];
    try (Inflater inflater = new Inflater()) {
      inflater.setInput(data);
      assertEquals(size, inflater.inflate(out));
      inflater.inflate(new byte[1]);
      assertTrue(inflater.finished());
    }
    return out;
  }

  private static int color(byte[] rows, int width, int x, int y) {
    int at = y * (1 + width * 3) + 1 + x * 3;
    return ((rows[at] & 0xff) << 16) | ((rows[at + 1] & 0xff) << 8) | (rows[at + 2] & 0xff);
  }

  @Test
  void aHeatMapShowsEveryValue() {
    HeatMap map =
        new HeatMap(
            "Gates",
            List.of("i 1", "f 1"),
            List.of("a", "<"),
            new double[][] {{1, -0.5}, {0, Double.NaN}});
    String svg = map.labelled("gate", "step").toSvg();
    assertTrue(svg.contains("<title>i 1, &lt;: -0.500</title>"), svg);
    assertTrue(svg.contains("fill=\"#004882\"") && svg.contains("fill=\"#fff\""), svg);
    assertEquals(
        "[[1.0,-0.5],[0.0,null]]", map.toJson().asObject().get("values").print().replace(" ", ""));
    assertThrows(
        IllegalArgumentException.class,
        () -> new HeatMap("x", List.of("a"), List.of(), new double[][] {{1}}));
  }
}
