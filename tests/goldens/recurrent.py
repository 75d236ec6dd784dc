"""Recurrent stacks: outputs and all gradients, over cells, layers, directions and lengths."""
import sys

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import activations
import layer_norm
import peephole as peephole_lstm
import reset_before
from case import Case

RAGGED = [3, 7, 1, 5, 2]  # unsorted, one of length 1, the longest equal to T
WITH_EMPTY = [3, 0, 6, 1, 2]  # an empty sequence, and none as long as T
GATES = {"lstm": 4, "gru": 3, "gru-reset-before": 3, "tanh": 1, "relu": 1} | {cell: 1 for cell in activations.ACTIVATIONS}


def weight_shapes(cell, layers, directions, c, h, p, bias, norm=False, peephole=False):
    """state_dict names and shapes, in PyTorch's order."""
    gates, out, shapes = GATES[cell], p or h, {}
    for layer in range(layers):
        for suffix in [f"_l{layer}", f"_l{layer}_reverse"][:directions]:
            shapes["weight_ih" + suffix] = (gates * h, c if layer == 0 else directions * out)
            shapes["weight_hh" + suffix] = (gates * h, out)
            if bias:
                shapes["bias_ih" + suffix] = (gates * h,)
                shapes["bias_hh" + suffix] = (gates * h,)
            if p:
                shapes["weight_hr" + suffix] = (p, h)
            if peephole:
                shapes["weight_ch" + suffix] = (3 * h,)
            if norm:
                shapes["norm_ih" + suffix] = (gates * h,)
                shapes["norm_hh" + suffix] = (gates * h,)
            if norm and cell == "lstm":
                shapes["norm_c" + suffix] = (h,)
                if bias:
                    shapes["norm_c_bias" + suffix] = (h,)
    return shapes


def torch_stack(cell, weights, layers, directions, x, h0, c0, lengths):
    """y, hn, cn of PyTorch's packed sequences (cn is None but for LSTM)."""
    p = weights["weight_hr_l0"].shape[0] if "weight_hr_l0" in weights else 0
    options = dict(num_layers=layers, bidirectional=directions == 2, bias="bias_ih_l0" in weights, dtype=torch.float64)
    c, h = x.shape[2], weights["weight_hh_l0"].shape[0] // GATES[cell]
    if cell == "lstm":
        module, state = torch.nn.LSTM(c, h, proj_size=p, **options), (h0, c0)
    elif cell == "gru":
        module, state = torch.nn.GRU(c, h, **options), h0
    else:
        module, state = torch.nn.RNN(c, h, nonlinearity=cell, **options), h0
    packed = x if lengths is None else pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, last = torch.func.functional_call(module, weights, (packed, state))
    if lengths is not None:
        y, _ = pad_packed_sequence(y, total_length=x.shape[0])
    return (y, *last) if cell == "lstm" else (y, last, None)


def run_stack(cell, weights, layers, directions, x, h0, c0, lengths, clip=0):
    """As torch_stack, with empty sequences too: y = 0, hn = h0, cn = c0 for them."""
    stack = reset_before.stack if cell == "gru-reset-before" else torch_stack
    if "norm_ih_l0" in weights:
        return layer_norm.stack(cell, weights, layers, directions, x, h0, c0, lengths)
    if cell in activations.ACTIVATIONS:
        return activations.stack(cell, weights, layers, directions, x, h0, c0, lengths)
    if clip or "weight_ch_l0" in weights:
        return peephole_lstm.stack(weights, layers, directions, x, h0, c0, lengths, clip)
    if lengths is None or int(lengths.min()) > 0:
        return stack(cell, weights, layers, directions, x, h0, c0, lengths)
    kept = lengths.nonzero()[:, 0]
    inner_c0 = None if c0 is None else c0[:, kept]
    y, hn, cn = stack(cell, weights, layers, directions, x[:, kept], h0[:, kept], inner_c0, lengths[kept])
    spread = lambda outer, inner: outer.index_copy(1, kept, inner)
    zeros = torch.zeros(x.shape[0], x.shape[1], y.shape[2], dtype=y.dtype)
    return spread(zeros, y), spread(h0, hn), None if c0 is None else spread(c0, cn)


def rnn_case(name, cell, layers=1, directions=1, lengths=None, bias=True, t=7, n=5, c=3, h=4, p=0, norm=False, peephole=False, clip=0):
    case = Case(f"rnn/{name}", cell=cell, layers=layers, bidirectional=directions == 2, bias=bias, projection=p, **({"layer_norm": True} if norm else {}), **({"clip": clip} if clip else {}))
    bound, out = h**-0.5, p or h  # PyTorch's initialisation: recurrent weights of spectral radius below 1
    shapes = weight_shapes(cell, layers, directions, c, h, p, bias, norm, peephole)
    weights = {key: case.uniform(key, *shape, bound=bound) for key, shape in shapes.items()}
    inputs = {"x": case.normal("x", t, n, c), "h0": case.normal("h0", layers * directions, n, out, scale=0.5)}
    if cell == "lstm":
        inputs["c0"] = case.normal("c0", layers * directions, n, h, scale=0.5)
    # x and dy are not zero on padding, on purpose: an engine has to ignore them there.
    seeds = {"y": case.normal("dy", t, n, directions * out), "hn": case.normal("dhn", layers * directions, n, out)}
    if cell == "lstm":
        seeds["cn"] = case.normal("dcn", layers * directions, n, h)
    tensor_lengths = None if lengths is None else case.integers("lengths", lengths)

    def differentiate(shift):
        y, hn, cn = run_stack(cell, weights, layers, directions, inputs["x"] + shift, inputs["h0"], inputs.get("c0"), tensor_lengths, clip)
        outputs = {"y": y, "hn": hn} | ({"cn": cn} if cell == "lstm" else {})
        leaves = list(inputs.values()) + list(weights.values())
        grads = torch.autograd.grad([outputs[k] for k in seeds], leaves, [s.detach() for s in seeds.values()])
        return outputs, dict(zip([f"d{k}" for k in inputs] + [f"grad.{k}" for k in weights], grads))

    outputs, grads = differentiate(0.0)
    if cell in ("relu", "leaky-relu") or clip:
        require_no_kink(case, grads, differentiate)
    for key, value in (outputs | grads).items():
        case.expect(key, value)
    if cell == "gru-reset-before" and (lengths is None or min(lengths) > 0):
        cross_check_with_onnx_runtime(case, ("y", "hn"), reset_before.onnx_runtime(case.arrays, layers, directions), outputs)
    if peephole and not clip and not p:
        cross_check_with_onnx_runtime(case, ("y", "hn", "cn"), peephole_lstm.onnx_runtime(case.arrays, layers, directions), outputs)
    if cell in activations.ONNX and layers == directions == 1:
        cross_check_with_onnx_runtime(case, ("y", "hn"), activations.onnx_runtime(cell, case.arrays), outputs)
    return case


def require_no_kink(case, grads, differentiate):
    """Float32 rounding must not flip a ReLU or a limit of c: gradients may not jump when x moves by 1e-5."""
    for _ in range(20):
        shift = torch.tensor(case.random.uniform(-1e-5, 1e-5, case.arrays["x"].shape))
        for key, moved in differentiate(shift)[1].items():
            if not (moved - grads[key]).norm() <= 1e-3 * grads[key].norm():
                sys.exit(f"{case.name}: a value is too close to a kink ({key} jumps); rename the case to reseed it")


def cross_check_with_onnx_runtime(case, keys, answers, outputs):
    """ONNX Runtime (float32) is the outside witness of the equations that PyTorch does not have, forward only."""
    for key, theirs in zip(keys, answers):
        ours = outputs[key].detach().numpy()
        if not np.linalg.norm(theirs - ours) <= 1e-6 * np.linalg.norm(ours):
            sys.exit(f"{case.name}: {key} differs from ONNX Runtime's by {np.linalg.norm(theirs - ours)}")
        case.arrays[f"onnxruntime.{key}"] = theirs


def rnn_cases():
    for cell in ("lstm", "gru", "gru-reset-before", "tanh", "relu"):
        for layers in (1, 2):
            for directions, direction in ((1, "uni"), (2, "bi")):
                for lengths, raggedness in ((None, "full"), (RAGGED, "ragged")):
                    yield rnn_case(f"{cell}-l{layers}-{direction}-{raggedness}", cell, layers, directions, lengths)
    for cell in ("lstm", "gru"):
        yield rnn_case(f"{cell}-l1-uni-full-nobias", cell, bias=False)
        yield rnn_case(f"{cell}-l2-bi-ragged-nobias", cell, 2, 2, RAGGED, bias=False)
        # Wider than one 512-bit vector of floats, with a remainder at every vector width.
        yield rnn_case(f"{cell}-l1-uni-ragged-wide", cell, lengths=RAGGED + [4, 6], n=7, c=5, h=19)
    for cell in ("lstm", "gru", "gru-reset-before"):
        yield rnn_case(f"{cell}-l2-bi-empty", cell, 2, 2, WITH_EMPTY)
    for layers in (1, 2):
        for directions, direction in ((1, "uni"), (2, "bi")):
            for lengths, raggedness in ((None, "full"), (RAGGED, "ragged")):
                name = f"lstm-l{layers}-{direction}-{raggedness}-projection"
                yield rnn_case(name, "lstm", layers, directions, lengths, h=5, p=2)
    for cell in ("lstm", "gru"):
        yield rnn_case(f"{cell}-l1-uni-full-norm", cell, h=5, norm=True)
        yield rnn_case(f"{cell}-l2-bi-ragged-norm", cell, 2, 2, WITH_EMPTY, h=5, norm=True)
        yield rnn_case(f"{cell}-l1-uni-ragged-wide-norm", cell, lengths=RAGGED + [4, 6], n=7, c=5, h=19, norm=True)
        yield rnn_case(f"{cell}-l1-bi-ragged-nobias-norm", cell, 1, 2, RAGGED, h=5, bias=False, norm=True)
    yield rnn_case("lstm-l1-uni-full-peephole", "lstm", h=5, peephole=True)
    yield rnn_case("lstm-l2-bi-ragged-peephole", "lstm", 2, 2, RAGGED, h=5, peephole=True)
    yield rnn_case("lstm-l1-uni-ragged-wide-peephole", "lstm", lengths=RAGGED + [4, 6], n=7, c=5, h=19, peephole=True)
    yield rnn_case("lstm-l1-uni-full-clip", "lstm", h=5, clip=0.3)
    yield rnn_case("lstm-l2-bi-ragged-clip-peephole", "lstm", 2, 2, WITH_EMPTY, h=5, peephole=True, clip=0.3)
    yield rnn_case("lstm-l1-bi-ragged-wide-clip-projection", "lstm", 1, 2, RAGGED, c=5, h=19, p=7, peephole=True, clip=0.3)
    for cell in activations.ACTIVATIONS:
        yield rnn_case(f"{cell}-l1-uni-ragged-wide", cell, lengths=RAGGED + [4, 6], n=7, c=5, h=19)
        yield rnn_case(f"{cell}-l2-bi-empty", cell, 2, 2, WITH_EMPTY)
