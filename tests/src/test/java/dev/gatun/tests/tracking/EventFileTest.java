package dev.gatun.tests.tracking;

import static dev.gatun.tests.tracking.EventReader.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.DynamicMessage;
import dev.gatun.app.tracking.EventFile;
import dev.gatun.app.tracking.Histogram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TensorBoard's event files, read back by protobuf. */
class EventFileTest {
  @TempDir Path folder;

  private static SequencedMap<String, Double> figures(double loss) {
    SequencedMap<String, Double> figures = new LinkedHashMap<>();
    figures.put("train_loss", loss);
    figures.put("validation_loss", Double.NaN);
    figures.put("rate", 0.5);
    return figures;
  }

  private List<Long> steps() throws IOException {
    return EventReader.events(EventReader.file(folder)).stream()
        .map(event -> (Long) get(event, "step"))
        .toList();
  }

  @Test
  void scalarsComeBack() throws Exception {
    EventFile file = EventFile.create(folder);
    file.report(3, figures(1.5));
    file.report(1_000_000_000_000L, figures(-0.25));
    List<DynamicMessage> events = EventReader.events(file.path());
    assertEquals("brain.Event:2", get(events.getFirst(), "file_version"));
    assertEquals(List.of(0L, 3L, 1_000_000_000_000L), steps());
    List<DynamicMessage> values = EventReader.values(events.get(1));
    assertEquals(2, values.size(), "what is not finite is left out");
    assertEquals("train_loss", get(values.getFirst(), "tag"));
    assertEquals(1.5f, get(values.getFirst(), "simple_value"));
    assertEquals("rate", get(values.get(1), "tag"));
    double age = System.currentTimeMillis() * 1e-3 - (Double) get(events.get(1), "wall_time");
    assertTrue(age >= 0 && age < 60, () -> "written " + age + " s ago");
  }

  @Test
  void aHistogramHasEveryValueInItsBucket() throws Exception {
    double[] values = {-2, -1e-3, 0, 0, 1e-30, 0.5, 1, 7, Double.NaN};
    Histogram histogram = new Histogram();
    for (double value : values) {
      histogram.add(value);
    }
    EventFile file = EventFile.create(folder);
    file.histograms(4, Map.of("weights/w", histogram));
    DynamicMessage value = EventReader.values(EventReader.events(file.path()).getLast()).getFirst();
    DynamicMessage read = (DynamicMessage) get(value, "histo");
    assertEquals(-2.0, get(read, "min"));
    assertEquals(7.0, get(read, "max"));
    assertEquals(8.0, get(read, "num"));
    assertEquals(6.499, (Double) get(read, "sum"), 1e-12);
    assertEquals(4 + 1e-6 + 0.25 + 1 + 49, (Double) get(read, "sum_squares"), 1e-12);
    List<?> limits = (List<?>) get(read, "bucket_limit");
    List<?> counts = (List<?>) get(read, "bucket");
    assertEquals(limits.size(), counts.size());
    double[] expected = new double[counts.size()];
    for (double v : values) {
      for (int i = 0; i < limits.size(); i++) {
        if (v < (Double) limits.get(i)) {
          expected[i]++;
          break;
        }
      }
    }
    assertArrayEquals(expected, counts.stream().mapToDouble(c -> (Double) c).toArray());
  }

  @Test
  void aResumedRunCutsBackAndGoesOn() throws Exception {
    EventFile file = EventFile.create(folder);
    for (int step = 10; step <= 50; step += 10) {
      file.report(step, figures(1.0 / step));
    }
    // A kill in the middle of a write.
    Files.write(file.path(), new byte[] {40, 0, 0, 0, 0, 0, 0, 0, 1}, StandardOpenOption.APPEND);
    EventFile again = EventFile.resume(folder, 30);
    assertEquals(file.path(), again.path());
    assertEquals(List.of(0L, 10L, 20L, 30L), steps());
    again.report(40, figures(9));
    assertEquals(List.of(0L, 10L, 20L, 30L, 40L), steps());
  }

  @Test
  void aNewFileReplacesOurOldOneOnly() throws Exception {
    Path foreign = Files.writeString(folder.resolve("events.out.tfevents.1.host"), "x");
    Path old = Files.writeString(folder.resolve("events.out.tfevents.1.gatun"), "x");
    EventFile file = EventFile.create(folder);
    assertTrue(Files.exists(foreign) && !Files.exists(old) && Files.exists(file.path()));
  }

  @Test
  void aFolderWithoutAFileGetsOneOnResume() throws Exception {
    EventFile.resume(folder, 7).report(8, figures(1));
    assertEquals(List.of(0L, 8L), steps());
  }
}
