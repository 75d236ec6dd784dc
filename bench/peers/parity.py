#!/usr/bin/env python3
"""What PyTorch computes for cases that Gatun's tests have written, on a GPU or a CPU.

    pip install torch safetensors
    python bench/peers/parity.py --device cuda FOLDER...

Each folder holds weights.safetensors and inputs.safetensors as `gatun rnn` takes them, and case.json
with cell, hidden, projection, layers, bidirectional and bias. Outputs and all gradients are written
there to torch.safetensors, by the names that `gatun rnn` gives them. No TF32.
"""

import argparse
import json
import pathlib

import torch
from safetensors.torch import load_file, save_file
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False


def module(case, inputs):
    kinds = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "tanh": torch.nn.RNN, "relu": torch.nn.RNN}
    more = {"nonlinearity": case["cell"]} if case["cell"] in ("tanh", "relu") else {}
    if case["projection"]:
        more["proj_size"] = case["projection"]
    return kinds[case["cell"]](
        inputs["x"].shape[2],
        case["hidden"],
        case["layers"],
        bidirectional=case["bidirectional"],
        bias=case["bias"],
        **more,
    )


def run(folder, device):
    case = json.loads((folder / "case.json").read_text())
    inputs = {name: value.to(device) for name, value in load_file(folder / "inputs.safetensors").items()}
    stack = module(case, inputs).to(device)
    stack.load_state_dict(load_file(folder / "weights.safetensors"))
    lstm = case["cell"] == "lstm"
    x = inputs["x"].requires_grad_()
    state = [inputs["h0"].requires_grad_()] + ([inputs["c0"].requires_grad_()] if lstm else [])
    given = x
    if "lengths" in inputs:
        given = pack_padded_sequence(x, inputs["lengths"].cpu(), enforce_sorted=False)
    y, last = stack(given, tuple(state) if lstm else state[0])
    if "lengths" in inputs:
        y, _ = pad_packed_sequence(y, total_length=x.shape[0])
    last = list(last) if lstm else [last]
    seeds = [inputs["dy"], inputs["dhn"]] + ([inputs["dcn"]] if lstm else [])
    torch.autograd.backward([y, *last], seeds)
    out = {"y": y, "hn": last[0], "dx": x.grad, "dh0": state[0].grad}
    if lstm:
        out |= {"cn": last[1], "dc0": state[1].grad}
    out |= {"grad." + name: value.grad for name, value in stack.named_parameters()}
    save_file(
        {name: value.detach().cpu().contiguous() for name, value in out.items()},
        folder / "torch.safetensors",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    for folder in arguments.folders:
        run(folder, arguments.device)
    name = torch.cuda.get_device_name() if arguments.device == "cuda" else "CPU"
    print(f"PyTorch {torch.__version__} on {name}, cuDNN {torch.backends.cudnn.version()}")


if __name__ == "__main__":
    main()
