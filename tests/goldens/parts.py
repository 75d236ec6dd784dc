"""The parts around a recurrent stack: layers, losses, optimizers."""
import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_

from case import Case


def finish(case, outputs, leaves, seed=None):
    """Stores outputs and the gradients of leaves (named by their expected keys)."""
    first = next(iter(outputs.values()))
    grads = torch.autograd.grad(first, list(leaves.values()), seed)
    for key, value in (outputs | dict(zip(leaves, grads))).items():
        case.expect(key, value)
    return case


def layer_cases():
    case = Case("layers/embedding")
    weight = case.normal("weight", 11, 6)
    tokens = case.integers("tokens", case.random.randint(0, 9, (7, 5)))  # 35 draws of 9: repeats; rows 9, 10 untouched
    dy = case.normal("dy", 7, 5, 6).detach()
    yield finish(case, {"y": F.embedding(tokens, weight)}, {"grad.weight": weight}, dy)
    case = Case("layers/linear")
    x, weight, bias = case.normal("x", 7, 5, 6), case.normal("weight", 3, 6), case.normal("bias", 3)
    dy = case.normal("dy", 7, 5, 3).detach()
    yield finish(case, {"y": F.linear(x, weight, bias)}, {"dx": x, "grad.weight": weight, "grad.bias": bias}, dy)


def cross_entropy_case(name, scale=1.0, ignored=0, weighted=False, smoothing=0.0):
    case = Case(f"losses/{name}", reduction="mean", ignore_index=-100, **({"smoothing": smoothing} if smoothing else {}))
    logits = case.normal("logits", 7, 5, 11, scale=scale)
    targets = case.random.randint(0, 11, (7, 5))
    targets.flat[case.random.permutation(35)[:ignored]] = -100
    targets = case.integers("targets", targets)
    weight = case.given("class_weights", case.random.uniform(0.2, 2, 11)).detach() if weighted else None
    loss = F.cross_entropy(logits.reshape(35, 11), targets.reshape(35), weight=weight, ignore_index=-100, label_smoothing=smoothing)
    return finish(case, {"loss": loss}, {"dlogits": logits})


def pinball(prediction, target, levels):
    above = target.unsqueeze(-2) - prediction.unflatten(-1, (len(levels), target.shape[-1]))
    level = torch.tensor(levels, dtype=above.dtype).unsqueeze(-1)
    return torch.maximum(level * above, (level - 1) * above).mean()


def gaussian(prediction, target):
    mean, log_variance = prediction.unflatten(-1, (2, target.shape[-1])).unbind(-2)
    return F.gaussian_nll_loss(mean, target, log_variance.exp())


# By name: the numbers of the prediction for each of the target, the loss, what the targets are made with.
ELEMENT_LOSSES = {
    "absolute": (1, F.l1_loss, None),
    "sum-of-squares": (1, lambda p, t: F.mse_loss(p, t, reduction="sum") / len(p), None),
    "huber": (1, lambda p, t: F.huber_loss(p, t, delta=0.4), None),
    "quantile": (3, lambda p, t: pinball(p, t, (0.1, 0.5, 0.9)), None),
    "logistic": (1, lambda p, t: F.binary_cross_entropy_with_logits(p, t), torch.sigmoid),
    "logistic-weighted": (1, lambda p, t: F.binary_cross_entropy_with_logits(p, t, pos_weight=torch.tensor(3.0)), torch.sigmoid),
    "gaussian": (2, gaussian, None),
}


def element_loss_case(name, outputs, loss, squash):
    case = Case(f"losses/{name}", reduction="mean")
    prediction, target = case.normal("prediction", 7, 5, outputs * 3), case.normal("target", 7, 5, 3).detach()
    if squash:
        target = case.given("target", squash(target).numpy()).detach()
    return finish(case, {"loss": loss(prediction.reshape(35, -1), target.reshape(35, -1))}, {"dprediction": prediction})


def ctc_case(name, labels, lengths, classes, reduction, blank=0, scale=1.0):
    case = Case(f"losses/{name}", reduction=reduction, blank=blank, zero_infinity=True)
    logits = case.normal("logits", max(lengths), len(labels), classes, scale=scale)
    targets = case.integers("labels", [label for each in labels for label in each])
    label_lengths = case.integers("label_lengths", [len(each) for each in labels])
    lengths = case.integers("lengths", lengths)
    ctc = lambda how: F.ctc_loss(
        F.log_softmax(logits, -1), targets, lengths, label_lengths, blank=blank, reduction=how, zero_infinity=True
    )
    case.expect("losses", ctc("none"))  # 0 where no alignment is possible
    return finish(case, {"loss": ctc(reduction)}, {"dlogits": logits})


def ctc_cases():
    words = [[1, 2, 3], [4, 4, 1, 1], [5], [2, 3, 2, 3, 2]]
    for reduction in ("mean", "sum"):
        yield ctc_case(f"ctc-{reduction}", words, [12, 9, 12, 7], 6, reduction)
    yield ctc_case("ctc-empty", [[], [1, 1], [], [3]], [5, 8, 8, 1], 4, "mean")
    # of the first, 3 labels and 2 pairs of equals need 5 steps; the second has too many labels
    yield ctc_case("ctc-impossible", [[2, 2, 2], [1, 2, 3, 1, 2], [3, 1], []], [4, 4, 6, 2], 4, "mean")
    yield ctc_case("ctc-last-blank", words, [9, 11, 4, 10], 7, "sum", blank=6)
    yield ctc_case("ctc-large-logits", words, [12, 9, 12, 7], 6, "mean", scale=50.0)
    random = np.random.RandomState(7)
    long = [[int(label) for label in random.randint(1, 29, 17 + 3 * i)] for i in range(4)]
    yield ctc_case("ctc-long", long, [120, 101, 87, 64], 29, "mean", scale=2.0)


def loss_cases():
    yield from ctc_cases()
    yield cross_entropy_case("cross-entropy")
    yield cross_entropy_case("cross-entropy-ignored", ignored=13)
    yield cross_entropy_case("cross-entropy-weighted", ignored=8, weighted=True)
    yield cross_entropy_case("cross-entropy-smoothed", ignored=5, smoothing=0.1)
    yield cross_entropy_case("cross-entropy-weighted-smoothed", ignored=8, weighted=True, smoothing=0.3)
    yield cross_entropy_case("cross-entropy-large-logits", scale=300.0)  # exp overflows without the maximum taken off
    for name, valid_share in (("mean-squared-error", 1.0), ("mean-squared-error-masked", 0.6)):
        case = Case(f"losses/{name}", reduction="mean over elements of valid positions")
        prediction, target = case.normal("prediction", 7, 5, 3), case.normal("target", 7, 5, 3).detach()
        case.arrays["mask"] = (case.random.uniform(size=(7, 5)) < valid_share).astype(np.int64)
        mask = torch.tensor(case.arrays["mask"]) == 1
        yield finish(case, {"loss": F.mse_loss(prediction[mask], target[mask])}, {"dprediction": prediction})
    for name, options in ELEMENT_LOSSES.items():
        yield element_loss_case(name, *options)


def optimizer_case(name, optimizer, max_norm=None, steps=10, **options):
    case = Case(f"optimizers/{name}", optimizer=optimizer, max_norm=max_norm, **options)
    parameters = {key: case.normal(f"initial.{key}", *shape) for key, shape in (("a", (5, 3)), ("b", (7,)))}
    grads = {key: case.normal(f"grad.{key}", steps, *value.shape).detach().clone() for key, value in parameters.items()}
    for key in grads:
        grads[key][::3] *= 0.125  # every third step stays below max_norm, so that clipping is off there
        case.arrays[f"grad.{key}"] = grads[key].numpy().astype(np.float32)
    torch.set_default_dtype(torch.float64)  # NAdam keeps its product of momenta in the default type
    stepper = getattr(torch.optim, optimizer)(parameters.values(), **options)
    history = {}
    for step in range(steps):
        for key, value in parameters.items():
            value.grad = grads[key][step].clone()
        norm = clip_grad_norm_(parameters.values(), max_norm or float("inf"))  # p.grad *= min(1, max/(norm + 1e-6))
        history.setdefault("norm", []).append(norm)
        stepper.step()
        for key, value in parameters.items():
            history.setdefault(f"parameter.{key}", []).append(value.detach().clone())
            for moment, state in stepper.state[value].items():
                if moment not in ("step", "mu_product") and state is not None:
                    history.setdefault(f"{moment}.{key}", []).append(state.clone())
    torch.set_default_dtype(torch.float32)
    for key, values in history.items():
        case.expect(key, torch.stack(values))
    return case


def optimizer_cases():
    adam = dict(lr=0.01, betas=(0.9, 0.999), eps=1e-8)
    yield optimizer_case("sgd", "SGD", lr=0.1, momentum=0.9)
    yield optimizer_case("sgd-clip", "SGD", max_norm=1.5, lr=0.1, momentum=0.9)
    yield optimizer_case("sgd-weight-decay", "SGD", lr=0.1, momentum=0.9, weight_decay=0.05)
    yield optimizer_case("sgd-nesterov", "SGD", lr=0.1, momentum=0.9, nesterov=True)
    yield optimizer_case("adam", "Adam", **adam)
    yield optimizer_case("adam-clip", "Adam", max_norm=1.5, **adam)
    yield optimizer_case("adam-weight-decay", "Adam", weight_decay=0.05, **adam)
    yield optimizer_case("adamw", "AdamW", weight_decay=0.05, **adam)
    yield optimizer_case("adam-amsgrad", "Adam", amsgrad=True, **adam)
    yield optimizer_case("nadam", "NAdam", weight_decay=0.05, momentum_decay=0.004, **adam)
    yield optimizer_case("adagrad", "Adagrad", lr=0.1, lr_decay=0.1, eps=1e-10, weight_decay=0.05)
    yield optimizer_case("adadelta", "Adadelta", lr=1.0, rho=0.95, eps=1e-6)
    rms = dict(lr=0.01, alpha=0.9, eps=1e-8)
    yield optimizer_case("rmsprop", "RMSprop", max_norm=1.5, **rms)
    yield optimizer_case("rmsprop-centered-momentum", "RMSprop", centered=True, momentum=0.5, weight_decay=0.05, **rms)
