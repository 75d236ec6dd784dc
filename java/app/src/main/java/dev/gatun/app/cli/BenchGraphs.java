package dev.gatun.app.cli;

import dev.gatun.app.config.InputException;
import dev.gatun.backend.Backend;
import picocli.CommandLine.Option;

/** The option of what a GPU can repeat as one graph. */
final class BenchGraphs {
  @Option(names = "--graphs", description = "On a GPU: repeated as one CUDA graph.")
  private boolean graphs;

  /** Whether it is asked for, of a backend that has them. */
  boolean on(Backend backend) {
    if (graphs && !backend.hasGraphs()) {
      throw new InputException(
          "--graphs: the backend %s has none, only a GPU does; leave it out, or give --device cuda"
              .formatted(backend.name()));
    }
    return graphs;
  }
}
