// The arithmetic of the double's cuDNN, from the equations in docs/equations.md: loops, in double.
#include <limits>

#include "dnn.h"

namespace dnn {
namespace {

constexpr gpu::Status LAUNCH_FAILURE = 719;  // cudaErrorLaunchFailure
constexpr uint32_t GARBAGE = 0xFFC0DEAD;     // NaN with a signature

double sigma(double v) { return 1 / (1 + exp(-v)); }

uint64_t mixed(uint64_t v) {  // splitmix64's finalizer
  v = (v ^ (v >> 30)) * 0xBF58476D1CE4E5B9;
  v = (v ^ (v >> 27)) * 0x94D049BB133111EB;
  return v ^ (v >> 31);
}

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

uint64_t hashOf(const void* from, size_t bytes) {
  Hash hash;
  if (from != nullptr) {
    hash.add(from, bytes);
  }
  return hash.value;
}

// What of a descriptor the three calls of a step must agree on. The algorithm may differ.
uint64_t shapeOf(const Call& call) {
  const cudnnRNNStruct& r = call.rnn;
  Hash hash;
  for (int v : {(int)r.mode, (int)r.bias, (int)r.direction, r.inputSize, r.hiddenSize, r.projSize,
                r.layers, (int)r.clip, (int)call.x.layout, call.x.maxLength, call.x.batch}) {
    hash.add(v);
  }
  hash.add(r.low);
  hash.add(r.high);
  hash.add(call.rate);
  hash.add(call.x.lengths.data(), call.x.lengths.size() * sizeof(int));
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
        first((double*)(call.reserve + sizeof(Header))) {}

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
    state(p < 0 ? nullptr : step(layer, direction, p, b).extra, call.cx, H, layer, direction, b, into);
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

double dot(const float* row, const double* v, int n, double sum) {
  for (int i = 0; i < n; i++) {
    sum += row[i] * v[i];
  }
  return sum;
}

// out += M' v
void addTransposed(const float* matrix, const double* v, int rows, int columns, double* out) {
  for (int i = 0; i < rows; i++) {
    for (int k = 0; k < columns; k++) {
      out[k] += matrix[(size_t)i * columns + k] * v[i];
    }
  }
}

void forwardStep(
    const Net& net, const Weights& w, const std::vector<double>& in, const std::vector<double>& h,
    const std::vector<double>& c, const Step& s) {
  const int G = net.G, H = net.H;
  std::vector<double> m(H);
  for (int j = 0; j < H; j++) {
    double a[4], u[4];
    for (int g = 0; g < G; g++) {
      const float *bw = w.bias[g], *br = w.bias[G + g];
      const int columns = (int)in.size();
      a[g] = dot(w.matrix[g] + (size_t)j * columns, in.data(), columns, bw ? bw[j] : 0);
      u[g] = dot(w.matrix[G + g] + (size_t)j * net.O, h.data(), net.O, br ? br[j] : 0);
    }
    double* gates = s.gates + j;
    switch (net.rnn.mode) {
      case CUDNN_LSTM: {
        const double i = sigma(a[0] + u[0]), f = sigma(a[1] + u[1]), o = sigma(a[3] + u[3]);
        const double g = tanh(a[2] + u[2]);
        s.raw[j] = f * c[j] + i * g;
        s.extra[j] = net.clipped(s.raw[j]) ? std::clamp(s.raw[j], net.rnn.low, net.rnn.high) : s.raw[j];
        gates[0] = i;
        gates[H] = f;
        gates[2 * H] = g;
        gates[3 * H] = o;
        m[j] = o * tanh(s.extra[j]);
        break;
      }
      case CUDNN_GRU: {
        const double r = sigma(a[0] + u[0]), z = sigma(a[1] + u[1]), n = tanh(a[2] + r * u[2]);
        gates[0] = r;
        gates[H] = z;
        gates[2 * H] = n;
        s.extra[j] = u[2];
        m[j] = (1 - z) * n + z * h[j];
        break;
      }
      case CUDNN_RNN_TANH:
        gates[0] = a[0] + u[0];
        m[j] = tanh(gates[0]);
        break;
      default:
        gates[0] = a[0] + u[0];
        m[j] = gates[0] < 0 ? 0 : gates[0];  // NaN stays
    }
  }
  for (int j = 0; j < net.O; j++) {
    s.h[j] = net.rnn.projects() ? dot(w.matrix[8] + (size_t)j * H, m.data(), H, 0) : m[j];
  }
}

// From dh and dc after a step: da and du, and in their place dh and dc before it, without R' du.
void backwardStep(
    const Net& net, const Weights& w, const std::vector<double>& h, const std::vector<double>& c,
    const Step& s, std::vector<double>& dh, std::vector<double>& dc) {
  const int H = net.H;
  std::copy(dh.begin(), dh.end(), s.dh);
  std::vector<double> dm(H);
  if (net.rnn.projects()) {
    addTransposed(w.matrix[8], dh.data(), net.O, H, dm.data());
  } else {
    dm = dh;
  }
  std::fill(dh.begin(), dh.end(), 0);
  for (int j = 0; j < H; j++) {
    const double* v = s.gates + j;
    double *da = s.da + j, *du = s.du + j;
    switch (net.rnn.mode) {
      case CUDNN_LSTM: {
        const double i = v[0], f = v[H], g = v[2 * H], o = v[3 * H], q = tanh(s.extra[j]);
        const double all = dc[j] + dm[j] * o * (1 - q * q);
        const double draw = net.clipped(s.raw[j]) ? 0 : all;
        du[0] = da[0] = draw * g * i * (1 - i);
        du[H] = da[H] = draw * c[j] * f * (1 - f);
        du[2 * H] = da[2 * H] = draw * i * (1 - g * g);
        du[3 * H] = da[3 * H] = dm[j] * q * o * (1 - o);
        dc[j] = draw * f;
        break;
      }
      case CUDNN_GRU: {
        const double r = v[0], z = v[H], n = v[2 * H];
        da[2 * H] = dm[j] * (1 - z) * (1 - n * n);
        du[2 * H] = da[2 * H] * r;
        du[H] = da[H] = dm[j] * (h[j] - n) * z * (1 - z);
        du[0] = da[0] = da[2 * H] * s.extra[j] * r * (1 - r);
        dh[j] = dm[j] * z;
        break;
      }
      case CUDNN_RNN_TANH:
        du[0] = da[0] = dm[j] * (1 - s.h[j] * s.h[j]);
        break;
      default:
        du[0] = da[0] = v[0] > 0 ? dm[j] : 0;
    }
  }
}

void drawMasks(const Net& net, DropoutState& state) {
  const uint64_t call = state.drawn++;
  for (int l = 0; l + 1 < net.rnn.layers; l++) {
    double* mask = net.mask(l, 0, 0);
    for (size_t i = 0; i < net.rows * net.D * net.O; i++) {
      const uint64_t bits = mixed(mixed(state.seed + call * 0x9E3779B97F4A7C15 + l) + i);
      const double uniform = (double)(bits >> 11) * 0x1p-53;
      mask[i] = uniform >= net.call.rate ? 1 / (1 - (double)net.call.rate) : 0;
    }
  }
}

void spoil(float* from, size_t n) {
  for (size_t i = 0; i < n; i++) {
    memcpy(from + i, &GARBAGE, sizeof GARBAGE);
  }
}

// What cuDNN leaves in a workspace is no one's business: every bit set is NaN.
gpu::Status done(const Call& call) {
  memset(call.workspace, 0xFF, call.workspaceSize);
  return gpu::OK;
}

gpu::Status refuse(const Call& call, const char* why) {
  gpu::complain("%s: %s", call.name, why);
  return LAUNCH_FAILURE;
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

void writeY(const Net& net) {
  const Call& call = net.call;
  const int last = net.rnn.layers - 1;
  for (int b = 0; b < net.x.batch; b++) {
    for (int t = 0; t < net.x.lengths[b]; t++) {
      for (int d = 0; d < net.D; d++) {
        const double* h = net.step(last, d, t, b).h;
        std::copy(h, h + net.O, call.yOut + call.y.offset(t, b) + d * net.O);
      }
    }
  }
  padding(call.y, [&](size_t offset) {
    if (call.y.fill.empty()) {
      spoil(call.yOut + offset, call.y.width);
    } else {
      float value;
      memcpy(&value, call.y.fill.data(), sizeof value);
      std::fill_n(call.yOut + offset, call.y.width, value);
    }
  });
}

bool lengthsAgree(const Call& call) {
  return call.deviceLengths == nullptr ||
         std::equal(call.x.lengths.begin(), call.x.lengths.end(), call.deviceLengths);
}

// Why the backward call must not run on what it was given; null if it may.
const char* strangeness(const Net& net, Phase phase) {
  const Header& header = net.header();
  const Call& call = net.call;
  if (header.magic != Header::MAGIC) {
    return "no forward call in training mode filled this reserve";
  }
  if (header.shape != shapeOf(call)) {
    return "the reserve is of another stack, shape or lengths";
  }
  if (header.phase != phase) {
    return phase == FORWARD_DONE ? "this reserve has been through cudnnRNNBackwardData_v8 already"
                                 : "cudnnRNNBackwardData_v8 has not run on this reserve";
  }
  if (header.hx != net.hashOfState(call.hx, net.O)) {
    return "hx is not what the forward call read";
  }
  if (header.y != net.hashOfY()) {
    return "y is not what the forward call wrote";
  }
  return lengthsAgree(call) ? nullptr : "devSeqLengths differ from the descriptor's";
}

}  // namespace

size_t reserveBytes(const cudnnRNNStruct& rnn, const cudnnRNNDataStruct& x) {
  const size_t rows = (size_t)x.maxLength * x.batch;
  const size_t steps = rows * rnn.layers * rnn.directions() * Net::stepWidth(rnn);
  const size_t masks = rows * (rnn.layers - 1) * rnn.directions() * rnn.projSize;
  return sizeof(Header) + sizeof(double) * (steps + masks);
}

gpu::Status runForward(const Call& given) {
  Call call = given;
  std::vector<double> own;  // where an inference, which has no reserve, keeps its steps
  if (!call.training) {
    own.resize(reserveBytes(call.rnn, call.x) / sizeof(double));
    call.reserve = (char*)own.data();
  }
  const Net net(call);
  if (!lengthsAgree(call)) {
    return refuse(call, "devSeqLengths differ from the descriptor's");
  }
  if (call.rate > 0) {
    if (call.states->magic != DROPOUT_MAGIC) {
      return refuse(call, "cudnnSetDropoutDescriptor did not fill the states, or they were lost");
    }
    drawMasks(net, *call.states);
  }
  std::vector<double> in, h, c;
  for (int l = 0; l < net.rnn.layers; l++) {
    for (int d = 0; d < net.D; d++) {
      const Weights w = net.weights(l, d);
      for (int b = 0; b < net.x.batch; b++) {
        const int length = net.x.lengths[b];
        for (int k = 0; k < length; k++) {
          const int t = d == 0 ? k : length - 1 - k;
          net.input(l, t, b, in);
          net.hBefore(l, d, t, b, h);
          net.cBefore(l, d, t, b, c);
          forwardStep(net, w, in, h, c, net.step(l, d, t, b));
        }
        const Step last = net.step(l, d, d == 0 ? length - 1 : 0, b);
        if (call.hy != nullptr) {
          std::copy(last.h, last.h + net.O, call.hy + net.stateRow(l, d, b) * net.O);
        }
        if (call.cy != nullptr && net.rnn.mode == CUDNN_LSTM) {
          std::copy(last.extra, last.extra + net.H, call.cy + net.stateRow(l, d, b) * net.H);
        }
      }
    }
  }
  writeY(net);
  if (call.training) {
    call.ys = call.yOut;
    const uint64_t weights = hashOf(call.weights, net.layout.bytes());
    net.header() = {
        Header::MAGIC, FORWARD_DONE,  shapeOf(call), net.hashOfX(),
        net.hashOfY(), net.hashOfState(call.hx, net.O), net.hashOfState(call.cx, net.H), weights};
  }
  return done(call);
}

gpu::Status runBackwardData(const Call& call) {
  const Net net(call);
  if (const char* why = strangeness(net, FORWARD_DONE)) {
    return refuse(call, why);
  }
  if (net.header().cx != net.hashOfState(call.cx, net.H)) {
    return refuse(call, "cx is not what the forward call read");
  }
  if (net.header().weights != hashOf(call.weights, net.layout.bytes())) {
    return refuse(call, "the weights are not what the forward call read");
  }
  // What the device makes of such a dy is not known, so none may come.
  bool dirty = false;
  padding(call.y, [&](size_t offset) {
    for (int i = 0; i < call.y.width; i++) {
      dirty |= call.dys[offset + i] != 0;
    }
  });
  if (dirty) {
    return refuse(call, "dy is not zero on padding");
  }
  const int top = net.rnn.layers - 1;
  const size_t width = (size_t)net.D * net.O;
  std::vector<double> above(net.rows * width), below, in, h, c, dh, dc;  // by t, b, feature
  for (int b = 0; b < net.x.batch; b++) {
    for (int t = 0; t < net.x.lengths[b]; t++) {
      const float* dy = call.dys + call.y.offset(t, b);
      std::copy(dy, dy + width, above.begin() + ((size_t)t * net.x.batch + b) * width);
    }
  }
  for (int l = top; l >= 0; l--) {
    const size_t columns = net.rnn.inputOf(l);
    below.assign(net.rows * columns, 0);
    for (int d = 0; d < net.D; d++) {
      const Weights w = net.weights(l, d);
      for (int b = 0; b < net.x.batch; b++) {
        const int length = net.x.lengths[b];
        const size_t row = net.stateRow(l, d, b);
        dh.assign(net.O, 0);
        dc.assign(net.H, 0);
        if (call.dhy != nullptr) {
          std::copy_n(call.dhy + row * net.O, net.O, dh.begin());
        }
        if (call.dcy != nullptr) {
          std::copy_n(call.dcy + row * net.H, net.H, dc.begin());
        }
        for (int k = length - 1; k >= 0; k--) {
          const int t = d == 0 ? k : length - 1 - k;
          const size_t at = (size_t)t * net.x.batch + b;
          for (int j = 0; j < net.O; j++) {
            dh[j] += above[at * width + d * net.O + j];
          }
          net.hBefore(l, d, t, b, h);
          net.cBefore(l, d, t, b, c);
          const Step s = net.step(l, d, t, b);
          backwardStep(net, w, h, c, s, dh, dc);
          for (int g = 0; g < net.G; g++) {
            addTransposed(
                w.matrix[g], s.da + g * net.H, net.H, (int)columns, &below[at * columns]);
            addTransposed(w.matrix[net.G + g], s.du + g * net.H, net.H, net.O, dh.data());
          }
        }
        if (call.dhx != nullptr) {
          std::copy(dh.begin(), dh.end(), call.dhx + row * net.O);
        }
        if (call.dcx != nullptr && net.rnn.mode == CUDNN_LSTM) {
          std::copy(dc.begin(), dc.end(), call.dcx + row * net.H);
        }
      }
    }
    if (l > 0 && call.rate > 0) {
      const double* mask = net.mask(l - 1, 0, 0);
      for (size_t i = 0; i < below.size(); i++) {
        below[i] *= mask[i];
      }
    }
    above.swap(below);
  }
  for (int b = 0; b < net.x.batch; b++) {
    for (int t = 0; t < net.x.lengths[b]; t++) {
      const double* from = &above[((size_t)t * net.x.batch + b) * net.x.width];
      std::copy(from, from + net.x.width, call.dx + net.x.offset(t, b));
    }
  }
  padding(net.x, [&](size_t offset) { spoil(call.dx + offset, net.x.width); });
  net.header().phase = DATA_DONE;
  return done(call);
}

namespace {

// The gradients of one layer and direction, in double until all steps are in.
class Gradients {
 public:
  Gradients(const Net& net, int layer, int direction)
      : net(net), layer(layer), direction(direction), pseudoLayer(layer * net.D + direction) {
    for (int k = 0; k < net.rnn.parts(); k++) {
      const Part& matrix = net.layout.matrix(pseudoLayer, k);
      matrices[k].assign((size_t)matrix.rows * matrix.columns, 0);
      biases[k].assign(net.layout.bias(pseudoLayer, k).rows, 0);
    }
  }

  void add(int t, int b) {
    const Step s = net.step(layer, direction, t, b);
    net.input(layer, t, b, in);
    net.hBefore(layer, direction, t, b, h);
    for (int g = 0; g < net.G; g++) {
      outer(g, s.da + g * net.H, net.H, in.data());
      outer(net.G + g, s.du + g * net.H, net.H, h.data());
    }
    if (net.rnn.projects()) {
      in.resize(net.H);
      for (int j = 0; j < net.H; j++) {
        in[j] = s.gates[3 * net.H + j] * tanh(s.extra[j]);
      }
      outer(8, s.dh, net.O, in.data());
    }
  }

  void store(char* space) const {
    for (int k = 0; k < net.rnn.parts(); k++) {
      store(space + net.layout.matrix(pseudoLayer, k).offset, matrices[k]);
      store(space + net.layout.bias(pseudoLayer, k).offset, biases[k]);
    }
  }

 private:
  void outer(int part, const double* d, int rows, const double* v) {
    const int columns = net.layout.matrix(pseudoLayer, part).columns;
    for (int i = 0; i < rows; i++) {
      for (int k = 0; k < columns; k++) {
        matrices[part][(size_t)i * columns + k] += d[i] * v[k];
      }
      if (!biases[part].empty()) {
        biases[part][i] += d[i];
      }
    }
  }

  static void store(char* to, const std::vector<double>& sums) {
    for (size_t i = 0; i < sums.size(); i++) {
      ((float*)to)[i] += (float)sums[i];
    }
  }

  const Net& net;
  const int layer, direction, pseudoLayer;
  std::vector<double> matrices[9], biases[9], in, h;
};

}  // namespace

gpu::Status runBackwardWeights(const Call& call) {
  const Net net(call);
  if (const char* why = strangeness(net, DATA_DONE)) {
    return refuse(call, why);
  }
  if (net.header().x != net.hashOfX()) {
    return refuse(call, "x is not what the forward call read");
  }
  for (int l = 0; l < net.rnn.layers; l++) {
    for (int d = 0; d < net.D; d++) {
      Gradients gradients(net, l, d);
      for (int b = 0; b < net.x.batch; b++) {
        for (int t = 0; t < net.x.lengths[b]; t++) {
          gradients.add(t, b);
        }
      }
      gradients.store(call.dweights);
    }
  }
  return done(call);
}

}  // namespace dnn
