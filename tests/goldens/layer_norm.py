"""LSTM and GRU with layer normalisation (Ba, Kiros and Hinton 2016), written on autograd around PyTorch's own layer_norm.

PyTorch has no such cells. With LN over all gates of a row, biases as shifts:

    a = LN(W x) * norm_ih + b_W,  u = LN(R h) * norm_hh + b_R
    LSTM: i, f, g, o of a + u; c = f c + i g; h = o * tanh(LN(c) * norm_c + norm_c_bias)
    GRU: as PyTorch's, from a and u
"""
import torch
from torch.nn.functional import layer_norm


def stack(cell, weights, layers, directions, x, h0, c0, lengths):
    """y, hn, cn (None for a GRU), with the meaning of lengths that PyTorch's packed sequences have."""
    if lengths is None:
        lengths = torch.full((x.shape[1],), x.shape[0])
    last_h, last_c = [], []
    for layer in range(layers):
        outputs = []
        for direction in range(directions):
            state = layer * directions + direction
            suffix = f"_l{layer}" + ("_reverse" if direction else "")
            c = None if c0 is None else c0[state]
            y, h, c = _direction(cell, weights, suffix, x, h0[state], c, lengths, direction == 1)
            outputs.append(y)
            last_h.append(h)
            last_c.append(c)
        x = torch.cat(outputs, dim=2)
    return x, torch.stack(last_h), None if c0 is None else torch.stack(last_c)


def _direction(cell, weights, suffix, x, h, c, lengths, backwards):
    weight = lambda name: weights.get(name + suffix)
    norm = lambda v, gain, shift: layer_norm(v, v.shape[-1:], weight(gain), weight(shift), 1e-5)
    y = [None] * x.shape[0]
    for t in reversed(range(x.shape[0])) if backwards else range(x.shape[0]):
        a = norm(x[t] @ weight("weight_ih").T, "norm_ih", "bias_ih")
        u = norm(h @ weight("weight_hh").T, "norm_hh", "bias_hh")
        if cell == "lstm":
            i, f, g, o = (a + u).chunk(4, dim=1)
            next_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            next_h = torch.sigmoid(o) * torch.tanh(norm(next_c, "norm_c", "norm_c_bias"))
        else:
            (a_r, a_z, a_n), (u_r, u_z, u_n) = a.chunk(3, dim=1), u.chunk(3, dim=1)
            z = torch.sigmoid(a_z + u_z)
            next_h = (1 - z) * torch.tanh(a_n + torch.sigmoid(a_r + u_r) * u_n) + z * h
        valid = (t < lengths)[:, None]
        y[t] = torch.where(valid, next_h, torch.zeros_like(next_h))
        h = torch.where(valid, next_h, h)
        c = None if c is None else torch.where(valid, next_c, c)
    return torch.stack(y), h, c
