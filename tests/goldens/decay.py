"""GRU whose states decay with the time since inputs were seen (Che et al. 2018, equations 10 and 11).

PyTorch has no such layer, so its equations are written here on autograd, of the lowest of L layers:

    g = exp(-max(0, D d + b))
    r = sigmoid(W_r x + b_Wr + R_r (g * h) + b_Rr)
    z = sigmoid(W_z x + b_Wz + R_z (g * h) + b_Rz)
    n = tanh(W_n x + b_Wn + r * (R_n (g * h) + b_Rn))      or, reset before,
    n = tanh(W_n x + b_Wn + R_n (r * g * h) + b_Rn)
    h' = (1 - z) * n + z * g * h

What comes in has the ages d as its last columns; nothing else sees them.
"""
import torch

from case import Case
from parts import finish
from sequences import N, T, ragged

C, A, H = 3, 2, 5


def _step(weights, layer, x, h, before):
    w_r, w_z, w_n = weights[f"weight_ih_l{layer}"].chunk(3)
    r_r, r_z, r_n = weights[f"weight_hh_l{layer}"].chunk(3)
    b_r, b_z, b_n = weights[f"bias_ih_l{layer}"].chunk(3)
    c_r, c_z, c_n = weights[f"bias_hh_l{layer}"].chunk(3)
    r = torch.sigmoid(x @ w_r.T + b_r + h @ r_r.T + c_r)
    z = torch.sigmoid(x @ w_z.T + b_z + h @ r_z.T + c_z)
    inner = (r * h) @ r_n.T + c_n if before else r * (h @ r_n.T + c_n)
    return (1 - z) * torch.tanh(x @ w_n.T + b_n + inner) + z * h


def decayed_case(cell, layers):
    case = Case(f"layers/decayed-{cell}", cell=cell, layers=layers, ages=A)
    valid = ragged(case)
    values = case.random.standard_normal((T, N, C + A))
    values[:, :, C:] = 3 * abs(values[:, :, C:])
    given = case.given("x", values)
    weights = {}
    for layer in range(layers):
        for key, shape in {
            f"weight_ih_l{layer}": (3 * H, C if layer == 0 else H),
            f"weight_hh_l{layer}": (3 * H, H),
            f"bias_ih_l{layer}": (3 * H,),
            f"bias_hh_l{layer}": (3 * H,),
        }.items():
            weights[key] = case.uniform(key, *shape, bound=H**-0.5)
    weights["decay_weight_l0"] = case.uniform("decay_weight_l0", H, A, bound=0.5)
    weights["decay_bias_l0"] = case.uniform("decay_bias_l0", H, bound=0.2)
    dy = case.normal("dy", T, N, H).detach() * valid.unsqueeze(-1)
    x, ages = given[:, :, :C], given[:, :, C:]
    for layer in range(layers):
        h, y = torch.zeros(N, H, dtype=torch.float64), []
        for t in range(T):
            left = h
            if layer == 0:
                left = torch.exp(-torch.relu(ages[t] @ weights["decay_weight_l0"].T + weights["decay_bias_l0"])) * h
            new = _step(weights, layer, x[t], left, cell == "gru-reset-before")
            h = torch.where(valid[t].unsqueeze(-1), new, h)
            y.append(torch.where(valid[t].unsqueeze(-1), new, torch.zeros_like(new)))
        x = torch.stack(y)
    return finish(case, {"y": x}, {"dx": given} | {f"grad.{key}": weight for key, weight in weights.items()}, dy)


def decay_cases():
    return [decayed_case("gru", 2), decayed_case("gru-reset-before", 1)]
