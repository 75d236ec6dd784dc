package dev.gatun.tests.cuda;

import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;

/** Checks the kernels of ops.cu; a kernel that no check ran is an error. */
final class CudaOpsMain {
  private CudaOpsMain() {}

  /** The library, then the names of its kernels. */
  public static void main(String[] args) throws Throwable {
    HostKernels kernels = new HostKernels(Path.of(args[0]));
    new OpsChecks(kernels).run();
    new UpdateChecks(kernels).run();
    TreeSet<String> missing = new TreeSet<>(List.of(args).subList(1, args.length));
    missing.removeAll(kernels.done);
    if (!missing.isEmpty()) {
      throw new AssertionError("never checked: " + missing);
    }
    System.out.println("every kernel was checked: " + kernels.done);
  }
}
