// The proofs. Open, because JUnit finds and calls the tests by reflection.
@SuppressWarnings("requires-automatic") // protobuf, which reads event files back
open module dev.gatun.tests {
  requires com.google.protobuf;
  requires dev.gatun;
  requires dev.gatun.app;
  requires dev.gatun.bindings;
  requires dev.gatun.kernels;
  requires java.xml;
  requires jdk.httpserver;
  requires jdk.compiler;
  requires jdk.management;
  requires org.junit.jupiter;
  requires org.junit.platform.engine;
  requires org.junit.platform.launcher;
  requires static org.jspecify;

  provides org.junit.jupiter.api.extension.Extension with
      dev.gatun.tests.cudadouble.CudaDouble;
}
