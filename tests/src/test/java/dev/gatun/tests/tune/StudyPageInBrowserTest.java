package dev.gatun.tests.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.app.search.Goal;
import dev.gatun.persist.Json;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page of a study in a browser, where Chromium is installed: as wide as a phone. */
class StudyPageInBrowserTest {
  private static final int PHONE = 390;
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome", "chrome");

  /** What the page is like in a frame of a phone's width, and what a click does there. */
  private static final String PROBE =
      """
      const frame = document.getElementById('f'), page = frame.contentDocument;
      const view = frame.contentWindow, root = page.scrollingElement;
      const shown = e => e.getClientRects().length > 0;
      const sizes = Array.from(page.querySelectorAll('body *'))
        .filter(e => shown(e) && Array.from(e.childNodes).some(n => n.nodeType === 3 && n.data.trim()))
        .map(e => parseFloat(view.getComputedStyle(e).fontSize));
      const charts = Array.from(page.querySelectorAll('.area svg')).map(e => e.getBoundingClientRect());
      const cells = column => Array.from(page.querySelectorAll('table.sorted tbody tr'))
        .map(row => row.cells[column].textContent);
      const before = cells(0);
      const click = () => page.querySelector('table.sorted th button').click();
      click();
      const up = cells(0);
      click();
      const down = cells(0);
      page.getElementById('copy').click();
      document.body.textContent = 'PROBE' + JSON.stringify({
        width: root.scrollWidth, view: root.clientWidth, smallest: Math.min(...sizes),
        texts: sizes.length, charts: charts.filter(c => c.width > 150 && c.height > 150).length,
        sections: Array.from(page.querySelectorAll('h2')).map(e => e.textContent),
        before, up, down, selected: view.getSelection().toString(),
        errors: view.errors.concat(errors) }) + 'END';
      """;

  private static final String CATCH =
      "<script>var errors = []; onerror = m => { errors.push(String(m)); };</script>";

  @TempDir private Path folder;

  private static Optional<Path> browser() {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .flatMap(path -> NAMES.stream().map(name -> Path.of(path, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private record Shown(Json.Members found, String said) {}

  /** The page as the frame of another, which looks into it. */
  private Shown show(String page) throws Exception {
    Optional<Path> browser = browser();
    assumeTrue(browser.isPresent(), "skipped: none of " + NAMES + " is on the PATH");
    String inner = page.replace("<head>", "<head>" + CATCH).replace("&", "&amp;");
    Path file =
        Files.writeString(
            folder.resolve("probe.html"),
            "<!DOCTYPE html><html><body>"
                + CATCH
                + "<iframe id='f' style='border:0;height:2000px;width:%dpx' srcdoc=\""
                    .formatted(PHONE)
                + inner.replace("\"", "&quot;")
                + "\"></iframe><script>onload = () => {"
                + PROBE
                + "};</script></body></html>");
    List<String> command = new ArrayList<>(List.of(browser.orElseThrow().toString()));
    command.addAll(
        List.of(
            ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
                    + " --disable-background-networking --disable-component-update --hide-scrollbars"
                    + " --enable-logging=stderr --dump-dom")
                .split(" ")));
    command.add("--user-data-dir=" + Files.createTempDirectory(folder, "profile"));
    command.add(file.toUri().toString());
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the browser hangs");
    } finally {
      process.destroyForcibly();
    }
    String dom = Files.readString(out);
    Matcher found = Pattern.compile("PROBE(.*)END", Pattern.DOTALL).matcher(dom);
    assertTrue(found.find(), () -> dom);
    String json = found.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    return new Shown(Json.parse(json).asObject(), Files.readString(err));
  }

  private static void fits(Shown shown, int charts) {
    Json.Members found = shown.found();
    assertEquals(PHONE, found.get("view").asDouble());
    assertEquals(PHONE, found.get("width").asDouble(), "the page itself does not scroll sideways");
    assertTrue(found.get("smallest").asDouble() >= 14, "a smallest text of " + found);
    assertTrue(found.get("texts").asDouble() > 40);
    assertEquals(charts, found.get("charts").asDouble());
    assertEquals("[]", found.get("errors").print());
    assertFalse(shown.said().contains("CONSOLE"), shown.said());
  }

  @Test
  void isReadableOnAPhone() throws Exception {
    Shown shown =
        show(
            StudyPages.page(
                StudyPages.study(61, 8, Goal.MINIMIZE, Goal.MINIMIZE), "loss", "parameters"));
    fits(shown, 4);
    Json.Members found = shown.found();
    assertTrue(found.get("sections").print().contains("\"Pareto front\""), found.print());
    List<Integer> numbers = Stream.iterate(0, i -> i + 1).limit(61).toList();
    assertEquals(numbers, numbers(found.get("up")));
    assertEquals(numbers.reversed(), numbers(found.get("down")));
    assertFalse(numbers(found.get("before")).equals(numbers), "the best first");
    assertTrue(found.get("selected").print().contains("hidden: 12"), "what Copy selects");
  }

  private static List<Integer> numbers(Json list) {
    return ((Json.Items) list)
        .values().stream().map(text -> Integer.valueOf(((Json.Text) text).value())).toList();
  }

  @Test
  void oddNamesDoNotWidenIt() throws Exception {
    fits(show(StudyPages.page(StudyPages.odd(), "<u>" + "y".repeat(200))), 3);
  }
}
