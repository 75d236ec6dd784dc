package dev.gatun.app.cli;

import dev.gatun.BackendUnavailableException;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.RunException;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.SettingException;
import dev.gatun.bindings.LibraryUnavailableException;
import dev.gatun.persist.FormatException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The root command and the one place where failures become exit statuses. */
@Command(
    name = "gatun",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    scope = ScopeType.INHERIT,
    description = "Trains and runs recurrent networks: LSTM, GRU and simple RNNs.",
    footer = {
      "",
      "Exit status: 0 done, 1 it ran and failed, 2 the command, configuration or input is wrong,"
          + " 130 interrupted and 143 terminated, after saving."
    })
public final class Gatun {
  /** The run failed. */
  static final int FAILED = 1;

  /** The command, configuration or input is wrong. */
  static final int WRONG_INPUT = 2;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of an error.")
  @SuppressWarnings("unused") // read from the arguments, so that parse errors honour it too
  private boolean debug;

  /** Created by {@link #run} and by picocli. */
  Gatun() {}

  /**
   * Runs one command.
   *
   * @param args the command line
   * @return the exit status
   */
  public static int run(String... args) {
    return run(null, null, args);
  }

  /** The same with what it says given to the writers, where there are any. */
  static int run(@Nullable PrintWriter out, @Nullable PrintWriter err, String... args) {
    boolean debug = Arrays.asList(args).contains("--debug");
    CommandLine line = new CommandLine(new Gatun());
    for (Class<?> command : commands(args)) {
      line.addSubcommand(command);
    }
    if (out != null && err != null) {
      line.setOut(out);
      line.setErr(err);
    }
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler((e, _) -> usageError(e, debug));
    line.setExecutionExceptionHandler((e, command, _) -> failure(e, command, debug));
    if (args.length == 0) {
      line.usage(line.getErr());
      return WRONG_INPUT;
    }
    try {
      return line.execute(args);
    } catch (OutOfMemoryError e) {
      return outOfMemory(e, line.getErr(), debug);
    }
  }

  /** Reading the annotations of all takes 0.05 s of a start: of one alone where it is named. */
  private static List<Class<?>> commands(String[] args) {
    return switch (args.length == 0 ? "" : args[0]) {
      case "train" -> List.of(TrainCommand.class);
      case "eval" -> List.of(EvalCommand.class);
      case "predict" -> List.of(PredictCommand.class);
      case "generate" -> List.of(GenerateCommand.class);
      case "bench" -> List.of(BenchCommand.class);
      default ->
          List.of(
              DoctorCommand.class,
              KeysCommand.class,
              TrainCommand.class,
              TuneCommand.class,
              CheckCommand.class,
              EvalCommand.class,
              PredictCommand.class,
              GenerateCommand.class,
              DataCommand.class,
              DiagnoseCommand.class,
              PlotCommand.class,
              ExplainCommand.class,
              RnnCommand.class,
              BenchCommand.class);
    };
  }

  private static int usageError(ParameterException e, boolean debug) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("gatun: " + e.getMessage());
    if (!CommandLine.UnmatchedArgumentException.printSuggestions(e, err)) {
      err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    }
    if (debug) {
      e.printStackTrace(err);
    }
    return WRONG_INPUT;
  }

  private static int outOfMemory(OutOfMemoryError e, PrintWriter err, boolean debug) {
    err.println("gatun: " + MemoryAdvice.of(e));
    if (debug) {
      e.printStackTrace(err);
    }
    return FAILED;
  }

  private static int failure(Exception e, CommandLine command, boolean debug) {
    PrintWriter err = command.getErr();
    if (!(e instanceof RunException) && e.getCause() instanceof OutOfMemoryError memory) {
      // A command that is a method: picocli wraps what it throws.
      return outOfMemory(memory, err, debug);
    }
    boolean wrapped = e instanceof UncheckedIOException;
    Exception told = wrapped && e.getCause() instanceof IOException io ? io : e;
    err.println("gatun: " + message(told, command.getCommandName()));
    if (debug) {
      e.printStackTrace(err);
    }
    boolean wrongInput =
        e instanceof InputException
            || e instanceof FormatException
            || e instanceof SettingException;
    return wrongInput ? WRONG_INPUT : FAILED;
  }

  private static String message(Exception e, String command) {
    boolean speaksForItself =
        e instanceof InputException
            || e instanceof FormatException
            || e instanceof SettingException
            || e instanceof RunException
            || e instanceof LibraryUnavailableException
            || e instanceof DeviceException
            || e instanceof BackendUnavailableException;
    String name = e.getClass().getSimpleName();
    String text = e.getMessage();
    if (text == null) {
      return name;
    }
    if (e instanceof IOException && text.contains("No space left")) {
      return text
          + "; free some, or choose another folder"
          + (command.equals("train")
              ? "; a run goes on from its last checkpoint with gatun train CONFIG --run DIR --resume"
              : "");
    }
    return speaksForItself ? text : name + ": " + text;
  }
}
