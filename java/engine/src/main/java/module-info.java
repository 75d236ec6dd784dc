import org.jspecify.annotations.NullMarked;

/** The recurrent-network engine. */
@NullMarked
@SuppressWarnings("module") // the qualified export names modules that are built later
module dev.gatun {
  requires dev.gatun.bindings;
  requires dev.gatun.kernels;
  requires static transitive org.jspecify;

  exports dev.gatun;
  exports dev.gatun.backend;
  exports dev.gatun.backend.cpu to
      dev.gatun.app,
      dev.gatun.tests;
  exports dev.gatun.backend.cuda to
      dev.gatun.app,
      dev.gatun.tests;
  exports dev.gatun.data;
  exports dev.gatun.explain;
  exports dev.gatun.metric;
  exports dev.gatun.model;
  exports dev.gatun.optim;
  exports dev.gatun.persist;
  exports dev.gatun.tensor;
  exports dev.gatun.train;
}
