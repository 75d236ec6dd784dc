"""Embeddings with their options: padding, a largest norm, a table that the output layer shares."""
import torch
import torch.nn.functional as F

from case import Case
from parts import finish


def embedding_cases():
    case = Case("layers/embedding-options", padding=2, max_norm=2.0)
    weight = case.normal("weight", 11, 6)  # norms around 2.4
    tokens = case.integers("tokens", case.random.randint(0, 9, (7, 5)))  # rows 9 and 10 are not used: they keep their norm
    with torch.no_grad():
        weight[2] = 0
    case.arrays["weight"][2] = 0
    dy = case.normal("dy", 7, 5, 6).detach()
    y = F.embedding(tokens, weight, padding_idx=2, max_norm=2.0)
    yield finish(case, {"y": y, "after": weight.detach().clone()}, {"grad.weight": weight}, dy)
    case = Case("layers/embedding-tied")
    weight, bias = case.normal("weight", 11, 6), case.normal("bias", 11)
    tokens = case.integers("tokens", case.random.randint(0, 11, (7, 5)))
    targets = case.integers("targets", case.random.randint(0, 11, (7, 5)))
    logits = F.linear(torch.tanh(F.embedding(tokens, weight)), weight, bias)
    loss = F.cross_entropy(logits.reshape(35, 11), targets.reshape(35))
    yield finish(case, {"loss": loss}, {"grad.weight": weight, "grad.bias": bias})
