// The backward calls of the double's cuDNN, from the equations in docs/equations.md.
#include "dnn_net.h"

namespace dnn {
namespace {

// From dh and dc after a step: da and du, and in their place dh and dc before it, without R' du.
void backwardStep(
    const Net& net, const Weights& w, const std::vector<double>& h, const std::vector<double>& c,
    const Step& s, std::vector<double>& dh, std::vector<double>& dc) {
  const int H = net.H;
  std::copy(dh.begin(), dh.end(), s.dh);
  std::vector<double> dm(H);
  if (net.rnn.projects()) {
    addTransposed(net, w.matrix[8], dh.data(), net.O, H, dm.data());
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
    for (int g = 0; g < net.G; g++) {
      da[g * H] = net.kept(da[g * H]);
      du[g * H] = net.kept(du[g * H]);
    }
  }
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

// Whether a gradient comes to a step behind a sequence's end. What the device makes of such a dy is
// not known, so none may come.
bool dirty(const Call& call) {
  bool found = false;
  padding(call.y, [&](size_t offset) {
    for (int i = 0; i < call.y.width; i++) {
      found |= call.dys[offset + i] != 0;
    }
  });
  return found;
}

// Gradients of all steps, by t, b and feature.
using Rows = std::vector<double>;

// A sequence through one layer and direction: from those of the layer's output, adds those of its
// input.
void backwardSequence(const Net& net, int l, int d, int b, const Rows& above, Rows& below) {
  const Call& call = net.call;
  const Weights w = net.weights(l, d);
  const int length = net.x.lengths[b];
  const size_t row = net.stateRow(l, d, b), width = (size_t)net.D * net.O;
  const size_t columns = net.rnn.inputOf(l);
  std::vector<double> h, c, dh(net.O), dc(net.H);
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
      addTransposed(net, w.matrix[g], s.da + g * net.H, net.H, (int)columns, &below[at * columns]);
      addTransposed(net, w.matrix[net.G + g], s.du + g * net.H, net.H, net.O, dh.data());
    }
  }
  if (call.dhx != nullptr) {
    std::copy(dh.begin(), dh.end(), call.dhx + row * net.O);
  }
  if (call.dcx != nullptr) {
    std::copy(dc.begin(), dc.end(), call.dcx + row * net.H);
  }
}

// Those of the stack's output.
Rows gradientsOfY(const Net& net) {
  const size_t width = (size_t)net.D * net.O;
  Rows rows(net.rows * width);
  for (int b = 0; b < net.x.batch; b++) {
    for (int t = 0; t < net.x.lengths[b]; t++) {
      const float* dy = net.call.dys + net.call.y.offset(t, b);
      std::copy(dy, dy + width, rows.begin() + ((size_t)t * net.x.batch + b) * width);
    }
  }
  return rows;
}

void writeDx(const Net& net, const Rows& rows) {
  const float factor = factorOf(net.call, Result::DX);
  for (int b = 0; b < net.x.batch; b++) {
    for (int t = 0; t < net.x.lengths[b]; t++) {
      const double* from = &rows[((size_t)t * net.x.batch + b) * net.x.width];
      float* to = net.call.dx + net.x.offset(t, b);
      std::transform(
          from, from + net.x.width, to, [factor](double v) { return factor * (float)v; });
    }
  }
  padding(net.x, [&](size_t offset) { spoil(net.call.dx + offset, net.x.width); });
}

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
        matrices[part][(size_t)i * columns + k] += net.factor(d[i]) * net.factor(v[k]);
      }
      if (!biases[part].empty()) {
        biases[part][i] += d[i];
      }
    }
  }

  void store(char* to, const std::vector<double>& sums) const {
    const float factor = factorOf(net.call, Result::WEIGHTS);
    for (size_t i = 0; i < sums.size(); i++) {
      ((float*)to)[i] += factor * (float)sums[i];
    }
  }

  const Net& net;
  const int layer, direction, pseudoLayer;
  std::vector<double> matrices[9], biases[9], in, h;
};

}  // namespace

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
  if (dirty(call)) {
    return refuse(call, "dy is not zero on padding");
  }
  Rows above = gradientsOfY(net), below;
  for (int l = net.rnn.layers - 1; l >= 0; l--) {
    below.assign(net.rows * net.rnn.inputOf(l), 0);
    for (int d = 0; d < net.D; d++) {
      for (int b = 0; b < net.x.batch; b++) {
        backwardSequence(net, l, d, b, above, below);
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
  writeDx(net, above);
  net.header().phase = DATA_DONE;
  return done(call);
}

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
  // Nobody says that cuDNN leaves gaps alone. No gradient is that large.
  for (const auto& [from, to] : net.layout.gaps()) {
    for (size_t at = from; at < to; at += sizeof(float)) {
      *(float*)(call.dweights + at) += 0x1p30f;
    }
  }
  return done(call);
}

}  // namespace dnn
