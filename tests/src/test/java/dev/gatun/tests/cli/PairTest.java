package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Names;
import dev.gatun.app.task.PairTask;
import dev.gatun.app.task.Task;
import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.model.Embedding;
import dev.gatun.model.Model;
import dev.gatun.model.SequenceToSequence;
import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code data.type: pairs}, from the example to what it answers. */
class PairTest {
  private static final Path EXAMPLE =
      Path.of(System.getProperty("gatun.root")).resolve("examples/reverse-digits.yaml");

  private static final String CONFIG =
      """
      data:
        type: pairs
        path: pairs.csv
        validation: 0
      model:
        hidden: 3
      train:
        steps: 2
      """;

  private static final String PAIRS = "source,target\nab,x\nba,yx\nabc,\n";

  @WorkingFolder Path folder;

  private static double measure(String json, String name) {
    Json value = ((Json.Members) Json.parse(json)).values().get(name);
    assertTrue(value != null, () -> name + " is not in " + json);
    return Double.parseDouble(value.print());
  }

  @Test
  void theExampleLearnsToReverseWhatItHasNotSeen() throws Exception {
    Cli cli = new Cli(folder);
    String run = folder.resolve("run").toString();
    Outcome train = cli.run("train", EXAMPLE.toString(), "--run", run, "--json");
    assertEquals(0, train.status(), train.err());
    Outcome eval = cli.run("eval", run, "--json");
    assertEquals(0, eval.status(), eval.err());
    assertTrue(measure(eval.out(), "exact") > 0.99, eval.out());
    assertTrue(measure(eval.out(), "character_error_rate") < 0.01, eval.out());
    assertTrue(measure(eval.out(), "perplexity") < 1.05, eval.out());
    assertTrue(measure(eval.out(), "token_accuracy") > 0.99, eval.out());
    assertTrue(measure(eval.out(), "edit_distance") < 0.05, eval.out());
    Path input = cli.write("new.tsv", "digits\tnote\n8031\ta\n55512\tb\n");
    Outcome answers = cli.run("predict", run, "--input", input.toString(), "--beam", "2");
    assertEquals(0, answers.status(), answers.err());
    assertEquals(
        List.of("digits,reversed", "8031,1308", "55512,21555"), answers.out().lines().toList());
    Outcome generate = cli.run("generate", run, "--prompt", "1", "--length", "2");
    assertEquals(2, generate.status());
    assertTrue(generate.err().contains("use gatun predict"), generate.err());
  }

  private PairTask task(String pairs, String... settings) throws Exception {
    Files.writeString(folder.resolve("pairs.csv"), pairs);
    Path yaml = Files.writeString(folder.resolve("c.yaml"), CONFIG);
    return (PairTask) Task.of(Config.read(yaml, List.of(settings)));
  }

  private SequenceToSequence layer(String... settings) throws Exception {
    return (SequenceToSequence) task(PAIRS, settings).model().stages().getFirst().layer();
  }

  @Test
  void eachKeyChangesTheModelAsItSays() throws Exception {
    SequenceToSequence plain = layer();
    assertEquals(1 + 2 + 1, plain.tokens()); // boundary, x and y, unknown
    assertEquals(64, ((Embedding) layer("model.embedding=64").tables().shown()).size());
    for (String kind : List.of("none", "dot", "scaled-dot", "general", "additive")) {
      assertEquals(kind, Names.of(layer("model.attention=" + kind).attention()));
    }
    assertTrue(layer("model.bidirectional=true").encoder().stacks().getFirst().bidirectional());
    assertEquals(0.3, layer("model.input_dropout=0.3").dropout().input());
    assertEquals(0.3, layer("model.output_dropout=0.3").dropout().output());
    assertEquals(
        0.3, layer("model.layers=2", "model.dropout=0.3").decoder().stacks().getFirst().dropout());
    SequenceToSequence sampled =
        layer(
            "train.sampling.probability=0.4",
            "train.sampling.decay=exponential",
            "train.sampling.steps=50");
    assertEquals(0.4 * (1 - Math.exp(-0.2)), sampled.sampling().at(10), 1e-12);
    assertEquals(null, plain.sampling());
  }

  /** What an untrained model says: its tokens are all about equally likely. */
  private List<String> answers(String... settings) throws Exception {
    PairTask task = task(PAIRS, settings);
    try (Backend backend = Backends.open("cpu", 1);
        Model model = task.model().build(backend, 3)) {
      return task.answers(model, 3, 1).stream().map(best -> best.getFirst().text()).toList();
    }
  }

  @Test
  void searchesGoAsTheirKeysSay() throws Exception {
    List<String> cut = answers("model.max_tokens=2", "model.length_penalty=50");
    assertTrue(cut.stream().allMatch(said -> said.codePointCount(0, said.length()) <= 2), cut + "");
    int plain = String.join("", answers()).length();
    int favoured = String.join("", answers("model.length_penalty=50")).length();
    assertTrue(favoured > plain, plain + " and " + favoured);
  }

  /**
   * A model of zeros says the end at once: right at the end of each of three targets, of six tokens
   * with their ends; 1, 2 and no token are missing.
   */
  @Test
  void tokensAreCountedByHand() throws Exception {
    PairTask task = task(PAIRS);
    SequencedMap<String, Double> measures;
    try (Backend backend = Backends.open("reference");
        Model model = task.model().build(backend, 3)) {
      backend.fill(model.parameters().values(), 0);
      model.parameters().changed();
      measures = task.measure(model, task.split().training(), WeightType.FLOAT32);
    }
    assertEquals(0.5, measures.get("token_accuracy"), 1e-12);
    assertEquals(1.0, measures.get("edit_distance"), 1e-12);
    assertEquals(1 / 3.0, measures.get("exact"), 1e-12);
  }

  @Test
  void tokensMayBeWords() throws Exception {
    PairTask words =
        task(
            "source,target\nthe cat,le chat\nthe dog,le chien\n",
            "data.tokens=words",
            "data.min_count=1");
    assertEquals(List.of("<unk>", "le", "chat", "chien"), words.targetVocabulary().tokens());
    assertEquals(2 + 1, words.training().maxTime()); // and the end
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "model.bidirectional=true,model.attention=dot | general or additive",
        "model.bidirectional=true,model.attention=scaled-dot | or model.merge sum",
        "model.merge=sum | only valid with model.bidirectional true",
        "model.embedding_tied=true,model.embedding=5 | give model.embedding 3",
        "model.embedding_padding=4 | there are 4 tokens",
        "model.input=one-hot,model.target_vectors=v.txt | there is no table",
        "model.batch_norm=input | only valid with data.type text or series",
        "model.convolution.stride=2 | only valid with data.type series",
        "data.target=said | no column \"said\" in",
      })
  void whatDoesNotFitIsNamed(String settings, String message) {
    String[] each = settings.replace("'", "").split(",(?=\\w+\\.)");
    InputException e = assertThrows(InputException.class, () -> task(PAIRS, each));
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }

  @Test
  void optionsThatSayNothingHereAreRefused() throws Exception {
    Path pairs = Files.writeString(folder.resolve("pairs.csv"), PAIRS);
    String run = KeyRuns.train(folder, CONFIG).run().path().toString();
    String[] predict = {"predict", run, "--device", "cpu", "--input", pairs.toString()};
    assertRefused("--beam -5: give 0, for none, or more", predict, "--beam", "-5");
    assertRefused("--beam -1: give 0, for none, or more", predict, "--beam", "-1");
    assertRefused("--stitch: " + run + " forecasts no series", predict, "--stitch");
  }

  private static void assertRefused(String message, String[] command, String... options) {
    Outcome outcome =
        InProcess.run(Stream.of(command, options).flatMap(Stream::of).toArray(String[]::new));
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains(message), outcome.err());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
  }

  @Test
  void emptySourcesAreNamedByTheirLine() {
    InputException e = assertThrows(InputException.class, () -> task("source,target\nab,x\n,y\n"));
    assertTrue(
        String.valueOf(e.getMessage()).contains("pairs.csv:3: column source: empty"),
        e.getMessage());
  }
}
