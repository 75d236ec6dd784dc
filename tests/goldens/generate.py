#!/usr/bin/env python3
"""Writes the golden files that the JUnit tests compare with; README.md beside it lists the keys.

    python3 -m venv venv
    venv/bin/pip install torch==2.13.0 numpy==2.4.6 onnx==1.23.1 onnxruntime==1.30.0
    venv/bin/python generate.py            # rewrites ../src/test/resources/golden
    venv/bin/python generate.py --check    # regenerates in memory and compares with the committed files

Inputs and weights are float32 values, so that a float32 and a float64 engine start from the same
numbers; every expected value is computed and stored in float64. Random numbers come from
numpy.random.RandomState, whose stream is frozen. Expected values may differ in their last bits on
another CPU (its matrix products sum in another order): --check therefore compares to 1e-12 of each
array's norm, while SHA256SUMS pins the committed bytes.
"""
import argparse
import hashlib
import json
import pathlib
import struct
import sys

import numpy as np
import torch

from case import TORCH
from decay import decay_cases
from embeddings import embedding_cases
from parts import layer_cases, loss_cases, optimizer_cases
from recurrent import rnn_cases
from sequences import sequence_cases
from stacks import stack_cases
from training import training_cases
from translation import translation_cases

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "src/test/resources/golden"


def write(cases):
    sums = []
    for case in cases:
        path = GOLDEN / f"{case.name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = case.to_bytes()
        path.write_bytes(data)
        sums.append(f"{hashlib.sha256(data).hexdigest()}  {case.name}.safetensors\n")
    (GOLDEN / "SHA256SUMS").write_text("".join(sorted(sums, key=lambda line: line[66:])))


def check(cases):
    lines = (GOLDEN / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    for case in cases:
        name = f"{case.name}.safetensors"
        data = (GOLDEN / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != sums.pop(name, None):
            sys.exit(f"{name}: bytes differ from SHA256SUMS")
        length = struct.unpack("<Q", data[:8])[0]
        header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
        if header.pop("__metadata__") != case.metadata or header.keys() != case.arrays.keys():
            sys.exit(f"{name}: metadata or keys differ")
        for key, array in case.arrays.items():
            stored = np.frombuffer(body[slice(*header[key]["data_offsets"])], array.dtype).reshape(header[key]["shape"])
            difference = np.linalg.norm((stored - array).astype(np.float64))
            bound = 1e-12 * np.linalg.norm(array) if array.dtype == np.float64 else 0
            bound = 1e-6 * np.linalg.norm(array) if key.startswith("onnxruntime.") else bound
            if stored.shape != array.shape or not difference <= bound:
                sys.exit(f"{name}: {key} differs by {difference} (norm)")
    if sums:
        sys.exit(f"SHA256SUMS names files that are not generated: {sorted(sums)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing them")
    arguments = parser.parse_args()
    if torch.__version__.split("+")[0] != TORCH:
        sys.exit(f"torch {torch.__version__} is installed; the goldens are those of {TORCH}")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    cases = [case for make in (rnn_cases, stack_cases, layer_cases, embedding_cases, sequence_cases, decay_cases, loss_cases, optimizer_cases, training_cases, translation_cases) for case in make()]
    (check if arguments.check else write)(cases)
    print(f"{len(cases)} cases {'checked' if arguments.check else 'written'}", file=sys.stderr)


if __name__ == "__main__":
    main()
