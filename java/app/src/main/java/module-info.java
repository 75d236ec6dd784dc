import org.jspecify.annotations.NullMarked;

/** The command line: configurations, runs, reports. */
@NullMarked
module dev.gatun.app {
  requires dev.gatun;
  requires dev.gatun.bindings;
  requires info.picocli;
  requires static org.jspecify;

  opens dev.gatun.app.cli to
      info.picocli;
}
