#!/usr/bin/env python3
"""Gatun against PyTorch on one machine: recurrent stacks, and whole training steps.

    pip install torch numpy safetensors
    env -u OPENBLAS_CORETYPE python bench/peers/pytorch.py [--rounds 3] [--filter REGEX] [--threads 1 2]
    python bench/peers/pytorch.py --device cuda --threads 1

For each case both engines first compute the same thing from the same weights and inputs, and the
results have to agree. Then they are timed in turn, round by round; the table shows medians over the
rounds and PyTorch's time divided by Gatun's. Environment variables that choose kernels or threads
(OPENBLAS_*, MKL_*, OMP_*) are removed for both. On a GPU neither uses TF32, the shapes are those that
GPUs are compared by, and a whole step of PyTorch's is timed twice: as it is, and as a CUDA graph.
GATUN names another launcher than the checkout's.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

for name in list(os.environ):
    if name.startswith(("OPENBLAS_", "MKL_", "OMP_")):
        del os.environ[name]

import torch  # noqa: E402: it reads the environment when it is loaded
from safetensors.torch import load_file, save_file  # noqa: E402

warnings.filterwarnings("ignore", message=".*not supported with oneDNN.*")
GATUN = os.environ.get("GATUN") or str(pathlib.Path(__file__).resolve().parents[2] / "gatun")
DEVICE = "cpu"  # Gatun's
PEER = "cpu"  # PyTorch's: the same, but in a rehearsal

# cell, layers, N, T, C, H, P
STACKS = [
    ("lstm", 1, 64, 50, 512, 512, 0),
    ("lstm", 1, 128, 25, 1024, 1024, 0),
    ("lstm", 1, 16, 25, 512, 512, 0),
    ("lstm", 1, 20, 35, 200, 200, 0),
    ("lstm", 2, 32, 128, 128, 128, 0),
    ("lstm", 1, 1, 100, 128, 128, 0),
    ("gru", 1, 64, 50, 512, 512, 0),
    ("gru", 2, 32, 128, 128, 128, 0),
    ("gru", 1, 1, 100, 128, 128, 0),
    ("tanh", 1, 64, 50, 512, 512, 0),
    ("lstm", 1, 64, 50, 256, 256, 128),
]

# cell, V, E, H, L, N, T
LSTM_STEPS = [
    ("lstm", 96, 64, 128, 2, 32, 64),
    ("lstm", 96, 128, 512, 2, 64, 64),
    ("lstm", 10000, 200, 200, 2, 20, 35),
]
SMALLEST_GRU_STEP = ("gru", 96, 64, 128, 2, 32, 64)
STEPS = LSTM_STEPS + [
    SMALLEST_GRU_STEP,
    ("gru", 96, 128, 512, 2, 64, 64),
    ("gru", 10000, 200, 200, 2, 20, 35),
]

# DeepBench's training shapes that a step's time is bound by latency in, and some where it is not.
GPU_STACKS = [
    ("lstm", 1, 16, 25, 512, 512, 0),
    ("lstm", 1, 32, 25, 512, 512, 0),
    ("lstm", 1, 128, 25, 512, 512, 0),
    ("lstm", 1, 64, 25, 1024, 1024, 0),
    ("lstm", 1, 32, 25, 2048, 2048, 0),
    ("lstm", 1, 8, 50, 1536, 1536, 0),
    ("lstm", 1, 16, 150, 256, 256, 0),
    ("lstm", 1, 64, 150, 256, 256, 0),
    ("lstm", 2, 32, 128, 128, 128, 0),
    ("gru", 2, 32, 128, 128, 128, 0),
    ("gru", 1, 32, 1500, 1024, 1024, 0),
    ("gru", 1, 32, 187, 2560, 2560, 0),
    ("tanh", 1, 64, 50, 1760, 1760, 0),
    ("lstm", 1, 64, 50, 256, 256, 128),
]
GPU_STEPS = LSTM_STEPS + [
    ("lstm", 10000, 650, 650, 2, 20, 35),
    ("lstm", 10000, 1500, 1500, 2, 20, 35),
    SMALLEST_GRU_STEP,
]
SMALL_STACKS = [("lstm", 1, 2, 3, 4, 8, 0), ("gru", 1, 2, 3, 4, 8, 0)]
SMALL_STEPS = [("lstm", 11, 4, 8, 1, 2, 3)]


def finish():
    if PEER == "cuda":
        torch.cuda.synchronize()


def gatun(*arguments):
    done = subprocess.run([GATUN, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"gatun {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def times_ms(work, seconds):
    """At least five runs, one after another; a device has finished each."""
    for _ in range(3):
        work()
    finish()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        finish()
        times.append(time.perf_counter() - start)
    return [1e3 * each for each in times]


def median_ms(work, seconds):
    return statistics.median(times_ms(work, seconds))


def stack(cell, layers, c, h, p):
    torch.manual_seed(1)
    if cell == "tanh":
        return torch.nn.RNN(c, h, layers)
    return torch.nn.GRU(c, h, layers) if cell == "gru" else torch.nn.LSTM(c, h, layers, proj_size=p)


def check(case, threads):
    """Both compute one forward and backward; returns the worst error of any array's norm."""
    cell, layers, n, t, c, h, p = case
    module = stack(cell, layers, c, h, p).to(PEER)
    x = torch.randn(t, n, c, device=PEER, requires_grad=True)
    y, _ = module(x)
    dy = torch.randn_like(y)
    y.backward(dy)
    expected = {"y": y.detach(), "dx": x.grad}
    expected |= {"grad." + name: value.grad for name, value in module.named_parameters()}
    with tempfile.TemporaryDirectory() as folder:
        weights, inputs, output = (f"{folder}/{f}.safetensors" for f in ("w", "x", "y"))
        save_file({name: value.detach().cpu() for name, value in module.named_parameters()}, weights)
        save_file({"x": x.detach().cpu(), "dy": dy.cpu()}, inputs)
        files = ("--weights", weights, "--inputs", inputs, "--output", output)
        gatun("rnn", "--cell", cell, *files, "--threads", threads, "--backend", DEVICE)
        actual = load_file(output)
    worst = max(
        float((actual[name] - value.cpu()).norm() / value.norm().cpu()) for name, value in expected.items()
    )
    if not worst < 1e-4:
        sys.exit(f"{case}: the results differ by {worst:.2g}")
    return worst


def torch_stack(case, train):
    cell, layers, n, t, c, h, p = case
    module = stack(cell, layers, c, h, p).to(PEER)
    x = torch.randn(t, n, c, device=PEER, requires_grad=train)
    dy = torch.randn(t, n, p or h, device=PEER)

    def infer():
        with torch.inference_mode():
            module(x)

    def both():
        module.zero_grad()
        x.grad = None
        module(x)[0].backward(dy)

    return both if train else infer


def gatun_stack(case, train, threads, seconds):
    cell, layers, n, t, c, h, p = case
    projection = ("--projection", p) if p else ()
    return json.loads(
        gatun(
            *("bench", "rnn", "--cell", cell, "--layers", layers, "--time", t, "--batch", n),
            *("--input", c, "--hidden", h, *projection, "--mode", "train" if train else "infer"),
            *("--threads", threads, "--seconds", seconds, "--device", DEVICE, "--json"),
        )
    )


class Model(torch.nn.Module):
    def __init__(self, cell, v, e, h, layers):
        super().__init__()
        self.embedding = torch.nn.Embedding(v, e)
        self.rnn = stack(cell, layers, e, h, 0)
        self.linear = torch.nn.Linear(h, v)

    def forward(self, tokens):
        return self.linear(self.rnn(self.embedding(tokens))[0])


def step_work(model, tokens, graph=False):
    """A training step on tokens [T + 1, N], which gives its loss, left on the device."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True, capturable=graph)
    criterion = torch.nn.CrossEntropyLoss()

    def work():
        optimizer.zero_grad()
        logits = model(tokens[:-1])
        loss = criterion(logits.view(-1, logits.shape[-1]), tokens[1:].reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        return loss.detach()

    return work


def torch_step(case, graph=False):
    cell, v, e, h, layers, n, t = case
    model = Model(cell, v, e, h, layers).to(PEER)
    work = step_work(model, torch.randint(0, v, (t + 1, n), device=PEER), graph)
    return captured(work) if graph else work


def captured(work):
    """What replays a run as a CUDA graph, after some on a stream of their own."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def gatun_step(case, threads, seconds):
    cell, v, e, h, layers, n, t = case
    return json.loads(
        gatun(
            *("bench", "step", "--cell", cell, "--vocabulary", v, "--embedding", e, "--hidden", h),
            *("--layers", layers, "--batch", n, "--time", t, "--threads", threads),
            *("--seconds", seconds, "--device", DEVICE, "--json"),
        )
    )


def compare(label, ours, theirs, arguments, threads, error):
    rounds = []
    for _ in range(arguments.rounds):
        torch.set_num_threads(threads)
        peer = median_ms(theirs, arguments.seconds)
        torch.set_num_threads(1)
        rounds.append((ours(), peer))
    our_ms = statistics.median(figures["median_ms"] for figures, _ in rounds)
    peer_ms = statistics.median(peer for _, peer in rounds)
    percent = statistics.median(figures.get("percent_of_roof") or 0 for figures, _ in rounds)
    core = rounds[0][0]["openblas_core"] or ""
    print(
        f"| {label} | {threads} | {our_ms:.2f} | {peer_ms:.2f} | {peer_ms / our_ms:.2f} "
        f"| {percent:.0f} | {core} | {error} |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--filter", default="")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--small", action="store_true", help="a rehearsal on tiny shapes, PyTorch on the CPU")
    arguments = parser.parse_args()
    print(f"PyTorch {torch.__version__}, {begin(arguments)}")
    print("| case | threads | Gatun ms | PyTorch ms | ratio | % of roof | OpenBLAS | error |")
    print("|---|---|---|---|---|---|---|---|")
    stacks, steps = (GPU_STACKS, GPU_STEPS) if arguments.device == "cuda" else (STACKS, STEPS)
    if arguments.small:
        stacks, steps = SMALL_STACKS, SMALL_STEPS
    for threads in arguments.threads:
        for case in stacks:
            compare_stack(case, threads, arguments)
        for case in steps:
            compare_step(case, threads, arguments)


def begin(arguments):
    """Chooses the device; returns what it is."""
    global DEVICE, PEER
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    DEVICE = arguments.device
    PEER = "cpu" if arguments.small else DEVICE
    if PEER == "cuda":
        return f"{torch.cuda.get_device_name()}, cuDNN {torch.backends.cudnn.version()}"
    return torch.backends.cpu.get_cpu_capability()


def compare_stack(case, threads, arguments):
    cell, layers, n, t, c, h, p = case
    name = f"{cell} L{layers} N{n} T{t} C{c} H{h}" + (f" P{p}" if p else "")
    for train in (False, True):
        label = f"{name} {'train' if train else 'infer'}"
        if re.search(arguments.filter, label):
            error = f"{check(case, threads):.0e}"
            ours = lambda: gatun_stack(case, train, threads, arguments.seconds)  # noqa: B023, E731
            theirs = torch_stack(case, train)
            compare(label, ours, theirs, arguments, threads, error)


def compare_step(case, threads, arguments):
    cell, v, e, h, layers, n, t = case
    label = f"step {cell} V{v} E{e} H{h} L{layers} N{n} T{t}"
    if not re.search(arguments.filter, label):
        return
    ours = lambda: gatun_step(case, threads, arguments.seconds)  # noqa: E731
    compare(label, ours, torch_step(case), arguments, threads, "")
    if PEER == "cuda":
        try:
            graph = torch_step(case, graph=True)
        except RuntimeError as e:
            print(f"| {label} | | | no CUDA graph: {str(e).splitlines()[0]} | | | | |", flush=True)
            return
        compare(label + ", PyTorch's as a CUDA graph", ours, graph, arguments, threads, "")


if __name__ == "__main__":
    main()
