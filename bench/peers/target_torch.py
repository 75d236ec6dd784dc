"""PyTorch's side of targets.py: what each row is there, its results, and its ways to run it."""

import math
import signal

import pytorch as peer
import target_cells
import target_noise as noise
import target_rows
import torch

COMPILE_SECONDS = 60  # for one cell's step; beyond, the way counts as not available


class Unavailable(Exception):
    """A way that PyTorch, or this machine, does not have, and why."""


class Work:
    """One row: a module with its inputs, which `fill` makes anew in place."""

    def __init__(self, row):
        self.row = row
        self.device = torch.device(peer.PEER)

    def params(self):
        """The weights by Gatun's names."""
        return dict(self.module.named_parameters())

    def fill(self, seed):
        bound = 1 / math.sqrt(self.row["hidden"])
        for name, value in self.params().items():
            noise.fill(torch, value, seed, name, bound)
        self.fill_inputs(seed)

    def close(self):
        self.__dict__.clear()
        if peer.PEER == "cuda":
            torch.cuda.empty_cache()


class Stack(Work):
    """A stack or regularised cell, forward and backward."""

    def __init__(self, row):
        super().__init__(row)
        t, n, c, h = (row[name] for name in ("time", "batch", "input", "hidden"))
        if row["kind"] == "cell":
            module = target_cells.CELLS[row["variety"]](c, h, target_rows.RATE)
        elif row["cell"] == "relu":
            module = torch.nn.RNN(c, h, row["layers"], nonlinearity="relu")
        else:
            module = peer.stack(row["cell"], row["layers"], c, h, 0)
        self.module = module.to(self.device)
        self.x = torch.zeros(t, n, c, device=self.device, requires_grad=True)
        self.dy = torch.zeros(t, n, h, device=self.device)

    def fill_inputs(self, seed):
        noise.fill(torch, self.x, seed, "x", 1)
        noise.fill(torch, self.dy, seed, "dy", 1)

    def output(self):
        y = self.module(self.x)
        return y[0] if isinstance(y, tuple) else y

    def run(self):
        self.module.zero_grad()
        self.x.grad = None
        self.output().backward(self.dy)

    def results(self):
        if self.row["kind"] == "cell" and not self.row["trains"]:
            self.module.eval()
            with torch.no_grad():
                y = self.output()
            self.module.train()
            return {"y": y}
        self.module.zero_grad()
        self.x.grad = None
        y = self.output()
        y.backward(self.dy)
        grads = {"grad." + name: value.grad for name, value in self.params().items()}
        return {"y": y, "dx": self.x.grad, **grads}


class Step(Work):
    """A language model's whole training step."""

    def __init__(self, row, graph=False):
        super().__init__(row)
        sizes = [row[name] for name in ("cell", "vocabulary", "embedding", "hidden", "layers")]
        self.module = peer.Model(*sizes).to(self.device)
        self.tokens = torch.zeros(row["time"] + 1, row["batch"], dtype=torch.int64, device=self.device)
        self.last = None
        self.train = peer.step_work(self.module, self.tokens, graph)

    def fill_inputs(self, seed):
        # Gatun has one text and cuts it into the batch's sequences: each goes on where the one
        # before ends, and shares that token with it.
        t, n, v = (self.row[name] for name in ("time", "batch", "vocabulary"))
        text = noise.whole(torch, seed, "tokens", t * n + 1, v, self.device)
        starts = torch.arange(n, device=self.device) * t
        self.tokens.copy_(text[starts + torch.arange(t + 1, device=self.device).unsqueeze(1)])

    def run(self):
        self.last = self.train()

    def results(self):
        """The losses of the first three steps; Gatun gives them as they are."""
        losses = []
        for _ in range(3):
            losses.append(float(self.train()))
        return {"loss": losses}


class Stream(Work):
    """One step of a stack that keeps its state, from an array of the host to one."""

    def __init__(self, row):
        super().__init__(row)
        n, c, h = row["batch"], row["input"], row["hidden"]
        self.module = peer.stack(row["cell"], 1, c, h, 0).to(self.device)
        pinned = peer.PEER == "cuda"
        self.x = torch.zeros(1, n, c, pin_memory=pinned)
        self.y = torch.zeros(1, n, h, pin_memory=pinned)
        self.there = torch.zeros(1, n, c, device=self.device)
        self.out = torch.zeros(1, n, h, device=self.device)
        count = 2 if row["cell"] == "lstm" else 1
        self.state = [torch.zeros(1, n, h, device=self.device) for _ in range(count)]

    def params(self):
        return {"rnn." + name: value for name, value in self.module.named_parameters()}

    def fill_inputs(self, seed):
        noise.fill(torch, self.x, seed, "x", 1)
        for each in self.state:
            each.zero_()

    def on_device(self):
        state = tuple(self.state) if len(self.state) == 2 else self.state[0]
        with torch.no_grad():
            y, last = self.module(self.there, state)
        for kept, new in zip(self.state, last if len(self.state) == 2 else [last]):
            kept.copy_(new)
        self.out.copy_(y)

    def run(self, compute=None):
        self.there.copy_(self.x, non_blocking=True)
        (compute or self.on_device)()
        self.y.copy_(self.out)  # waits for the device

    def results(self):
        for _ in range(4):
            self.run()
        return {"y": self.y}


def work_of(row):
    if row["kind"] == "step":
        return Step(row)
    return Stream(row) if row["kind"] == "stream" else Stack(row)


def expected(work):
    """What Gatun's sums are to be: of each result the sums and the norm."""
    return {
        name: [([each], abs(each)) for each in value] if name == "loss" else [noise.sums(torch, value)]
        for name, value in work.results().items()
    }


def errors(row, wanted, answer):
    """The worst error of any result that Gatun has summed, as a share of its norm.

    Gradients through a ReLU are apart: where rounding moves a sum across the kink, one engine passes
    a gradient on and the other none.
    """
    found = {"error": 0.0}
    for name, parts in wanted.items():
        if name not in answer:
            raise ValueError(f"Gatun has no {name}; it has {', '.join(answer)}")
        given = [[each] for each in answer[name]] if name == "loss" else [answer[name]]
        kind = "kinked_error" if row["cell"] == "relu" and name != "y" else "error"
        worst = max(noise.error(ours, *theirs) for ours, theirs in zip(given, parts))
        found[kind] = max(found.get(kind, 0.0), worst)
    return found


def ways(row):
    """How PyTorch can run a row; the names are those of the tables."""
    if row["kind"] == "cell":
        return ["eager", "graph", "script", "compile", "compile+graph"]
    return ["eager", "graph"] if row["kind"] in ("step", "stream") else ["eager"]


def prepared(row, work, way, seconds_left):
    """What runs a row that way, and the work whose inputs it reads."""
    if "graph" in way and peer.PEER != "cuda":
        raise Unavailable("CUDA graphs need a GPU")
    if way == "eager":
        return work.run, work
    if way == "graph":
        if row["kind"] == "step":
            return recorded(Step(row, graph=True))
        if row["kind"] == "stream":
            own = Stream(row)
            replay = peer.captured(own.on_device)
            return (lambda: own.run(replay)), own
        return recorded(Stack(row))
    own = Stack(row)
    if way == "script":
        own.module = torch.jit.script(own.module)
        own.run()
        return own.run, own
    compile_step(own, seconds_left)
    return recorded(own) if way == "compile+graph" else (own.run, own)


def recorded(own):
    own.fill(1)
    return peer.captured(own.run), own


def compile_step(own, seconds_left):
    """The cell's step compiled: all steps at once would be unrolled, which takes minutes."""
    limit = min(COMPILE_SECONDS, int(seconds_left))
    if limit < 20:
        raise Unavailable("no time was left to compile")

    def late(*_):
        raise Unavailable(f"not compiled after {limit} s")

    torch._dynamo.reset()
    own.module.step = torch.compile(own.module.step, dynamic=False)
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(limit)
    try:
        own.fill(1)
        own.run()
        peer.finish()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def peaks(small):
    """Of this device: float32 products without TF32, TFLOP/s; copying, GB/s, read and written."""
    n = 256 if small else 8192
    a, b = (torch.rand(n, n, device=peer.PEER) for _ in range(2))
    out = torch.empty_like(a)
    product = best_seconds(lambda: torch.mm(a, b, out=out))
    size = 1 << 20 if small else 1 << 29
    source, target = (torch.empty(size, device=peer.PEER).fill_(1) for _ in range(2))
    copy = best_seconds(lambda: target.copy_(source))
    return {
        "tflops": 2.0 * n**3 / product * 1e-12,
        "gigabytes_per_s": 2.0 * 4 * size / copy * 1e-9,
        "how": f"torch.mm of {n} x {n} in float32 without TF32; copy of {4 * size >> 20} MiB; the best of their runs",
    }


def best_seconds(work):
    return min(peer.times_ms(work, 1.0)) * 1e-3


def facts():
    facts = {"pytorch": torch.__version__, "pytorch_cudnn": torch.backends.cudnn.version()}
    if peer.PEER == "cuda":
        facts |= {"pytorch_device": torch.cuda.get_device_name(), "pytorch_cuda": torch.version.cuda}
    return facts
