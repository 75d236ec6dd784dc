package dev.gatun.tests.tune;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.search.Goal;
import dev.gatun.app.search.Study;
import dev.gatun.app.tune.StudyReport;
import java.io.ByteArrayInputStream;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What the page of a study says, and that it is whole and needs nothing else. */
class StudyReportTest {
  private static final List<String> SECTIONS =
      List.of(
          "Best configuration",
          "History",
          "Learning curves",
          "Parallel coordinates",
          "Importance",
          "Trials");

  private static Document parsed(String page) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(page.getBytes(UTF_8)));
  }

  private static List<Element> all(Document page, String tag) {
    NodeList found = page.getElementsByTagName(tag);
    return IntStream.range(0, found.getLength()).mapToObj(i -> (Element) found.item(i)).toList();
  }

  private static List<String> texts(Document page, String tag) {
    return all(page, tag).stream().map(Element::getTextContent).toList();
  }

  private static long count(Document page, String tag, String kind) {
    return all(page, tag).stream().filter(e -> e.getAttribute("class").equals(kind)).count();
  }

  @Test
  void everyTrialIsOnIt() throws Exception {
    Study study = StudyPages.study(61, 8, Goal.MINIMIZE);
    String html = StudyPages.page(study, "validation_loss");
    Document page = parsed(html);
    assertEquals(SECTIONS, texts(page, "h2"));
    int best = study.best().number();
    assertTrue(
        texts(page, "p")
            .getFirst()
            .startsWith(
                "60 of 70 trials: 44 finished, 15 stopped early, 1 failed; 1 running, load the page"
                    + " again for more. Seed 3. Best: trial "
                    + best),
        html);
    assertEquals(61, all(page, "tr").stream().filter(StudyReportTest::ofTrial).count());
    assertEquals(15, count(page, "tr", "pruned"));
    assertEquals(16, count(page, "path", "grey"), "curves of those stopped early, or failed");
    assertEquals(1, count(page, "path", "now"), "the curve of what runs");
    assertEquals(43 + 43, count(page, "path", "done"), "curves and lines of those finished");
    assertEquals(43, count(page, "path", "dot done"));
    assertEquals(15, count(page, "path", "dot grey"));
    assertEquals(1, count(page, "path", "dot best"));
    assertEquals("model:\n  hidden: 12 # <&>\n", texts(page, "pre").getFirst());
    assertTrue(html.contains("<td class=\"reason\">diverged: the loss was not finite</td>"));
    String rest = new StudyReport("t", List.of("l"), study, 61).html("a: 1", "test: MAE <1");
    assertEquals(List.of("test: MAE <1", "a: 1"), texts(parsed(rest), "pre"));
  }

  private static boolean ofTrial(Element row) {
    return List.of("best", "finished", "pruned", "failed", "running")
        .contains(row.getAttribute("class"));
  }

  /** The rate decides everything here, and the bars say so. */
  @Test
  void importanceIsShownAsSoonAsItCanBeTold() throws Exception {
    Document page = parsed(StudyPages.page(StudyPages.study(61, 2, Goal.MINIMIZE), "loss"));
    Element first =
        all(page, "tr").stream()
            .filter(row -> row.getTextContent().startsWith("train.rate"))
            .filter(row -> row.getTextContent().contains(" %"))
            .findFirst()
            .orElseThrow();
    String share = first.getElementsByTagName("td").item(1).getTextContent().replace(" %", "");
    assertTrue(Integer.parseInt(share) > 80, share);
    Element bar = (Element) first.getElementsByTagName("div").item(0);
    double width = Double.parseDouble(bar.getAttribute("style").replaceAll("[^0-9.]", ""));
    assertEquals(Integer.parseInt(share), width, 0.51);
    String few = StudyPages.page(StudyPages.study(4, 2, Goal.MINIMIZE), "loss");
    assertTrue(few.contains("Needs at least 4 finished trials; there are 3."), few);
    assertFalse(few.contains("class=\"bar\""), few);
  }

  @Test
  void severalObjectivesHaveAFront() throws Exception {
    Study study = StudyPages.study(60, 2, Goal.MINIMIZE, Goal.MINIMIZE);
    Document page = parsed(StudyPages.page(study, "loss", "parameters"));
    assertTrue(texts(page, "h2").contains("Pareto front"));
    assertEquals(study.front().size() + 1, count(page, "path", "dot best"), "and the best's");
    assertEquals(study.front().size(), texts(page, "td").stream().filter("yes"::equals).count());
  }

  /** Of four there are six pairs, of five only those with the first: four. */
  @Test
  void everyTwoObjectivesHaveAChart() throws Exception {
    Goal[] goals = {Goal.MINIMIZE, Goal.MAXIMIZE, Goal.MINIMIZE, Goal.MINIMIZE, Goal.MINIMIZE};
    List<String> names = List.of("a", "b", "c", "d", "e");
    List<String> pairs = List.of("a and b", "a and c", "a and d", "b and c", "b and d", "c and d");
    for (int count : new int[] {4, 5}) {
      Study study = StudyPages.study(30, 2, Arrays.copyOf(goals, count));
      String page = StudyPages.page(study, names.subList(0, count).toArray(String[]::new));
      for (String pair : pairs) {
        boolean shown = count == 4 || pair.startsWith("a");
        assertEquals(shown, page.contains(pair + " of each trial"), pair + " of " + count);
      }
      assertEquals(count == 5, page.contains("a and e of each trial"));
    }
  }

  /** Nothing is loaded, and what a name holds is text. */
  @Test
  void oddNamesAndValuesAreText() throws Exception {
    String html = StudyPages.page(StudyPages.odd(), "<u>" + "y".repeat(200));
    Document page = parsed(html);
    assertEquals("Study: a <b> & c", texts(page, "h1").getFirst());
    assertEquals(1, all(page, "script").size());
    for (String tag : List.of("b", "i", "u", "link", "img", "iframe", "a")) {
      assertEquals(List.of(), texts(page, tag), tag);
    }
    assertTrue(texts(page, "td").contains("<script>alert(1)</script>"), html);
    assertTrue(texts(page, "td").contains("\ufffd&\"' \ufffd"), html);
    for (String loading :
        List.of("http:", "https:", "src=", "href=", "url(", "@import", "fetch(")) {
      assertFalse(html.contains(loading), loading);
    }
    assertFalse(html.contains("NaN\"") || html.contains("NaN "), "no place is NaN");
  }

  @Test
  void withoutAFinishedTrialItSaysSo() throws Exception {
    for (Study study : List.of(StudyPages.study(0, 1, Goal.MINIMIZE), StudyPages.failed())) {
      String html = StudyPages.page(study, "validation_loss");
      assertEquals(SECTIONS, texts(parsed(html), "h2"));
      assertTrue(html.contains("None has finished: there is no best one yet."), html);
    }
    assertEquals(SECTIONS, texts(parsed(one()), "h2"));
  }

  private static String one() {
    return StudyPages.page(StudyPages.study(1, 5, Goal.MAXIMIZE), "accuracy");
  }

  @Test
  void aLongStudyIsNoLargePage() throws Exception {
    String html = StudyPages.page(StudyPages.study(500, 100, Goal.MINIMIZE), "validation_loss");
    parsed(html);
    assertTrue(html.length() < 3_000_000, html.length() + " characters");
  }
}
