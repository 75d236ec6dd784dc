package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code gatun keys}. */
@Command(
    name = "keys",
    description = "List every key of a configuration with its values, default and meaning.")
final class KeysCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Config.describeKeys().forEach(out::println);
    out.flush();
    return 0;
  }
}
