import org.jspecify.annotations.NullMarked;

/** Generated Panama bindings, the native-library loader and the one unbounded memory segment. */
@NullMarked
@SuppressWarnings("module") // the qualified exports name modules that are built later
module dev.gatun.bindings {
  requires static transitive org.jspecify;

  exports dev.gatun.bindings to
      dev.gatun.kernels,
      dev.gatun,
      dev.gatun.app,
      dev.gatun.bench,
      dev.gatun.tests;
}
