package dev.gatun.app.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gatun.persist.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code gatun bench lines}: many measurements in one process, in whatever order and whenever the
 * asker wants them, as between those of another engine. A device and compiled code stay as they are
 * from one to the next.
 */
final class BenchLines {
  private BenchLines() {}

  /** Answers until standard input ends. */
  static void run(PrintWriter out) throws IOException {
    BufferedReader asked = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    try (KeptBackends kept = new KeptBackends()) {
      for (String line = asked.readLine(); line != null; line = asked.readLine()) {
        out.println(answer(line.strip(), kept));
        out.flush();
      }
    }
  }

  /** The JSON of one measurement, or its status and error. */
  private static String answer(String line, KeptBackends kept) {
    List<String> command = new ArrayList<>(List.of(line.split("\\s+")));
    if (command.getFirst().equals("lines")) {
      return failure(Gatun.WRONG_INPUT, "lines: give rnn, step, stream, cold or suite");
    }
    command.addFirst("bench");
    command.addLast("--json");
    StringWriter answer = new StringWriter();
    StringWriter errors = new StringWriter();
    int status =
        kept.during(
            () ->
                Gatun.run(
                    new PrintWriter(answer),
                    new PrintWriter(errors),
                    command.toArray(String[]::new)));
    if (status == 0) {
      return answer.toString().strip();
    }
    kept.close(); // a device that has failed is opened anew
    return failure(status, errors.toString().strip());
  }

  private static String failure(int status, String error) {
    return Json.of(Map.of("status", Json.of((long) status), "error", Json.of(error))).print();
  }
}
