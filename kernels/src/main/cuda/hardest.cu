// Picks the rows with the largest losses. Grids as in ops.cu.
#include "gatun.cuh"

// A loss that is no number is as hard as an infinite one: it must not pass unseen.
__device__ inline double hardness(double loss) { return loss != loss ? -log(0.0) : loss; }

// kept [rows] = the target of the ceil(fraction * those with a target) rows of the largest losses,
// of equal ones the first, and -1 of the others. targets below 0: none. A thread takes a row and
// counts the harder ones, each block how many have a target.
extern "C" __global__ void keepHardest(
    i64 rows, double fraction, const int* targets, const double* losses, int* kept) {
  double valid = 0;
  for (i64 row = threadIdx.x; row < rows; row += BLOCK) {
    valid += targets[row] >= 0 ? 1 : 0;
  }
  const double keep = ceil(fraction * blockSum(valid));
  for (i64 row = firstIndex(); row < rows; row += indexStride()) {
    const double loss = hardness(losses[row]);
    i64 harder = 0;
    for (i64 other = 0; other < rows; other++) {
      const double rival = hardness(losses[other]);
      const bool before = rival > loss || (rival == loss && other < row);
      harder += targets[other] >= 0 && before ? 1 : 0;
    }
    kept[row] = targets[row] >= 0 && harder < keep ? targets[row] : -1;
  }
}
