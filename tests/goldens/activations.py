"""Simple recurrent cells with the activations that PyTorch's RNN does not have, on autograd.

    h' = activation(W x + b_W + R h + b_R), softmax over the units

Checked against ONNX Runtime, whose RNN has all of them but softmax (Affine with 1 and 0 is the identity).
"""
import numpy as np
import onnx
import onnxruntime
import torch
from torch.nn import functional

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "softmax": lambda v: functional.softmax(v, dim=-1),
    "leaky-relu": lambda v: functional.leaky_relu(v, 0.01),
    "elu": functional.elu,
    "identity": lambda v: v,
}
ONNX = {"sigmoid": ("Sigmoid", 0), "leaky-relu": ("LeakyRelu", 0.01), "elu": ("Elu", 1), "identity": ("Affine", 1)}


def stack(cell, weights, layers, directions, x, h0, c0, lengths):
    """y, hn, None, with the meaning of lengths that PyTorch's packed sequences have."""
    if lengths is None:
        lengths = torch.full((x.shape[1],), x.shape[0])
    last = []
    for layer in range(layers):
        outputs = []
        for direction in range(directions):
            suffix = f"_l{layer}" + ("_reverse" if direction else "")
            y, h = _direction(cell, weights, suffix, x, h0[layer * directions + direction], lengths, direction == 1)
            outputs.append(y)
            last.append(h)
        x = torch.cat(outputs, dim=2)
    return x, torch.stack(last), None


def _direction(cell, weights, suffix, x, h, lengths, backwards):
    weight = lambda name: weights.get(name + suffix)
    linear = functional.linear
    y = [None] * x.shape[0]
    for t in reversed(range(x.shape[0])) if backwards else range(x.shape[0]):
        v = linear(x[t], weight("weight_ih"), weight("bias_ih")) + linear(h, weight("weight_hh"), weight("bias_hh"))
        next_h = ACTIVATIONS[cell](v)
        valid = (t < lengths)[:, None]
        y[t] = torch.where(valid, next_h, torch.zeros_like(next_h))
        h = torch.where(valid, next_h, h)
    return torch.stack(y), h


def onnx_runtime(cell, arrays):
    """y [T,N,H] and hn [1,N,H] in float32, of one layer and direction."""
    feeds = {
        "X": arrays["x"],
        "W": arrays["weight_ih_l0"][None],
        "R": arrays["weight_hh_l0"][None],
        "B": np.concatenate([arrays["bias_ih_l0"], arrays["bias_hh_l0"]])[None],
        "sequence_lens": arrays.get("lengths", np.full(arrays["x"].shape[1], arrays["x"].shape[0])).astype(np.int32),
        "initial_h": arrays["h0"],
    }
    name, alpha = ONNX[cell]
    node = onnx.helper.make_node(
        "RNN", list(feeds), ["Y", "Y_h"], hidden_size=arrays["weight_hh_l0"].shape[1],
        activations=[name], activation_alpha=[float(alpha)], activation_beta=[0.0],
    )
    declare = lambda key, array: onnx.helper.make_tensor_value_info(
        key, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
    )
    outputs = [onnx.helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, None) for key in ("Y", "Y_h")]
    graph = onnx.helper.make_graph([node], "rnn", [declare(k, v) for k, v in feeds.items()], outputs)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y, hn = session.run(None, feeds)
    return y[:, 0], hn
