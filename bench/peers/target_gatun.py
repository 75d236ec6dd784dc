"""Gatun's side of targets.py: processes of `gatun bench lines`, one for each set of variables."""

import json
import os
import select
import subprocess

# What the environment chooses. A build that does not know a variable or value counts as not having
# the variant: see `opened`.
VARIANTS = {
    "default": {},
    "auto": {"GATUN_CUDNN_ALGORITHM": "auto"},
    "measured": {"GATUN_CUDNN_ALGORITHM": "measured"},
    "persistent": {"GATUN_CUDA_CELLS": "persistent"},
}
LONGEST = 120.0  # seconds: what hangs must not cost all others their time
TINY = "rnn --cell lstm --time 2 --batch 2 --input 4 --hidden 8 --mode train --seconds 0.01"


class Failed(Exception):
    """Gatun refused or failed, and what it said."""


class Process:
    """Answers commands of `gatun bench`; begun with the first, and anew after a crash."""

    def __init__(self, program, device, variables, log):
        self.program, self.device, self.variables, self.log = program, device, variables, log
        self.process = None
        self.rest = b""

    def ask(self, command, seconds):
        """The answer to one command, of at most so many seconds, and never more than LONGEST."""
        seconds = min(seconds, LONGEST)
        if self.process is None or self.process.poll() is not None:
            self.begin()
        text = f"{command} --device {self.device}\n"
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
            line = self.line(seconds)
        except BrokenPipeError:
            line = b""
        if not line:
            status = self.process.wait()
            self.process = None
            raise Failed(f"the process ended with status {status}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"].splitlines()[0])
        return answer

    def begin(self):
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OPENBLAS_", "MKL_", "OMP_"))
        }
        self.rest = b""
        self.process = subprocess.Popen(
            [self.program, "bench", "lines"],
            env=environment | self.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )

    def line(self, seconds):
        out = self.process.stdout.fileno()
        while b"\n" not in self.rest:
            if not select.select([out], [], [], max(1.0, seconds))[0]:
                self.close()
                raise Failed(f"no answer after {seconds:.0f} s")
            read = os.read(out, 1 << 16)
            if not read:
                return b""
            self.rest += read
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def opened(make, seconds):
    """A process for each variant that this build has, and why it lacks the others.

    A build that reads a variable refuses nonsense in it. One that takes the nonsense would compute
    by default under another name.
    """
    processes, missing, read = {}, {}, {}
    for name, variables in VARIANTS.items():
        for key in variables:
            if key not in read:
                nonsense = make({key: "nonsense"})
                read[key] = refusal(nonsense, seconds) is not None
                nonsense.close()
        process = make(variables)
        unread = [key for key in variables if not read[key]]
        reason = f"this build does not read {', '.join(unread)}" if unread else None
        if variables and not reason:
            reason = refusal(process, seconds)
        if reason:
            process.close()
            missing[name] = "not available: " + reason
        else:
            processes[name] = process
    return processes, missing


def refusal(process, seconds):
    """What a process says to the smallest work; None if it does it."""
    try:
        process.ask(TINY, seconds)
        return None
    except Failed as e:
        return str(e)


def deepbench(program):
    """DeepBench's training shapes, as Gatun has them."""
    command = [program, "bench", "suite", "deepbench", "--list", "--filter", "training/", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr)
    return json.loads(done.stdout)["shapes"]
