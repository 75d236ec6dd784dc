"""Layers of different sizes and sums of directions: PyTorch's one-layer modules, stacked by hand."""
import torch

from case import Case
from recurrent import RAGGED, torch_stack, weight_shapes


def stack_case(name, cell, sizes, directions=1, merge="concat", lengths=None, last=False, t=7, n=5, c=3, p=0):
    case = Case(f"stacks/{name}", cell=cell, sizes=sizes, bidirectional=directions == 2, merge=merge, projection=p, last_state=last)
    weights, c_in = [], c
    for layer, h in enumerate(sizes):
        shapes = weight_shapes(cell, 1, directions, c_in, h, p, True)
        weights.append({key: case.uniform(key.replace("_l0", f"_l{layer}"), *shape, bound=h**-0.5) for key, shape in shapes.items()})
        c_in = (p or h) * (directions if merge == "concat" else 1)
    x = case.normal("x", t, n, c)
    dy = case.normal("dy", *((n,) if last else (t, n)), c_in).detach()
    tensor_lengths = None if lengths is None else case.integers("lengths", lengths)

    y, states = x, {}
    for layer, h in enumerate(sizes):
        zeros = [torch.zeros(directions, n, width, dtype=torch.float64) for width in (p or h, h)]
        y, hn, cn = torch_stack(cell, weights[layer], 1, directions, y, *zeros, tensor_lengths)
        states[f"h_l{layer}"] = hn
        if cn is not None:
            states[f"c_l{layer}"] = cn
        out = torch.cat(list(hn), dim=-1)
        if merge == "sum":
            y, out = [value.unflatten(-1, (2, p or h)).sum(-2) for value in (y, out)]
    y = out if last else y
    named = {key.replace("_l0", f"_l{layer}"): value for layer, of in enumerate(weights) for key, value in of.items()}
    grads = torch.autograd.grad(y, [x, *named.values()], dy)
    case.expect("y", y)
    case.expect("dx", grads[0])
    for key, grad in zip(named, grads[1:]):
        case.expect(f"grad.{key}", grad)
    if directions == 1:
        for key, value in states.items():
            case.expect(key, value)
    return case


def stack_cases():
    for cell in ("lstm", "gru", "tanh"):
        yield stack_case(f"{cell}-uni-ragged", cell, [6, 3, 5], lengths=RAGGED)
        yield stack_case(f"{cell}-bi-ragged", cell, [3, 5], directions=2, lengths=RAGGED)
        yield stack_case(f"{cell}-sum-full", cell, [4, 3], directions=2, merge="sum")
        yield stack_case(f"{cell}-sum-ragged-last", cell, [3, 4], directions=2, merge="sum", lengths=RAGGED, last=True)
    yield stack_case("lstm-sum-equal", "lstm", [4, 4], directions=2, merge="sum", lengths=RAGGED)
    yield stack_case("lstm-uni-full-projection", "lstm", [7, 5], p=2)
