import org.jspecify.annotations.NullMarked;

/** The command line: configurations, runs, reports. */
@NullMarked
@SuppressWarnings("module") // the qualified exports name a module that is built later
module dev.gatun.app {
  requires dev.gatun;
  requires dev.gatun.bindings;
  requires dev.gatun.kernels;
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.dataformat.yaml;
  requires de.siegmar.fastcsv;
  requires info.picocli;
  requires java.logging;
  requires jdk.management;
  requires static transitive org.jspecify;

  exports dev.gatun.app to
      dev.gatun.tests;
  exports dev.gatun.app.bench to
      dev.gatun.tests;
  exports dev.gatun.app.cli to
      dev.gatun.tests;
  exports dev.gatun.app.config to
      dev.gatun.tests;
  exports dev.gatun.app.report to
      dev.gatun.tests;
  exports dev.gatun.app.run to
      dev.gatun.tests;
  exports dev.gatun.app.search;
  exports dev.gatun.app.search.gaussian to
      dev.gatun.tests;
  exports dev.gatun.app.task to
      dev.gatun.tests;
  exports dev.gatun.app.tune to
      dev.gatun.tests;
  exports dev.gatun.app.tracking to
      dev.gatun.tests;

  opens dev.gatun.app.cli to
      info.picocli;
}
