// The proofs. Open, because JUnit finds and calls the tests by reflection.
open module dev.gatun.tests {
  requires dev.gatun;
  requires dev.gatun.app;
  requires dev.gatun.bindings;
  requires dev.gatun.kernels;
  requires java.xml;
  requires jdk.compiler;
  requires jdk.management;
  requires org.junit.jupiter;
  requires static org.jspecify;

  provides org.junit.jupiter.api.extension.Extension with
      dev.gatun.tests.cudadouble.CudaDouble;
}
