"""An encoder, a decoder and attention (Luong et al. 2015, equations 4 to 8), trained by teacher forcing."""
import torch
import torch.nn.functional as F

from case import Case
from parts import finish
from recurrent import torch_stack, weight_shapes

SOURCE_TOKENS, TOKENS, E = 7, 6, 5  # of the decoder's tokens 0 is the boundary
SOURCES = [[1, 4, 2, 0, 3, 6], [0, 5], [2], [4, 4, 1, 5]]
TARGETS = [[2, 1, 5], [3, 1, 1, 2], [4], []]
SCALE = 2  # of PyTorch's own initial weights, with which attention hardly tells steps apart
N, S, T = len(SOURCES), max(map(len, SOURCES)), max(map(len, TARGETS)) + 1


def steps(rows, fill):
    """[T, N] of rows of their own lengths."""
    longest = max(map(len, rows))
    return torch.tensor([row + [fill] * (longest - len(row)) for row in rows]).T


def recurrent(case, weights, part, cell, layers, directions, c, h):
    for key, shape in weight_shapes(cell, layers, directions, c, h, 0, True).items():
        name = f"seq2seq.{part}.{key}"
        weights[name] = case.uniform(name, *shape, bound=SCALE * h**-0.5)


def matrix(case, weights, part, rows, columns, bias=True):
    weights[f"seq2seq.{part}.weight"] = case.uniform(f"seq2seq.{part}.weight", rows, columns, bound=SCALE * columns**-0.5)
    if bias:
        weights[f"seq2seq.{part}.bias"] = case.uniform(f"seq2seq.{part}.bias", rows, bound=SCALE * columns**-0.5)


def given_weights(case, cell, layers, directions, read, said, attention):
    weights, wide = {}, directions * read
    for part, tokens in (("encoder_embedding", SOURCE_TOKENS), ("embedding", TOKENS)):
        name = f"seq2seq.{part}.weight"
        weights[name] = case.normal(name, tokens, E)
    recurrent(case, weights, "encoder", cell, layers, directions, E, read)
    recurrent(case, weights, "decoder", cell, layers, 1, E, said)
    if directions == 2:
        for layer in range(layers):
            for state in ("h", "c") if cell == "lstm" else ("h",):
                matrix(case, weights, f"bridge_{state}_l{layer}", said, wide)
    if attention == "general":
        matrix(case, weights, "query", wide, said, bias=False)
    if attention == "additive":
        matrix(case, weights, "query", said, said)
        matrix(case, weights, "key", said, wide, bias=False)
        matrix(case, weights, "score", 1, said, bias=False)
    matrix(case, weights, "combine", said, said + wide, bias=False)
    matrix(case, weights, "output", TOKENS, said)
    return weights


def scores(weights, attention, said, read):
    """[T, S, N] of the decoder's outputs [T, N, .] and the encoder's [S, N, .]."""
    if attention == "dot":
        return torch.einsum("tnh,snh->tsn", said, read)
    query = F.linear(said, weights["seq2seq.query.weight"], weights.get("seq2seq.query.bias"))
    if attention == "general":
        return torch.einsum("tnh,snh->tsn", query, read)
    key = F.linear(read, weights["seq2seq.key.weight"])
    return (torch.tanh(query[:, None] + key[None]) @ weights["seq2seq.score.weight"][0])


def case_of(name, cell, layers, directions, read, said, attention):
    case = Case(f"seq2seq/{name}", cell=cell, layers=layers, bidirectional=directions == 2, read=read, said=said, attention=attention)
    weights = given_weights(case, cell, layers, directions, read, said, attention)
    sources = case.integers("sources", steps(SOURCES, -1))
    lengths = case.integers("lengths", [len(row) for row in SOURCES])
    shown = steps([[0] + row for row in TARGETS], 0)
    targets = case.integers("targets", steps([row + [0] for row in TARGETS], -100))

    def stack(part):
        prefix = f"seq2seq.{part}."
        return {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}

    x = F.embedding(sources.clamp(min=0), weights["seq2seq.encoder_embedding.weight"])
    zeros = torch.zeros(layers * directions, N, read, dtype=torch.float64)
    y, *states = torch_stack(cell, stack("encoder"), layers, directions, x, zeros, zeros, lengths)
    if directions == 2:
        bridged = []
        for state, value in zip("hc", states):
            both = None if value is None else value.reshape(layers, 2, N, read).transpose(1, 2).reshape(layers, N, 2 * read)
            part = f"seq2seq.bridge_{state}_l"
            bridged.append(None if value is None else torch.stack([F.linear(both[l], weights[f"{part}{l}.weight"], weights[f"{part}{l}.bias"]) for l in range(layers)]))
        states = bridged
    d, *_ = torch_stack(cell, stack("decoder"), layers, 1, F.embedding(shown, weights["seq2seq.embedding.weight"]), *states, None)
    padding = torch.arange(S)[:, None] >= lengths
    looked = torch.softmax(scores(weights, attention, d, y).masked_fill(padding, -torch.inf), dim=1)
    context = torch.einsum("tsn,snh->tnh", looked, y)
    combined = torch.tanh(F.linear(torch.cat([d, context], dim=-1), weights["seq2seq.combine.weight"]))
    logits = F.linear(combined, weights["seq2seq.output.weight"], weights["seq2seq.output.bias"])
    loss = F.cross_entropy(logits.reshape(T * N, TOKENS), targets.reshape(T * N))
    valid = (targets >= 0)[..., None]
    outputs = {"loss": loss, "logits": logits * valid, "attention": (looked * valid[:, None, :, 0]).transpose(1, 2)}
    return finish(case, outputs, {f"grad.{key}": value for key, value in weights.items()})


def translation_cases():
    yield case_of("gru-general", "gru", 1, 2, 3, 4, "general")
    yield case_of("lstm-additive", "lstm", 2, 2, 3, 4, "additive")
    yield case_of("lstm-dot", "lstm", 1, 1, 4, 4, "dot")
