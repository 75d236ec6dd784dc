"""GRU with the reset gate applied before the recurrent product (ONNX: linear_before_reset = 0).

PyTorch has no such cell, so its equations are written here on autograd, after the GRU operator of
the ONNX specification (opset 14), and checked against ONNX Runtime:

    z = sigmoid(W_z x + b_Wz + R_z h + b_Rz)
    r = sigmoid(W_r x + b_Wr + R_r h + b_Rr)
    n = tanh(W_n x + b_Wn + R_n (r * h) + b_Rn)
    h' = (1 - z) * n + z * h

Weights have PyTorch's names and gate order r, z, n; ONNX's order is z, r, n.
"""
import numpy as np
import onnx
import onnxruntime
import torch


def stack(cell, weights, layers, directions, x, h0, c0, lengths):
    """y, hn, None, with the meaning of lengths that PyTorch's packed sequences have."""
    steps, batch = x.shape[:2]
    if lengths is None:
        lengths = torch.full((batch,), steps)
    last = []
    for layer in range(layers):
        outputs = []
        for direction in range(directions):
            suffix = f"_l{layer}" + ("_reverse" if direction else "")
            y, h = _direction(weights, suffix, x, h0[layer * directions + direction], lengths, direction == 1)
            outputs.append(y)
            last.append(h)
        x = torch.cat(outputs, dim=2)
    return x, torch.stack(last), None


def _direction(weights, suffix, x, h, lengths, backwards):
    w_r, w_z, w_n = weights["weight_ih" + suffix].chunk(3)
    r_r, r_z, r_n = weights["weight_hh" + suffix].chunk(3)
    # The reset gate does not touch b_Rn here, so the two biases only ever act as their sum.
    b_r, b_z, b_n = (weights["bias_ih" + suffix] + weights["bias_hh" + suffix]).chunk(3)
    y = [None] * x.shape[0]
    for t in reversed(range(x.shape[0])) if backwards else range(x.shape[0]):
        r = torch.sigmoid(x[t] @ w_r.T + h @ r_r.T + b_r)
        z = torch.sigmoid(x[t] @ w_z.T + h @ r_z.T + b_z)
        n = torch.tanh(x[t] @ w_n.T + (r * h) @ r_n.T + b_n)
        valid = (t < lengths)[:, None]
        next_h = torch.where(valid, (1 - z) * n + z * h, h)
        y[t] = torch.where(valid, next_h, torch.zeros_like(next_h))
        h = next_h
    return torch.stack(y), h


def onnx_runtime(arrays, layers, directions):
    """y [T,N,D*H] and hn [L*D,N,H] in float32, one GRU node a layer."""
    reorder = lambda a: np.concatenate([np.split(a, 3)[gate] for gate in (1, 0, 2)])
    hidden = arrays["weight_hh_l0"].shape[1]
    x, last = arrays["x"], []
    lengths = arrays.get("lengths", np.full(x.shape[1], x.shape[0])).astype(np.int32)
    for layer in range(layers):
        suffixes = [f"_l{layer}", f"_l{layer}_reverse"][:directions]
        feeds = {
            "X": x,
            "W": np.stack([reorder(arrays["weight_ih" + s]) for s in suffixes]),
            "R": np.stack([reorder(arrays["weight_hh" + s]) for s in suffixes]),
            "B": np.stack([np.concatenate([reorder(arrays[f"bias_{k}" + s]) for k in ("ih", "hh")]) for s in suffixes]),
            "sequence_lens": lengths,
            "initial_h": arrays["h0"][layer * directions : (layer + 1) * directions],
        }
        y, hn = _session(feeds, hidden, directions).run(None, feeds)  # y [T,D,N,H]
        x = np.ascontiguousarray(y.transpose(0, 2, 1, 3).reshape(*arrays["x"].shape[:2], directions * hidden))
        last.append(hn)
    return x, np.concatenate(last)


def _session(feeds, hidden, directions):
    direction = "bidirectional" if directions == 2 else "forward"
    node = onnx.helper.make_node(
        "GRU", list(feeds), ["Y", "Y_h"], hidden_size=hidden, direction=direction, linear_before_reset=0
    )
    declare = lambda key, array: onnx.helper.make_tensor_value_info(
        key, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
    )
    outputs = [onnx.helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, None) for key in ("Y", "Y_h")]
    graph = onnx.helper.make_graph([node], "gru", [declare(k, v) for k, v in feeds.items()], outputs)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
