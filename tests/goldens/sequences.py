"""Layers over time: batch normalisation, convolution, attention, each on sequences of their own lengths."""
import torch
import torch.nn.functional as F

from case import Case
from parts import finish

T, N = 7, 5
LENGTHS = [7, 0, 3, 1, 6]


def ragged(case):
    """[T, N], true on valid positions."""
    lengths = case.integers("lengths", LENGTHS)
    return torch.arange(T).unsqueeze(1) < lengths


def spread(values, valid):
    """Rows of the valid positions as [T, N, C], zero elsewhere."""
    return torch.zeros(*valid.shape, values.shape[-1], dtype=values.dtype).masked_scatter(valid.unsqueeze(-1), values)


def batch_norm_case():
    case = Case("layers/batch-norm", momentum=0.1, eps=1e-5)
    valid = ragged(case)
    x, weight, bias = case.normal("x", T, N, 6, scale=2.0), case.normal("weight", 6), case.normal("bias", 6)
    dy = case.normal("dy", T, N, 6).detach() * valid.unsqueeze(-1)
    mean, variance = torch.zeros(6, dtype=torch.float64), torch.ones(6, dtype=torch.float64)
    y = spread(F.batch_norm(x[valid], mean, variance, weight, bias, training=True), valid)
    after = spread(F.batch_norm(x[valid], mean, variance, weight, bias), valid)
    outputs = {"y": y, "running_mean": mean, "running_var": variance, "inference": after}
    return finish(case, outputs, {"dx": x, "grad.weight": weight, "grad.bias": bias}, dy)


def convolution_case(name, stride, before, after):
    case = Case(f"layers/convolution-{name}", stride=stride)
    ragged(case)
    x, weight, bias = case.normal("x", T, N, 4), case.normal("weight", 3, 4, 3), case.normal("bias", 3)
    columns = []
    for n, length in enumerate(LENGTHS):
        padded = F.pad(x[:length, n].T, (before, after))
        y = F.conv1d(padded, weight, bias, stride=stride).T if padded.shape[1] >= 3 and length else weight.new_zeros(0, 3)
        columns.append(F.pad(y, (0, 0, 0, (T + before + after - 3) // stride + 1 - len(y))))
    y = torch.stack(columns, 1)
    valid = case.given("valid", y.detach() != 0).detach()  # what stands on padding is not the layer's
    dy = case.given("dy", case.random.standard_normal(y.shape) * valid.numpy()).detach()
    return finish(case, {"y": y}, {"dx": x, "grad.weight": weight, "grad.bias": bias}, dy)


def attention_case():
    """Rows of the sequence without keys are NaN in PyTorch, where ours are zero: it is left out."""
    case = Case("layers/attention-dot", scale=0.7)
    valid = ragged(case)
    queries, keys, values = case.normal("queries", 3, N, 6), case.normal("keys", T, N, 6), case.normal("values", T, N, 4)
    dy = case.normal("dContext", 3, N, 4).detach()
    some = [n for n in range(N) if LENGTHS[n]]
    by_sequence = [a[:, some].transpose(0, 1) for a in (queries, keys, values)]
    context = F.scaled_dot_product_attention(*by_sequence, attn_mask=valid.T[some].unsqueeze(1), scale=0.7).transpose(0, 1)
    y = torch.zeros(3, N, 4, dtype=torch.float64).index_copy(1, torch.tensor(some), context)
    return finish(case, {"context": y}, {"dQueries": queries, "dKeys": keys, "dValues": values}, dy)


def sequence_cases():
    yield batch_norm_case()
    yield convolution_case("same", 1, 1, 1)
    yield convolution_case("same-stride", 2, 1, 1)
    yield convolution_case("causal", 1, 2, 0)
    yield convolution_case("valid-stride", 2, 0, 0)
    yield attention_case()
