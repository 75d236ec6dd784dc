package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.task.Task;
import dev.gatun.app.task.TextTask;
import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.data.BytePairs;
import dev.gatun.data.WordVocabulary;
import dev.gatun.model.Model;
import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The keys of how text becomes tokens. */
class TokenKeysTest {
  @WorkingFolder Path folder;
  private String text = "";

  @BeforeEach
  void data() throws Exception {
    // The last tenth, which is validated on, has a word that the training part lacks.
    text = Samples.prose(90) + "She says zebra, zebra and \u00e9t\u00e9.\n".repeat(8);
    Files.writeString(folder.resolve("prose.txt"), text);
  }

  private Config config(String... settings) throws Exception {
    return Config.read(
        Files.writeString(folder.resolve("c.yaml"), Samples.TEXT), List.of(settings));
  }

  private TextTask task(String... settings) throws Exception {
    return (TextTask) Task.of(config(settings));
  }

  private static int size(TextTask task) {
    return task.tokenizer().size();
  }

  @Test
  void eachKeyOfWords() throws Exception {
    TextTask words = task("data.tokens=words");
    assertTrue(words.tokenizer() instanceof WordVocabulary);
    assertEquals("words", words.unit());
    List<String> known = words.tokenizer().tokens();
    assertTrue(known.contains("fish") && !known.contains("zebra"), known.toString());
    assertEquals(8, size(task("data.tokens=words", "data.vocabulary=8")));
    assertEquals(
        known.subList(0, 8), task("data.tokens=words", "data.vocabulary=8").tokenizer().tokens());
    assertTrue(size(task("data.tokens=words", "data.min_count=20")) < known.size());
    Files.writeString(folder.resolve("prose.txt"), text.toUpperCase(Locale.ROOT));
    assertTrue(task("data.tokens=words").tokenizer().tokens().contains("FISH"));
    assertEquals(
        Set.copyOf(known),
        Set.copyOf(task("data.tokens=words", "data.lowercase=true").tokenizer().tokens()));
  }

  /** Wherever the rows end, within a word too. */
  @Test
  void whatIsNotAskedForIsNoPart() throws Exception {
    for (int rows = 200; rows < 210; rows++) {
      TextTask some = task("data.tokens=words", "data.rows=" + rows);
      assertEquals(0, some.split().test().size(), rows + " rows");
      TextTask all = task("data.tokens=words", "data.rows=" + rows, "data.validation=0");
      assertEquals(0, all.split().validation().size() + all.split().test().size(), rows + " rows");
    }
  }

  @Test
  void eachKeyOfPairs() throws Exception {
    TextTask pairs = task("data.tokens=bpe", "data.vocabulary=280");
    assertTrue(pairs.tokenizer() instanceof BytePairs);
    assertEquals(280, size(pairs));
    assertTrue(pairs.split().training().size() < text.length() * 0.6, "shorter than characters");
    assertEquals(270, size(task("data.tokens=bpe", "data.vocabulary=270")));
    assertRefused("the bytes alone are 256", "data.tokens=bpe", "data.vocabulary=256");
    assertRefused("only valid with data.tokens", "data.vocabulary=300");
    assertRefused("one of characters, words, bpe", "data.tokens=syllables");
  }

  private void assertRefused(String part, String... settings) {
    String message =
        String.valueOf(assertThrows(InputException.class, () -> task(settings)).getMessage());
    assertTrue(message.contains(part), message);
  }

  /** Of a model that knows nothing, every token is as likely: the bits are those of the tokens. */
  @Test
  void bitsOfCharactersAndBytes() throws Exception {
    for (String tokens : List.of("characters", "words", "bpe")) {
      TextTask task =
          tokens.equals("bpe")
              ? task("data.tokens=bpe", "data.vocabulary=270")
              : task("data.tokens=" + tokens);
      SequencedMap<String, Double> measures;
      try (Backend backend = Backends.open("cpu", 1);
          Model model = task.model().build(backend, 1)) {
        backend.fill(model.parameters().values(), 0);
        model.parameters().changed();
        measures = task.measure(model, task.split().validation(), WeightType.FLOAT32);
      }
      int from =
          text.offsetByCodePoints(
              0, text.codePointCount(0, text.length()) - (int) Math.round(0.1 * text.length()));
      String part =
          text.substring(tokens.equals("characters") ? from : text.lastIndexOf(' ', from));
      int count = task.split().validation().size();
      double bits = Math.log(size(task)) / Math.log(2) * count;
      assertEquals(size(task), measures.get("perplexity"), 1e-3, tokens);
      assertEquals(bits / part.length(), measures.get("bits_per_character"), 1e-5, tokens);
      assertEquals(
          bits / part.getBytes(StandardCharsets.UTF_8).length,
          measures.get("bits_per_byte"),
          1e-5,
          tokens);
    }
  }

  /** What a checkpoint keeps gives the same tokens for another file. */
  @Test
  void theVocabularyComesBack() throws Exception {
    for (String tokens : List.of("words", "bpe")) {
      Files.writeString(folder.resolve("prose.txt"), text);
      Config config = config("data.tokens=" + tokens);
      TextTask task = (TextTask) Task.of(config);
      Files.writeString(
          folder.resolve("prose.txt"), "another text entirely, of words. ".repeat(20));
      TextTask again = (TextTask) Task.of(config, task.strings());
      assertEquals(task.tokenizer(), again.tokenizer());
      Path file = Files.writeString(folder.resolve("o.txt"), text);
      TextTask other = TextTask.of(config, file, task.strings());
      assertEquals(task.tokenizer().encode(text).length, other.split().training().size());
    }
  }

  /** Trained, measured on another text and writing, with a table for both ends. */
  @Test
  void wordsOnTheCommandLine() throws Exception {
    Cli cli = new Cli(folder);
    cli.write("w.yaml", Samples.TEXT);
    Outcome train =
        cli.run(
            "train",
            "w.yaml",
            "--run",
            "w",
            "--json",
            "--set",
            "data.tokens=words",
            "--set",
            "model.embedding=16",
            "--set",
            "model.embedding_tied=true",
            "--set",
            "train.rate=0.02",
            "--set",
            "train.time_steps=8",
            "--set",
            "train.batch=4",
            "--set",
            "train.epochs=15");
    assertEquals(0, train.status(), train.err());
    cli.write("other.txt", Samples.prose(30));
    Outcome eval = cli.run("eval", "w", "--data", "other.txt", "--json");
    assertEquals(0, eval.status(), eval.err());
    Json.Members measures = Json.parse(eval.out().strip()).asObject();
    // 16 words, some of them always following others: knowing nothing would be a perplexity of 19.
    assertTrue(measures.get("perplexity").asDouble() < 6, eval.out());
    Outcome generate = cli.run("generate", "w", "--prompt", "the cat", "--length", "30");
    assertEquals(0, generate.status(), generate.err());
    assertTrue(
        generate.out().matches("(?s)the cat( [a-z<>]+|\\.|,|\\n[A-Za-z<>]*)*\\n"), generate.out());
    Outcome nothing = cli.run("generate", "w", "--prompt", "  ", "--length", "3");
    assertEquals(2, nothing.status());
    assertTrue(nothing.err().contains("no words in it"), nothing.err());
  }
}
