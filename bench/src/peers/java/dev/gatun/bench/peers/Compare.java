package dev.gatun.bench.peers;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import joptsimple.ArgumentAcceptingOptionSpec;
import joptsimple.OptionException;
import joptsimple.OptionParser;
import joptsimple.OptionSet;
import joptsimple.OptionSpec;
import org.jspecify.annotations.Nullable;

/** The command that prints Gatun and its peers in one table. */
public final class Compare {
  private final OptionParser parser = new OptionParser();
  private final OptionSpec<String> peers =
      option("peers", "engines to compare with", String.class)
          .defaultsTo("gatun-bf16", "gatun-int8", "libtorch", "onnxruntime", "dl4j");
  private final OptionSpec<Integer> threads =
      option("threads", "threads of each engine", Integer.class).defaultsTo(1, 2);
  private final OptionSpec<Void> quick =
      parser.accepts(
          "quick",
          "one round, %s s to warm up, %s s to measure: to look, not to publish"
              .formatted(Pace.QUICK.warmup(), Pace.QUICK.seconds()));
  private final OptionSpec<Integer> forks =
      option(
          "forks",
          "rounds, each engine timed in a new JVM in each; 0 only checks [default: %d, streams %d]"
              .formatted(Pace.PUBLISHED.rounds(), Pace.PUBLISHED.streamRounds()),
          Integer.class);
  private final OptionSpec<Double> warmup =
      option(
          "warmup",
          "seconds before measuring [default: %s]".formatted(Pace.PUBLISHED.warmup()),
          Double.class);
  private final OptionSpec<Double> seconds =
      option(
          "seconds",
          "seconds to measure [default: %s]".formatted(Pace.PUBLISHED.seconds()),
          Double.class);
  private final OptionSpec<String> csv = option("csv", "a file for the figures", String.class);
  private final OptionSpec<String> json = option("json", "a file for the figures", String.class);
  private final OptionSpec<String> filter =
      option("filter", "regular expression that a case contains", String.class).defaultsTo("");
  private final OptionSpec<String> cases =
      parser
          .accepts("case", "instead of those listed, like \"lstm L1 N3 T5 C7 H11 train\"")
          .withRequiredArg();
  private final OptionSpec<Void> list = parser.accepts("list", "print the cases");
  private final OptionSpec<Void> help = parser.accepts("help", "print this").forHelp();

  private Compare() {}

  private <T> ArgumentAcceptingOptionSpec<T> option(String name, String what, Class<T> type) {
    return parser.accepts(name, what).withRequiredArg().ofType(type).withValuesSeparatedBy(',');
  }

  /** Prints the table to standard output, what goes on to standard error. */
  public static void main(String... args) throws IOException, InterruptedException {
    List<String> settings = ForkedJvm.settings();
    if (!settings.isEmpty()) {
      // JMH's forks inherit this process's environment, which Java cannot change.
      System.err.println("Every engine runs without " + String.join(", ", settings));
      String classPath = ForkedJvm.classPath(Peer.GATUN);
      ProcessBuilder again = ForkedJvm.builder(classPath, Compare.class, List.of(args));
      System.exit(again.inheritIO().start().waitFor());
    }
    System.exit(new Compare().run(args));
  }

  /**
   * Returns the exit status: 0 done, 1 the results differ or an engine fails, 2 wrong arguments.
   */
  private int run(String... args) throws IOException {
    try {
      OptionSet options = parser.parse(args);
      if (options.has(help)) {
        parser.printHelpOn(System.out);
        return 0;
      }
      List<Work> works = works(options);
      if (options.has(list)) {
        works.forEach(System.out::println);
        return 0;
      }
      Comparison comparison =
          new Comparison(
              options.valuesOf(peers).stream().map(Compare::peer).toList(),
              works,
              options.valuesOf(threads),
              pace(options));
      Report report = new Report(System.out, file(options, csv), file(options, json));
      return compare(comparison, report);
    } catch (OptionException | IllegalArgumentException | FileSystemException e) {
      System.err.println(e.getMessage());
      return 2;
    }
  }

  private static int compare(Comparison comparison, Report report) throws IOException {
    try {
      comparison.run(report);
      return 0;
    } catch (IllegalStateException e) {
      System.err.println(e.getMessage());
      return 1;
    }
  }

  private static @Nullable Path file(OptionSet options, OptionSpec<String> option) {
    return options.has(option) ? Path.of(options.valueOf(option)).toAbsolutePath() : null;
  }

  private Pace pace(OptionSet options) {
    Pace pace = options.has(quick) ? Pace.QUICK : Pace.PUBLISHED;
    return new Pace(
        options.has(forks) ? options.valueOf(forks) : pace.rounds(),
        options.has(forks) ? options.valueOf(forks) : pace.streamRounds(),
        options.has(warmup) ? options.valueOf(warmup) : pace.warmup(),
        options.has(seconds) ? options.valueOf(seconds) : pace.seconds());
  }

  private List<Work> works(OptionSet options) {
    Pattern part = Pattern.compile(options.valueOf(filter));
    Stream<Work> all =
        options.has(cases)
            ? options.valuesOf(cases).stream().map(Work::parse)
            : Works.timed().stream();
    List<Work> works = all.filter(work -> part.matcher(work.toString()).find()).toList();
    if (works.isEmpty()) {
      throw new IllegalArgumentException("--filter " + part + ": no case has it; see --list");
    }
    return works;
  }

  private static Peer peer(String name) {
    try {
      return Peer.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "--peers %s: should be of %s"
              .formatted(
                  name, Arrays.toString(Peer.values()).toLowerCase(Locale.ROOT).replace('_', '-')),
          e);
    }
  }
}
