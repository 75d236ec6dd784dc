"""Regularised cells as one writes them in PyTorch, by docs/equations.md, and without needless work:

the input's product is one for all steps, and masks are drawn for all steps at once. Weights have the
names of `gatun rnn`. TorchScript takes the modules whole; `step` alone can be compiled.
"""

import math
from typing import Tuple

import torch
from torch import Tensor
from torch.nn import functional as F


class Lstm(torch.nn.Module):
    """One layer; gates i, f, g, o."""

    def __init__(self, inputs: int, hidden: int, rate: float, gates: int = 4):
        super().__init__()
        self.hidden = hidden
        self.rate = rate
        bound = 1 / math.sqrt(hidden)

        def weight(*shape):
            return torch.nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))

        self.weight_ih_l0 = weight(gates * hidden, inputs)
        self.weight_hh_l0 = weight(gates * hidden, hidden)
        self.bias_ih_l0 = weight(gates * hidden)
        self.bias_hh_l0 = weight(gates * hidden)

    def mask(self, like: Tensor, steps: int) -> Tensor:
        """1 with the chance 1 - rate, else 0, for each of so many steps."""
        keep = torch.empty([steps, like.size(0), like.size(1)], device=like.device)
        return keep.bernoulli_(1.0 - self.rate)

    def cell(self, v: Tensor, c: Tensor) -> Tuple[Tensor, Tensor]:
        i, f, g, o = v.chunk(4, 1)
        after = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(after), after

    def inputs(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight_ih_l0, self.bias_ih_l0)

    def step(self, a: Tensor, h: Tensor, c: Tensor, m: Tensor, k: Tensor) -> Tuple[Tensor, Tensor]:
        """a is the step's share of the input; m and k are masks, where the cell has some."""
        return self.cell(a + F.linear(h, self.weight_hh_l0, self.bias_hh_l0), c)

    def masks(self, h: Tensor, steps: int) -> Tuple[Tensor, Tensor]:
        """Two masks for each step, or anything that long."""
        none = torch.zeros([steps, 0], device=h.device)
        return none, none

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros([x.size(1), self.hidden], device=x.device)
        c = torch.zeros([x.size(1), self.hidden], device=x.device)
        a = self.inputs(x)
        m, k = self.masks(h, x.size(0))
        y = []
        for t in range(x.size(0)):
            h, c = self.step(a[t], h, c, m[t], k[t])
            y.append(h)
        return torch.stack(y)


class LayerNormLstm(Lstm):
    """Ba, Kiros and Hinton 2016."""

    def __init__(self, inputs: int, hidden: int, rate: float):
        super().__init__(inputs, hidden, rate)
        self.norm_ih_l0 = torch.nn.Parameter(torch.ones(4 * hidden))
        self.norm_hh_l0 = torch.nn.Parameter(torch.ones(4 * hidden))
        self.norm_c_l0 = torch.nn.Parameter(torch.ones(hidden))
        self.norm_c_bias_l0 = torch.nn.Parameter(torch.zeros(hidden))

    def inputs(self, x: Tensor) -> Tensor:
        rows = [4 * self.hidden]
        return F.layer_norm(F.linear(x, self.weight_ih_l0), rows, self.norm_ih_l0, self.bias_ih_l0)

    def step(self, a: Tensor, h: Tensor, c: Tensor, m: Tensor, k: Tensor) -> Tuple[Tensor, Tensor]:
        rows = [4 * self.hidden]
        u = F.layer_norm(F.linear(h, self.weight_hh_l0), rows, self.norm_hh_l0, self.bias_hh_l0)
        i, f, g, o = (a + u).chunk(4, 1)
        after = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        seen = F.layer_norm(after, [self.hidden], self.norm_c_l0, self.norm_c_bias_l0)
        return torch.sigmoid(o) * torch.tanh(seen), after


class ZoneoutLstm(Lstm):
    """Krueger et al. 2016: a unit keeps its h, or its c, with the chance `rate`."""

    def masks(self, h: Tensor, steps: int) -> Tuple[Tensor, Tensor]:
        if self.training:
            return self.mask(h, steps), self.mask(h, steps)
        expected = torch.full([steps, 1, 1], 1.0 - self.rate, device=h.device)
        return expected, expected

    def step(self, a: Tensor, h: Tensor, c: Tensor, m: Tensor, k: Tensor) -> Tuple[Tensor, Tensor]:
        new, after = self.cell(a + F.linear(h, self.weight_hh_l0, self.bias_hh_l0), c)
        return torch.lerp(h, new, m.expand_as(h)), torch.lerp(c, after, k.expand_as(c))


class VariationalLstm(Lstm):
    """Gal and Ghahramani 2016: one mask of the input and one of h for all steps."""

    def inputs(self, x: Tensor) -> Tensor:
        if self.training:
            x = x * (self.mask(x[0], 1) / (1.0 - self.rate))
        return F.linear(x, self.weight_ih_l0, self.bias_ih_l0)

    def masks(self, h: Tensor, steps: int) -> Tuple[Tensor, Tensor]:
        one = torch.ones_like(h).unsqueeze(0)
        if self.training:
            one = self.mask(h, 1) / (1.0 - self.rate)
        return one.expand([steps, -1, -1]), one.expand([steps, -1, -1])

    def step(self, a: Tensor, h: Tensor, c: Tensor, m: Tensor, k: Tensor) -> Tuple[Tensor, Tensor]:
        return self.cell(a + F.linear(h * m, self.weight_hh_l0, self.bias_hh_l0), c)


class ResetBeforeGru(Lstm):
    """Cho et al. 2014; gates r, z, n. Its c is not used."""

    def __init__(self, inputs: int, hidden: int, rate: float):
        super().__init__(inputs, hidden, rate, 3)

    def step(self, a: Tensor, h: Tensor, c: Tensor, m: Tensor, k: Tensor) -> Tuple[Tensor, Tensor]:
        both = 2 * self.hidden
        w, b = self.weight_hh_l0, self.bias_hh_l0
        r, z = torch.sigmoid(a[:, :both] + F.linear(h, w[:both], b[:both])).chunk(2, 1)
        n = torch.tanh(a[:, both:] + F.linear(r * h, w[both:], b[both:]))
        return torch.lerp(n, h, z), c


CELLS = {
    "layer-norm LSTM": LayerNormLstm,
    "zoneout LSTM": ZoneoutLstm,
    "variational-dropout LSTM": VariationalLstm,
    "reset-before GRU": ResetBeforeGru,
}
