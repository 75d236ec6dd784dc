import org.jspecify.annotations.NullMarked;

/** The recurrent-network engine. */
@NullMarked
module dev.gatun {
  requires dev.gatun.bindings;
  requires dev.gatun.kernels;
  requires static transitive org.jspecify;

  exports dev.gatun;
  exports dev.gatun.backend;
  exports dev.gatun.data;
  exports dev.gatun.model;
  exports dev.gatun.optim;
  exports dev.gatun.persist;
  exports dev.gatun.tensor;
  exports dev.gatun.train;
}
