// Pooling over time: dev.gatun.backend.RowPooling. x is [t, n, width], y [n, width]; a thread takes
// a feature of a sequence. chosen null: the mean, else the largest and its step.
#include "gatun.cuh"

extern "C" __global__ void pool(
    i64 t, i64 n, i64 width, const float* x, const int* lengths, float* y, int* chosen) {
  for (i64 i = firstIndex(); i < n * width; i += indexStride()) {
    const i64 steps = stepsOf(lengths, t, i / width);
    double sum = 0;
    int best = -1;
    float largest = 0;
    for (i64 s = 0; s < steps; s++) {
      const float value = x[s * n * width + i];
      sum += value;
      if (best < 0 || value > largest || value != value) {
        best = (int)s;
        largest = value;
      }
    }
    if (chosen == nullptr) {
      y[i] = steps == 0 ? 0 : (float)(sum / steps);
    } else {
      y[i] = largest;
      chosen[i] = best;
    }
  }
}

extern "C" __global__ void poolBackward(
    i64 t, i64 n, i64 width, const int* lengths, const int* chosen, const float* dy, float* dx) {
  for (i64 i = firstIndex(); i < t * n * width; i += indexStride()) {
    const i64 step = i / (n * width);
    const i64 at = i % (n * width);
    const i64 steps = stepsOf(lengths, t, at / width);
    if (chosen == nullptr) {
      dx[i] = step < steps ? dy[at] / (float)steps : 0;
    } else {
      dx[i] = step == chosen[at] ? dy[at] : 0;
    }
  }
}
