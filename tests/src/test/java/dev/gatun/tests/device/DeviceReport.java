package dev.gatun.tests.device;

import dev.gatun.persist.Json;
import dev.gatun.tests.support.DeviceRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * Writes report.md and report.json from what bin/gatun-device-tests has collected: {@code WORK
 * OUT}. Exit status 0 if every part that was asked for has run and passed.
 */
public final class DeviceReport {
  private final Path work;
  private final Map<String, Json> all = new LinkedHashMap<>();
  private final StringBuilder page = new StringBuilder();
  private boolean passed = true;
  private long tests;

  private DeviceReport(Path work) {
    this.work = work;
  }

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    DeviceReport report = new DeviceReport(Path.of(args[0]));
    report.facts();
    report.parts();
    report.values();
    report.benchmarks();
    report.peers();
    report.targets(Path.of(args[1]));
    boolean good = report.passed && report.tests > 0;
    report.all.put("passed", Json.of(good));
    String verdict = good ? "**Passed.**" : "**Failed.**";
    String text = "# Gatun on a GPU\n\n" + verdict + "\n\n" + report.page;
    Path out = Path.of(args[1]);
    Files.writeString(out.resolve("report.md"), text);
    Files.writeString(out.resolve("report.json"), Json.of(report.all).print() + "\n");
    System.exit(good ? 0 : 1);
  }

  private String text(String file) throws IOException {
    Path path = work.resolve(file);
    return Files.exists(path) ? Files.readString(path).strip() : "";
  }

  private void fact(String name, String value) {
    all.put(name.toLowerCase(Locale.ROOT).replace(' ', '_'), Json.of(value));
    page.append("| ").append(name).append(" | ").append(value.replace("\n", "<br>")).append(" |\n");
  }

  private void facts() throws IOException {
    page.append("| | |\n|---|---|\n");
    fact("Date", text("date"));
    fact("Ended", text("ended"));
    fact("Commit", text("commit"));
    if (DeviceRun.small()) {
      fact("Size", "small: a rehearsal, which proves nothing of speed");
    }
    fact(
        "GPU",
        text("gpu.csv").lines().skip(1).reduce("", (a, b) -> a.isEmpty() ? b : a + "\n" + b));
    Json.Members doctor = Json.parse(text("doctor.json")).asObject();
    Json.Members cuda = doctor.get("cuda").asObject();
    fact("Devices", cuda.get("names").print());
    for (String library : List.of("cuda_runtime", "cudnn", "cublas", "nvrtc")) {
      Json.Members status = cuda.get(library).asObject();
      fact(library.replace('_', ' '), value(status, "version") + ", " + value(status, "path"));
    }
    fact("JDK", value(doctor, "jdk"));
    fact("Platform", value(doctor, "platform") + ", " + value(doctor, "threads") + " threads");
    String torch = text("torch");
    fact("PyTorch", torch.isEmpty() ? "none" : torch + " (version, CUDA, cuDNN)");
  }

  private static String value(Json.Members of, String key) {
    Json value = of.get(key);
    return value instanceof Json.Text t ? t.value() : value.print();
  }

  /** What JUnit has counted in one part. */
  private static final class Counts {
    long passed;
    double seconds;
    final List<String> failed = new ArrayList<>();

    /** How many, by class and reason. */
    final Map<String, Long> skipped = new TreeMap<>();

    long skips() {
      return skipped.values().stream().mapToLong(Long::longValue).sum();
    }

    Json toJson(String status) {
      Map<String, Json> values = new LinkedHashMap<>();
      values.put("status", Json.of(status));
      values.put("passed", Json.of(passed));
      values.put("seconds", Json.of(seconds));
      values.put("failed", Json.of(failed.stream().map(Json::of).toList()));
      Map<String, Json> reasons = new LinkedHashMap<>();
      skipped.forEach((reason, count) -> reasons.put(reason, Json.of(count)));
      values.put("skipped", Json.of(reasons));
      return Json.of(values);
    }
  }

  private void parts() throws Exception {
    page.append("\n## Tests\n\n| part | passed | failed | skipped | seconds | status |\n");
    page.append("|---|---|---|---|---|---|\n");
    Map<String, Json> parts = new LinkedHashMap<>();
    StringBuilder details = new StringBuilder();
    try (Stream<Path> files = Files.list(work.resolve("xml"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".status")).sorted().toList()) {
        String part = file.getFileName().toString().replace(".status", "");
        String status = Files.readString(file).strip();
        Counts counts = counts(work.resolve("xml").resolve(part));
        tests += counts.passed;
        passed &= (status.equals("0") || status.equals("skipped")) && counts.failed.isEmpty();
        parts.put(part, counts.toJson(status));
        page.append(
            String.format(
                Locale.ROOT,
                "| %s | %d | %d | %d | %.0f | %s |%n",
                part,
                counts.passed,
                counts.failed.size(),
                counts.skips(),
                counts.seconds,
                status(part, status)));
        counts.failed.forEach(each -> details.append("* failed: ").append(each).append('\n'));
        counts.skipped.forEach(
            (reason, count) ->
                details
                    .append("* ")
                    .append(count)
                    .append(" skipped: ")
                    .append(reason)
                    .append('\n'));
      }
    }
    all.put("parts", Json.of(parts));
    page.append('\n').append(details);
  }

  private static String status(String part, String status) {
    boolean late = status.equals("124") || (part.equals("targets") && status.equals("4"));
    return late ? status + ": its time was over" : status;
  }

  private static Counts counts(Path folder) throws Exception {
    Counts counts = new Counts();
    if (!Files.isDirectory(folder)) {
      return counts;
    }
    DocumentBuilder builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".xml")).sorted().toList()) {
        NodeList cases = builder.parse(file.toFile()).getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
          count((Element) cases.item(i), counts);
        }
      }
    }
    return counts;
  }

  private static void count(Element test, Counts counts) {
    counts.seconds += Double.parseDouble(test.getAttribute("time"));
    String type = test.getAttribute("classname").replace("dev.gatun.tests.", "");
    String name = type + "." + test.getAttribute("name");
    for (Node child = test.getFirstChild(); child != null; child = child.getNextSibling()) {
      if (child instanceof Element element) {
        String kind = element.getTagName();
        if (kind.equals("failure") || kind.equals("error")) {
          counts.failed.add(name + ": " + first(element.getAttribute("message")));
          return;
        }
        if (kind.equals("skipped")) {
          String reason =
              first(element.getTextContent()).replaceFirst("^.*Assumption failed: ", "");
          counts.skipped.merge(type + ": " + reason, 1L, Long::sum);
          return;
        }
      }
    }
    counts.passed++;
  }

  private static String first(String message) {
    String line = message.strip().lines().findFirst().orElse("");
    return line.length() > 300 ? line.substring(0, 300) + "…" : line;
  }

  /** What tests have measured, each a file of its own. */
  private void values() throws IOException {
    Map<String, Json> values = new TreeMap<>();
    try (Stream<Path> files = Files.list(work.resolve("values"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
        String name = file.getFileName().toString().replace(".json", "");
        values.put(name, Json.parse(Files.readString(file).strip()));
      }
    }
    all.put("measured", Json.of(values));
    page.append("\n## Measured by the tests\n\n");
    values.forEach((name, json) -> member(name, json, ""));
  }

  private void member(String name, Json json, String indent) {
    page.append(indent).append("* ").append(name);
    if (json instanceof Json.Members members) {
      page.append('\n');
      members.values().forEach((key, value) -> member(key, value, indent + "  "));
    } else {
      page.append(": ").append(json instanceof Json.Text t ? t.value() : json.print()).append('\n');
    }
  }

  private void benchmarks() throws IOException {
    List<Json> rows = new ArrayList<>();
    page.append("\n## gatun bench\n\n| case | median ms | least ms | runs | more |\n");
    page.append("|---|---|---|---|---|\n");
    for (String line : text("bench.jsonl").lines().toList()) {
      Json.Members row = Json.parse(line).asObject();
      rows.add(row);
      Json.Members figures = row.get("figures").asObject();
      if (figures.values().containsKey("results")) {
        for (Json result : ((Json.Items) figures.get("results")).values()) {
          row(value(result.asObject(), "name"), result.asObject());
        }
      } else {
        row(value(row, "name"), figures);
      }
    }
    all.put("bench", Json.of(rows));
  }

  private void row(String name, Json.Members figures) {
    List<String> more = new ArrayList<>();
    List<String> keys =
        List.of(
            "mode", "gflops", "tokens_per_s", "p50_us", "p99_us", "first_step_s", "full_speed_s");
    for (String key : keys) {
      if (figures.values().containsKey(key)) {
        more.add(key + " " + value(figures, key));
      }
    }
    page.append("| ").append(name);
    for (String key : List.of("median_ms", "min_ms", "runs")) {
      boolean there = figures.values().containsKey(key);
      page.append(" | ").append(there ? value(figures, key) : "");
    }
    page.append(" | ").append(String.join(", ", more)).append(" |\n");
  }

  private void peers() throws IOException {
    String table = text("peers.md");
    all.put("peers", Json.of(table));
    if (!table.isEmpty()) {
      page.append("\n## Against PyTorch on the same device\n\n").append(table).append('\n');
    }
  }

  /** What targets.py has left beside this report, if that was among the parts. */
  private void targets(Path out) throws IOException {
    Path table = out.resolve("targets.md");
    if (!Files.exists(work.resolve("xml/targets.status")) || !Files.exists(table)) {
      return;
    }
    Json.Members decided = Json.parse(Files.readString(out.resolve("targets.json"))).asObject();
    all.put("targets", decided);
    tests += ((Json.Items) decided.get("results")).values().size();
    page.append('\n').append(Files.readString(table).replaceAll("(?m)^#", "##"));
  }
}
