// cuDNN of the double with sequences, states and weights of 16 bits: the calls compute on floats,
// which are widened before and rounded after.
#include "dnn_net.h"

namespace dnn {
namespace {

float widened(cudnnDataType_t type, uint16_t bits) {
  return type == CUDNN_DATA_HALF ? half(bits) : brain(bits);
}

uint16_t narrowed(cudnnDataType_t type, float value) {
  return type == CUDNN_DATA_HALF ? toHalf(value) : toBrain(value);
}

// What is of 16 bits, as floats while a call runs.
class Widened {
 public:
  explicit Widened(cudnnDataType_t type) : type(type) {}

  template <class T>
  void take(T*& pointer, size_t count, bool written) {
    if (pointer == nullptr) {
      return;
    }
    all.push_back({(uint16_t*)pointer, std::vector<float>(count), written});
    Block& block = all.back();
    for (size_t i = 0; i < count; i++) {
      block.values[i] = widened(type, block.bits[i]);
    }
    pointer = block.values.data();  // stays where it is when blocks are added
  }

  void giveBack() const {
    for (const Block& block : all) {
      for (size_t i = 0; block.written && i < block.values.size(); i++) {
        block.bits[i] = narrowed(type, block.values[i]);
      }
    }
  }

 private:
  struct Block {
    uint16_t* bits;
    std::vector<float> values;
    bool written;
  };
  const cudnnDataType_t type;
  std::vector<Block> all;
};

// The weight space of floats in place of one of 16 bits, part by part: they lie apart differently.
class WidenedWeights {
 public:
  WidenedWeights(const cudnnRNNStruct& given, const cudnnRNNStruct& wide)
      : rnn(given), from(given), to(wide), values(to.bytes() / sizeof(float)) {}

  char* take(const char* space) {
    each([&](const Part& narrow, const Part& wide, size_t i) {
      values[wide.offset / sizeof(float) + i] =
          widened(rnn.type, ((const uint16_t*)(space + narrow.offset))[i]);
    });
    return (char*)values.data();
  }

  void giveBack(char* space) {
    each([&](const Part& narrow, const Part& wide, size_t i) {
      ((uint16_t*)(space + narrow.offset))[i] =
          narrowed(rnn.type, values[wide.offset / sizeof(float) + i]);
    });
    for (const auto& [begin, end] : from.gaps()) {
      for (size_t at = begin; at < end; at += sizeof(uint16_t)) {
        *(uint16_t*)(space + at) = narrowed(rnn.type, INFINITY);  // nobody says that they are zero
      }
    }
  }

 private:
  template <class F>
  void each(F element) {
    for (int p = 0; p < rnn.layers * rnn.directions(); p++) {
      for (int k = 0; k < rnn.parts(); k++) {
        both(from.matrix(p, k), to.matrix(p, k), element);
        both(from.bias(p, k), to.bias(p, k), element);
      }
    }
  }

  template <class F>
  static void both(const Part& narrow, const Part& wide, F element) {
    for (size_t i = 0; i < (size_t)narrow.rows * narrow.columns; i++) {
      element(narrow, wide, i);
    }
  }

  const cudnnRNNStruct& rnn;
  const WeightLayout from, to;
  std::vector<float> values;
};

}  // namespace

gpu::Status runTyped(const Call& given, gpu::Status (*work)(const Call&)) {
  const cudnnDataType_t type = given.rnn.type;
  if (type == CUDNN_DATA_FLOAT) {
    return work(given);
  }
  Call call = given;
  call.rnn.type = CUDNN_DATA_FLOAT;
  call.rnn.kept = type;
  if (!call.y.fill.empty()) {
    uint16_t bits;
    memcpy(&bits, call.y.fill.data(), sizeof bits);
    const float value = widened(type, bits);
    call.y.fill.assign((const char*)&value, (const char*)(&value + 1));
  }
  const size_t states = (size_t)call.rnn.layers * call.rnn.directions() * call.x.batch;
  const size_t x = call.x.elements(), y = call.y.elements();
  const size_t h = states * call.rnn.projSize, c = states * call.rnn.hiddenSize;
  Widened wide(type);
  wide.take(call.xs, x, false);
  wide.take(call.ys, y, false);
  wide.take(call.dys, y, false);
  wide.take(call.hx, h, false);
  wide.take(call.cx, c, false);
  wide.take(call.dhy, h, false);
  wide.take(call.dcy, c, false);
  wide.take(call.yOut, y, true);
  wide.take(call.hy, h, true);
  wide.take(call.cy, c, true);
  wide.take(call.dx, x, true);
  wide.take(call.dhx, h, true);
  wide.take(call.dcx, c, true);
  WidenedWeights weights(given.rnn, call.rnn), gradients(given.rnn, call.rnn);
  call.weights = given.weights == nullptr ? nullptr : weights.take(given.weights);
  call.dweights = given.dweights == nullptr ? nullptr : gradients.take(given.dweights);
  const gpu::Status status = work(call);
  wide.giveBack();
  if (given.dweights != nullptr) {
    gradients.giveBack(given.dweights);
  }
  return status;
}

}  // namespace dnn
