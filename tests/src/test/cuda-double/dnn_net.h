// What a call of the double's cuDNN sees: its parameters, the input of each layer, and what the
// reserve keeps of each step.
#pragma once
#include "dnn.h"
#include "formats.h"

namespace dnn {

// FNV-1a on words: everything here is made of such.
struct Hash {
  uint64_t value = 0xCBF29CE484222325;
  void add(const void* from, size_t bytes) {
    for (size_t i = 0; i < bytes / sizeof(uint32_t); i++) {
      value = (value ^ ((const uint32_t*)from)[i]) * 0x100000001B3;
    }
  }
  template <class T>
  void add(T v) {
    add(&v, sizeof v);
  }
};

inline uint64_t hashOf(const void* from, size_t bytes) {
  Hash hash;
  if (from != nullptr) {
    hash.add(from, bytes);
  }
  return hash.value;
}

// The doubles that a step of a sequence keeps, of one layer and direction.
struct Step {
  double* gates;  // i f g o, r z n, or the output's value before the cell's function
  double* extra;  // LSTM c, GRU R_n h + b_Rn
  double* raw;    // LSTM c before it is clipped
  double* h;      // what goes to y
  double* da;     // gradients of W x + b_W
  double* du;     // gradients of R h + b_R
  double* dh;     // the whole gradient of h
};

// One layer and direction of the weight space.
struct Weights {
  const float* matrix[9];
  const float* bias[9];
};

// A step's parts of the reserve, the parameters, and the input of each layer.
class Net {
 public:
  explicit Net(const Call& call)
      : rnn(call.rnn),
        x(call.x),
        G(rnn.gates()),
        H(rnn.hiddenSize),
        O(rnn.projSize),
        D(rnn.directions()),
        rows((size_t)x.maxLength * x.batch),
        layout(rnn),
        call(call),
        tf32(rnn.math == CUDNN_DEFAULT_MATH && rnn.kept == CUDNN_DATA_FLOAT),
        first((double*)(call.reserve + sizeof(Header))) {}

  // A value as a stack of its type keeps it.
  double kept(double v) const {
    return rnn.kept == CUDNN_DATA_HALF       ? half(toHalf(v))
           : rnn.kept == CUDNN_DATA_BFLOAT16 ? brain(toBrain(v))
                                             : v;
  }

  // A factor of a product: 32 bits are TF32 unless FMA arithmetic was asked for.
  double factor(double v) const { return tf32 ? shortened((float)v, 13) : v; }

  static size_t stepWidth(const cudnnRNNStruct& r) {
    return (3 * (size_t)r.gates() + 2) * r.hiddenSize + 2 * (size_t)r.projSize;
  }

  Step step(int layer, int direction, int t, int b) const {
    const size_t row = ((size_t)layer * D + direction) * rows + (size_t)t * x.batch + b;
    double* p = first + row * stepWidth(rnn);
    Step s;
    s.gates = p;
    s.extra = s.gates + G * H;
    s.raw = s.extra + H;
    s.h = s.raw + H;
    s.da = s.h + O;
    s.du = s.da + G * H;
    s.dh = s.du + G * H;
    return s;
  }

  // The mask on the output of a layer, D * O elements.
  double* mask(int layer, int t, int b) const {
    double* masks = first + rows * rnn.layers * D * stepWidth(rnn);
    return masks + (layer * rows + (size_t)t * x.batch + b) * D * O;
  }

  Weights weights(int layer, int direction) const {
    Weights w{};
    for (int k = 0; k < rnn.parts(); k++) {
      const Part& matrix = layout.matrix(layer * D + direction, k);
      const Part& bias = layout.bias(layer * D + direction, k);
      w.matrix[k] = matrix.rows == 0 ? nullptr : (const float*)(call.weights + matrix.offset);
      w.bias[k] = bias.rows == 0 ? nullptr : (const float*)(call.weights + bias.offset);
    }
    return w;
  }

  // A layer's input at a step.
  void input(int layer, int t, int b, std::vector<double>& into) const {
    into.resize(rnn.inputOf(layer));
    if (layer == 0) {
      const float* from = call.xs + x.offset(t, b);
      std::copy(from, from + into.size(), into.begin());
      return;
    }
    for (int d = 0; d < D; d++) {
      std::copy_n(step(layer - 1, d, t, b).h, O, into.begin() + d * O);
    }
    if (call.rate > 0) {
      const double* m = mask(layer - 1, t, b);
      for (size_t i = 0; i < into.size(); i++) {
        into[i] *= m[i];
      }
    }
  }

  // The step that a direction does before this one; -1 where this is its first.
  int previous(int direction, int t, int b) const {
    const int p = direction == 0 ? t - 1 : t + 1;
    return p < x.lengths[b] ? p : -1;
  }

  // The state before a step: the previous step's, or the initial one.
  void hBefore(int layer, int direction, int t, int b, std::vector<double>& into) const {
    const int p = previous(direction, t, b);
    state(p < 0 ? nullptr : step(layer, direction, p, b).h, call.hx, O, layer, direction, b, into);
  }

  void cBefore(int layer, int direction, int t, int b, std::vector<double>& into) const {
    const int p = previous(direction, t, b);
    state(
        p < 0 ? nullptr : step(layer, direction, p, b).extra, call.cx, H, layer, direction, b,
        into);
  }

  size_t stateRow(int layer, int direction, int b) const {
    return ((size_t)layer * D + direction) * x.batch + b;
  }

  size_t stateCount() const { return (size_t)rnn.layers * D * x.batch; }

  // Rows of y that a later step reads as its h.
  uint64_t hashOfY() const {
    Hash hash;
    for (int b = 0; b < x.batch; b++) {
      for (int t = 0; t < x.lengths[b]; t++) {
        const float* row = call.ys + call.y.offset(t, b);
        if (t + 1 < x.lengths[b]) {
          hash.add(row, sizeof(float) * O);
        }
        if (t > 0 && D == 2) {
          hash.add(row + O, sizeof(float) * O);
        }
      }
    }
    return hash.value;
  }

  uint64_t hashOfX() const {
    Hash hash;
    for (int b = 0; b < x.batch; b++) {
      for (int t = 0; t < x.lengths[b]; t++) {
        hash.add(call.xs + x.offset(t, b), sizeof(float) * x.width);
      }
    }
    return hash.value;
  }

  uint64_t hashOfState(const float* state, int width) const {
    return hashOf(state, sizeof(float) * stateCount() * width);
  }

  // False for NaN, which has to be seen.
  bool clipped(double c) const {
    return rnn.clip == CUDNN_RNN_CLIP_MINMAX && (c < rnn.low || c > rnn.high);
  }

  Header& header() const { return *(Header*)call.reserve; }

  const cudnnRNNStruct& rnn;
  const cudnnRNNDataStruct& x;
  const int G, H, O, D;
  const size_t rows;
  const WeightLayout layout;
  const Call& call;
  const bool tf32;

 private:
  void state(
      const double* kept, const float* initial, int width, int layer, int direction, int b,
      std::vector<double>& into) const {
    into.assign(width, 0);
    if (kept != nullptr) {
      std::copy_n(kept, width, into.begin());
    } else if (initial != nullptr) {
      std::copy_n(initial + stateRow(layer, direction, b) * width, width, into.begin());
    }
  }

  double* const first;
};

// out += M' v
inline void addTransposed(
    const Net& net, const float* matrix, const double* v, int rows, int columns, double* out) {
  for (int i = 0; i < rows; i++) {
    for (int k = 0; k < columns; k++) {
      out[k] += net.factor(matrix[(size_t)i * columns + k]) * net.factor(v[i]);
    }
  }
}

// Rows behind the end of each sequence, of the layouts that have such.
template <class F>
void padding(const cudnnRNNDataStruct& data, F row) {
  if (data.layout != CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED) {
    for (int b = 0; b < data.batch; b++) {
      for (int t = data.lengths[b]; t < data.maxLength; t++) {
        row(data.offset(t, b));
      }
    }
  }
}

// Fills with NaN that no computation makes.
void spoil(float* from, size_t n);

// The end of a call: spoils the workspace.
gpu::Status done(const Call& call);

// Complains.
gpu::Status refuse(const Call& call, const char* why);

// What the three calls of a step must agree on. The algorithm may differ.
uint64_t shapeOf(const Call& call);

// Whether the lengths on the device, if any, are the descriptor's.
bool lengthsAgree(const Call& call);

}  // namespace dnn
