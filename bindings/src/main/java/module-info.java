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
  exports dev.gatun.bindings.generated.cublas to
      dev.gatun,
      dev.gatun.app,
      dev.gatun.bench,
      dev.gatun.tests;
  exports dev.gatun.bindings.generated.cudart to
      dev.gatun,
      dev.gatun.app,
      dev.gatun.bench,
      dev.gatun.tests;
  exports dev.gatun.bindings.generated.cudnn to
      dev.gatun,
      dev.gatun.app,
      dev.gatun.bench,
      dev.gatun.tests;
  exports dev.gatun.bindings.generated.libc to
      dev.gatun,
      dev.gatun.app,
      dev.gatun.bench,
      dev.gatun.tests;
  exports dev.gatun.bindings.generated.nvrtc to
      dev.gatun,
      dev.gatun.app,
      dev.gatun.bench,
      dev.gatun.tests;
  exports dev.gatun.bindings.generated.openblas to
      dev.gatun,
      dev.gatun.app,
      dev.gatun.bench,
      dev.gatun.tests;
}
