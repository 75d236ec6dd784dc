package dev.gatun.app.cli;

import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.Sampler;
import dev.gatun.app.run.TrainedRun;
import dev.gatun.app.task.TextTask;
import dev.gatun.backend.Backend;
import dev.gatun.data.Tokenizer;
import dev.gatun.data.Vocabulary;
import dev.gatun.model.Model;
import dev.gatun.model.Session;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun generate}. */
@Command(
    name = "generate",
    description = "Write text from a language model; the same seed, the same text.")
final class GenerateCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", description = "A run's folder.")
  private Path run = Path.of("");

  @Option(
      names = "--prompt",
      required = true,
      paramLabel = "TEXT",
      description = "What the text begins with.")
  private String prompt = "";

  @Option(
      names = "--length",
      required = true,
      paramLabel = "N",
      description = "Tokens to add: characters, words or pieces, as the model has them.")
  private int length;

  @Option(
      names = "--temperature",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "Below 1 more likely characters, above 1 more surprising ones, 0 always the"
              + " likeliest. Default: 1.")
  private double temperature = 1;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "0",
      description = "Choose among the K likeliest characters. Default: all.")
  private int topK;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Default: 1.")
  private long seed = 1;

  @Mixin private Compute compute = new Compute();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    check();
    TrainedRun trained = TrainedRun.open(run, "");
    switch (trained.config().get(DataKeys.TYPE)) {
      case TEXT -> {}
      case SERIES -> throw new InputException(run + ": a forecaster; use gatun predict");
      case PAIRS ->
          throw new InputException(run + ": it answers what it is given; use gatun predict");
      case TRANSCRIPTS ->
          throw new InputException(run + ": it transcribes sequences; use gatun predict");
      case SEQUENCES, STRINGS ->
          throw new InputException(run + ": a classifier; use gatun predict");
    }
    Tokenizer vocabulary = TextTask.tokenizer(trained.strings());
    int[] tokens = encode(vocabulary);
    PrintWriter out = spec.commandLine().getOut();
    try (Backend backend = compute.open(trained.config());
        Model model = trained.load(TextTask.model(trained.config(), vocabulary), backend);
        Session session = model.session()) {
      Sampler sampler = new Sampler(vocabulary.size(), temperature, topK, seed);
      float[] logits = new float[vocabulary.size()];
      for (int i = 0; i < tokens.length; i++) {
        session.step(tokens[i]);
      }
      // Only characters stand for themselves: other tokens are text when all are there.
      boolean each = vocabulary instanceof Vocabulary;
      out.print(each ? prompt : "");
      int[] all = Arrays.copyOf(tokens, tokens.length + length);
      for (int i = 0; i < length; i++) {
        session.readOutput(logits);
        int next = sampler.next(logits);
        all[tokens.length + i] = next;
        out.print(each ? vocabulary.decode(next) : "");
        session.step(next);
      }
      out.print(each ? "" : prompt + added(vocabulary, all, tokens.length));
    }
    out.println();
    out.flush();
    return 0;
  }

  /** The text of what follows the first tokens, spaces before it included. */
  private static String added(Tokenizer vocabulary, int[] all, int first) {
    String before = vocabulary.decode(Arrays.copyOf(all, first));
    return vocabulary.decode(all).substring(before.length());
  }

  private void check() {
    if (prompt.isEmpty()) {
      throw new InputException("--prompt: empty; give at least one character");
    }
    if (length < 1) {
      throw new InputException("--length " + length + ": give at least 1");
    }
    if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new InputException("--temperature " + temperature + ": give 0 or more");
    }
    if (topK < 0) {
      throw new InputException("--top-k " + topK + ": give 1 or more, or 0 for all");
    }
  }

  private int[] encode(Tokenizer vocabulary) {
    try {
      int[] tokens = vocabulary.encode(prompt);
      if (tokens.length == 0) {
        throw new InputException("--prompt: no words in it; give at least one");
      }
      return tokens;
    } catch (IllegalArgumentException e) {
      throw new InputException("--prompt: " + e.getMessage(), e);
    }
  }
}
