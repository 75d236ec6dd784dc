"""LSTM with peepholes (Gers and Schmidhuber 2000), a limit of c (Sak et al. 2014) or both, on autograd.

PyTorch has no such cell. The peepholes weight_ch [3H] are of i, f and o; ONNX's P has the order i, o, f:

    i, f = sigmoid(a + u + p * c),  c' = clamp(f c + i g, -clip, clip)
    o = sigmoid(a + u + p_o * c'),  h' = o * tanh(c'), or W_r of it

Checked against ONNX Runtime where c has no limit (ONNX's own clip is one of what the activations see).
"""
import numpy as np
import onnx
import onnxruntime
import torch


def stack(weights, layers, directions, x, h0, c0, lengths, clip):
    """y, hn, cn, with the meaning of lengths that PyTorch's packed sequences have."""
    if lengths is None:
        lengths = torch.full((x.shape[1],), x.shape[0])
    last_h, last_c = [], []
    for layer in range(layers):
        outputs = []
        for direction in range(directions):
            state = layer * directions + direction
            suffix = f"_l{layer}" + ("_reverse" if direction else "")
            y, h, c = _direction(weights, suffix, x, h0[state], c0[state], lengths, direction == 1, clip)
            outputs.append(y)
            last_h.append(h)
            last_c.append(c)
        x = torch.cat(outputs, dim=2)
    return x, torch.stack(last_h), torch.stack(last_c)


def _direction(weights, suffix, x, h, c, lengths, backwards, clip):
    weight = lambda name: weights.get(name + suffix)
    zero = torch.zeros(c.shape[-1], dtype=c.dtype)
    p_i, p_f, p_o = (zero,) * 3 if weight("weight_ch") is None else weight("weight_ch").chunk(3)
    linear = torch.nn.functional.linear
    y = [None] * x.shape[0]
    for t in reversed(range(x.shape[0])) if backwards else range(x.shape[0]):
        gates = linear(x[t], weight("weight_ih"), weight("bias_ih")) + linear(h, weight("weight_hh"), weight("bias_hh"))
        i, f, g, o = gates.chunk(4, dim=1)
        next_c = torch.sigmoid(f + p_f * c) * c + torch.sigmoid(i + p_i * c) * torch.tanh(g)
        next_c = next_c.clamp(-clip, clip) if clip else next_c
        next_h = torch.sigmoid(o + p_o * next_c) * torch.tanh(next_c)
        next_h = next_h if weight("weight_hr") is None else linear(next_h, weight("weight_hr"))
        valid = (t < lengths)[:, None]
        y[t] = torch.where(valid, next_h, torch.zeros_like(next_h))
        h = torch.where(valid, next_h, h)
        c = torch.where(valid, next_c, c)
    return torch.stack(y), h, c


def onnx_runtime(arrays, layers, directions):
    """y [T,N,D*H], hn and cn [L*D,N,H] in float32, one LSTM node a layer; with biases, without a projection."""
    reorder = lambda a: np.concatenate([np.split(a, 4)[gate] for gate in (0, 3, 1, 2)])  # i, o, f, c of i, f, g, o
    peepholes = lambda a: np.concatenate([np.split(a, 3)[gate] for gate in (0, 2, 1)])  # i, o, f of i, f, o
    hidden = arrays["weight_hh_l0"].shape[1]
    x, last_h, last_c = arrays["x"], [], []
    lengths = arrays.get("lengths", np.full(x.shape[1], x.shape[0])).astype(np.int32)
    for layer in range(layers):
        suffixes = [f"_l{layer}", f"_l{layer}_reverse"][:directions]
        states = slice(layer * directions, (layer + 1) * directions)
        feeds = {
            "X": x,
            "W": np.stack([reorder(arrays["weight_ih" + s]) for s in suffixes]),
            "R": np.stack([reorder(arrays["weight_hh" + s]) for s in suffixes]),
            "B": np.stack([np.concatenate([reorder(arrays[f"bias_{k}" + s]) for k in ("ih", "hh")]) for s in suffixes]),
            "sequence_lens": lengths,
            "initial_h": arrays["h0"][states],
            "initial_c": arrays["c0"][states],
            "P": np.stack([peepholes(arrays["weight_ch" + s]) for s in suffixes]),
        }
        y, hn, cn = _session(feeds, hidden, directions).run(None, feeds)  # y [T,D,N,H]
        x = np.ascontiguousarray(y.transpose(0, 2, 1, 3).reshape(*arrays["x"].shape[:2], directions * hidden))
        last_h.append(hn)
        last_c.append(cn)
    return x, np.concatenate(last_h), np.concatenate(last_c)


def _session(feeds, hidden, directions):
    direction = "bidirectional" if directions == 2 else "forward"
    node = onnx.helper.make_node("LSTM", list(feeds), ["Y", "Y_h", "Y_c"], hidden_size=hidden, direction=direction)
    declare = lambda key, array: onnx.helper.make_tensor_value_info(
        key, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
    )
    outputs = [onnx.helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, None) for key in ("Y", "Y_h", "Y_c")]
    graph = onnx.helper.make_graph([node], "lstm", [declare(k, v) for k, v in feeds.items()], outputs)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
