import org.jspecify.annotations.NullMarked;

/** Vector API kernels over absolute addresses: no engine types, no bounds checks. */
@NullMarked
@SuppressWarnings("module") // the qualified exports name modules that are built later
module dev.gatun.kernels {
  requires jdk.incubator.vector;
  requires dev.gatun.bindings;
  requires static transitive org.jspecify;

  exports dev.gatun.kernels to
      dev.gatun,
      dev.gatun.app,
      dev.gatun.bench,
      dev.gatun.tests;
}
