// The forward call of the double's cuDNN, from the equations in docs/equations.md: loops, in
// double.
#include "dnn_net.h"

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

double dot(const Net& net, const float* row, const double* v, int n, double sum) {
  for (int i = 0; i < n; i++) {
    sum += net.factor(row[i]) * net.factor(v[i]);
  }
  return sum;
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
      a[g] = dot(net, w.matrix[g] + (size_t)j * columns, in.data(), columns, bw ? bw[j] : 0);
      u[g] = dot(net, w.matrix[G + g] + (size_t)j * net.O, h.data(), net.O, br ? br[j] : 0);
    }
    double* gates = s.gates + j;
    switch (net.rnn.mode) {
      case CUDNN_LSTM: {
        const double i = sigma(a[0] + u[0]), f = sigma(a[1] + u[1]), o = sigma(a[3] + u[3]);
        const double g = tanh(a[2] + u[2]);
        s.raw[j] = f * c[j] + i * g;
        s.extra[j] =
            net.clipped(s.raw[j]) ? std::clamp(s.raw[j], net.rnn.low, net.rnn.high) : s.raw[j];
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
    s.h[j] = net.rnn.projects() ? dot(net, w.matrix[8] + (size_t)j * H, m.data(), H, 0) : m[j];
    s.h[j] = net.kept(s.h[j]);
  }
}

void forwardSequence(const Net& net, int l, int d, int b) {
  const Weights w = net.weights(l, d);
  const Call& call = net.call;
  const int length = net.x.lengths[b];
  std::vector<double> in, h, c;
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
  if (call.cy != nullptr) {
    std::copy(last.extra, last.extra + net.H, call.cy + net.stateRow(l, d, b) * net.H);
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

void writeY(const Net& net) {
  const Call& call = net.call;
  const int last = net.rnn.layers - 1;
  const float factor = factorOf(call, Result::Y);
  for (int b = 0; b < net.x.batch; b++) {
    for (int t = 0; t < net.x.lengths[b]; t++) {
      for (int d = 0; d < net.D; d++) {
        const double* h = net.step(last, d, t, b).h;
        float* to = call.yOut + call.y.offset(t, b) + d * net.O;
        std::transform(h, h + net.O, to, [factor](double v) { return factor * (float)v; });
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

}  // namespace

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

bool lengthsAgree(const Call& call) {
  return call.deviceLengths == nullptr ||
         std::equal(call.x.lengths.begin(), call.x.lengths.end(), call.deviceLengths);
}

uint64_t shapeOf(const Call& call) {
  const cudnnRNNStruct& r = call.rnn;
  Hash hash;
  for (int v :
       {(int)r.mode, (int)r.bias, (int)r.direction, r.inputSize, r.hiddenSize, r.projSize, r.layers,
        (int)r.clip, (int)call.x.layout, call.x.maxLength, call.x.batch}) {
    hash.add(v);
  }
  hash.add(r.low);
  hash.add(r.high);
  hash.add(call.rate);
  hash.add(call.x.lengths.data(), call.x.lengths.size() * sizeof(int));
  return hash.value;
}

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
  for (int l = 0; l < net.rnn.layers; l++) {
    for (int d = 0; d < net.D; d++) {
      for (int b = 0; b < net.x.batch; b++) {
        forwardSequence(net, l, d, b);
      }
    }
  }
  writeY(net);
  if (call.training) {
    call.ys = call.yOut;
    net.header() = {
        Header::MAGIC,
        FORWARD_DONE,
        shapeOf(call),
        net.hashOfX(),
        net.hashOfY(),
        net.hashOfState(call.hx, net.O),
        net.hashOfState(call.cx, net.H),
        hashOf(call.weights, net.layout.bytes())};
  }
  return done(call);
}

}  // namespace dnn
