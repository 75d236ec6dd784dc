package dev.gatun.backend.cuda;

import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentAlgorithms;

/**
 * What can be chosen when a GPU is opened.
 *
 * @param threads of what works on the host: {@link CudaBackend#openHost}
 * @param precision of products and stacks
 * @param masks who draws the masks between the layers of stacks that cuDNN runs
 * @param ownCells whether recurrent stacks run by our kernels even where cuDNN has them, to hold
 *     one against the other
 * @param algorithms how those of recurrent stacks are found, unless {@code gatun.cudnn.algorithm}
 *     is set
 */
public record CudaOptions(
    int threads,
    Precision precision,
    DropoutMasks masks,
    boolean ownCells,
    RecurrentAlgorithms algorithms) {

  /** With the standard algorithms. */
  public CudaOptions(int threads, Precision precision, DropoutMasks masks, boolean ownCells) {
    this(threads, precision, masks, ownCells, RecurrentAlgorithms.STANDARD);
  }
}
