// What tests tell the double's cuDNN of its algorithms: to take long, and to compute wrongly.
#include <time.h>

#include "dnn.h"

namespace {

constexpr int ALGORITHMS = CUDNN_RNN_ALGO_COUNT;
constexpr float WRONG = 1.5F;

std::atomic<long> micros[ALGORITHMS];
std::atomic<int> wrong[ALGORITHMS];

}  // namespace

namespace dnn {

void takeTime(const Call& call) {
  const long wanted = micros[call.rnn.algo];
  if (wanted > 0) {
    const timespec time = {wanted / 1000000, wanted % 1000000 * 1000};
    nanosleep(&time, nullptr);
  }
}

float factorOf(const Call& call, Result result) {
  return wrong[call.rnn.algo] == (int)result ? WRONG : 1;
}

}  // namespace dnn

extern "C" {

// Every call of an algorithm takes this long from now on.
void gatunDoubleSlow(long algorithm, long microseconds) { micros[algorithm] = microseconds; }

// One of an algorithm's results is wrong: 1 y, 2 dx, 3 the weights' gradients; 0 none.
void gatunDoubleWrong(long algorithm, long result) { wrong[algorithm] = (int)result; }
}
