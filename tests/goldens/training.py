"""Whole training runs from given weights, ten updates long."""
import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_

from case import Case
from recurrent import torch_stack, weight_shapes


def train(case, weights, loss_of, optimizer, max_norm=None, steps=10):
    """Ten updates; loss_of(step) is the batch's loss before that step's update."""
    losses, norms = [], []
    for step in range(steps):
        optimizer.zero_grad()
        loss = loss_of(step)
        loss.backward()
        norms.append(clip_grad_norm_(weights.values(), max_norm or float("inf")))
        optimizer.step()
        losses.append(loss.detach())
    case.expect("losses", torch.stack(losses))
    case.expect("norms", torch.stack(norms))
    for key, value in weights.items():
        case.expect(f"final.{key}", value)
    return case


def language_model_case(name, stateful, max_norm, t=9, n=4, v=11, e=6, h=8, layers=2):
    adam = dict(lr=0.01, betas=[0.9, 0.999], eps=1e-8)
    case = Case(f"training/{name}", optimizer="Adam", max_norm=max_norm, carries_state=stateful, **adam)
    weights = {"embedding.weight": case.normal("embedding.weight", v, e)}
    for key, shape in weight_shapes("lstm", layers, 1, e, h, 0, True).items():
        weights[f"lstm.{key}"] = case.uniform(f"lstm.{key}", *shape, bound=h**-0.5)
    weights["linear.weight"] = case.uniform("linear.weight", v, h, bound=h**-0.5)
    weights["linear.bias"] = case.uniform("linear.bias", v, bound=h**-0.5)
    # Rows of a walk that mostly counts upwards, so that there is something to learn.
    walk = np.cumsum(case.random.choice([1, 1, 1, 2, 5], (10 * t + 1, n)), axis=0) % v
    tokens = case.integers("tokens", walk[:-1].reshape(10, t, n))
    targets = case.integers("targets", walk[1:].reshape(10, t, n))
    state = [torch.zeros(layers, n, h, dtype=torch.float64)] * 2

    def loss_of(step):
        nonlocal state
        stack = {key.removeprefix("lstm."): value for key, value in weights.items() if key.startswith("lstm.")}
        y, *last = torch_stack("lstm", stack, layers, 1, F.embedding(tokens[step], weights["embedding.weight"]), *state, None)
        if stateful:
            state = [value.detach() for value in last]
        logits = F.linear(y, weights["linear.weight"], weights["linear.bias"])
        return F.cross_entropy(logits.reshape(t * n, v), targets[step].reshape(t * n))

    return train(case, weights, loss_of, torch.optim.Adam(weights.values(), **adam), max_norm)


def forecaster_case(cell, t=8, n=6, c=2, h=5):
    case = Case(f"training/forecaster-{cell}", cell=cell, optimizer="SGD", lr=0.05, momentum=0.9)
    weights = {}
    for key, shape in weight_shapes(cell, 1, 1, c, h, 0, True).items():
        weights[f"{cell}.{key}"] = case.uniform(f"{cell}.{key}", *shape, bound=h**-0.5)
    weights["linear.weight"] = case.uniform("linear.weight", 1, h, bound=h**-0.5)
    weights["linear.bias"] = case.uniform("linear.bias", 1, bound=h**-0.5)
    phase = case.random.uniform(0, 2 * np.pi, (10, 1, n)) + 0.5 * np.arange(t + 1)[:, None]  # [10, T+1, N]
    noise = 0.05 * case.random.standard_normal((10, t, n))
    x = case.given("x", np.stack([np.sin(phase[:, :-1]) + noise, np.cos(2 * phase[:, :-1])], axis=-1)).detach()
    target = case.given("target", np.sin(phase[:, -1])[..., None]).detach()
    zeros = torch.zeros(1, n, h, dtype=torch.float64)

    def loss_of(step):
        stack = {key.removeprefix(f"{cell}."): value for key, value in weights.items() if key.startswith(f"{cell}.")}
        y, _, _ = torch_stack(cell, stack, 1, 1, x[step], zeros, zeros, None)
        return F.mse_loss(F.linear(y[-1], weights["linear.weight"], weights["linear.bias"]), target[step])

    return train(case, weights, loss_of, torch.optim.SGD(weights.values(), lr=0.05, momentum=0.9))


def training_cases():
    # Gradient norms here are 0.09 to 0.22: the first run is never clipped, the second in some steps only.
    yield language_model_case("language-model", stateful=False, max_norm=1.0)
    yield language_model_case("language-model-stateful", stateful=True, max_norm=0.15)
    for cell in ("lstm", "gru", "tanh"):
        yield forecaster_case(cell)
