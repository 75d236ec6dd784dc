#!/usr/bin/env python3
"""Measures every speed target of the GPU backend in one run, decides each, and writes the evidence.

    python bench/peers/targets.py --out FOLDER [--limit SECONDS] [--resume FOLDER/targets.json]
    python bench/peers/targets.py --small --out FOLDER      # a rehearsal: tiny, PyTorch on the CPU

For each row both engines compute the same thing from the same random numbers, and the results have
to agree. Then all of Gatun's variants and PyTorch's ways to run it are timed once, and the best of
each side again, in turn, in rounds of fresh inputs; medians over those rounds count. Without PyTorch
only Gatun is timed, and what compares stays open. Rows come in order of importance, the files are
written after each, and --resume takes rows over that are done.

Exit status: 0 all rows were measured and results agreed, reached or not; 1 something failed; 4 rows
are left, for time.
"""

import argparse
import contextlib
import functools
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # beside these sources, which may be an installation's

import target_gatun  # noqa: E402
import target_report  # noqa: E402
import target_rows  # noqa: E402
import target_verdict  # noqa: E402

ROUNDS = 3
LONGEST_GRAPHED_MS = 50.0  # launches are nothing beside what takes longer
LEFT_FOR_REPORT = 5.0
PARTIAL = 4


class Run:
    """What all rows share: engines, time, and what has been found."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.end = time.monotonic() + arguments.limit
        self.out = arguments.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.log = open(arguments.log or self.out / "targets.log", "ab")
        self.program = os.environ.get("GATUN") or str(pathlib.Path(__file__).resolve().parents[2] / "gatun")
        self.seed = int(time.time()) & 0xFFFFFF
        self.results = []
        self.missing = {}
        self.processes = {}
        self.peaks = None
        self.torch, self.no_torch = load_torch(arguments)
        self.facts = facts(self)

    def left(self):
        return self.end - time.monotonic() - LEFT_FOR_REPORT

    def fresh(self):
        self.seed += 1
        return self.seed

    def process(self, variables):
        return target_gatun.Process(self.program, self.arguments.device, variables, self.log)

    def open_variants(self):
        self.processes, self.missing = target_gatun.opened(self.process, self.left())
        for name in target_gatun.VARIANTS:
            say(f"variant {name}: {self.missing.get(name, 'available')}")

    def close(self):
        for process in self.processes.values():
            process.close()
        self.log.close()

    def write(self, rows):
        target_report.write(self.out, self.facts, self.peaks, rows, self.results, self.missing)


def say(text):
    print(text, flush=True)


def load_torch(arguments):
    """PyTorch's side, or why there is none."""
    if arguments.no_torch:
        return None, "not asked for"
    try:
        import target_torch
    except ImportError as e:
        return None, f"no PyTorch: {e}"
    target_torch.peer.begin(arguments)
    return target_torch, None


def facts(run):
    """Of the machine and the builds."""
    found = {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "device": run.arguments.device}
    image = pathlib.Path(run.program).resolve().parents[1]
    if (image / "COMMIT").is_file():
        found["commit"] = (image / "COMMIT").read_text().strip()
    else:
        found["commit"] = said("git", "-C", str(pathlib.Path(__file__).parent), "describe", "--always", "--dirty")
    found["gpu"] = said("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader")
    with contextlib.suppress(ValueError, KeyError):
        doctor = json.loads(said(run.program, "doctor", "--json"))
        for name in ("cuda_runtime", "cudnn", "cublas", "nvrtc"):
            found["gatun_" + name] = doctor["cuda"][name].get("version")
    found |= run.torch.facts() if run.torch else {"pytorch": run.no_torch}
    if run.arguments.small:
        found["size"] = "small: a rehearsal, which proves nothing of speed"
    found["first_seed"] = run.seed
    return found


def first_line(error):
    return (str(error).strip().splitlines() or [""])[0][:300]


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def blank(row):
    return {"id": row["id"], "kind": row["kind"], "row": row, "ours": {}, "theirs": {}, "state": "partial"}


def measure(run, row, result):
    """One row, into its result, which is whole only at the end: the rest stays as far as it came."""
    work = None
    try:
        if run.torch:
            work = run.torch.work_of(row)
        survey_ours(run, row, result, work)
        ways = survey_theirs(run, row, result, work)
        whole = rounds(run, row, result, ways)
    finally:
        if work:
            work.close()
    known = target_verdict.best(result["ours"])[0]
    result["state"] = ("done" if known else "failed") if whole else "partial"


def survey_ours(run, row, result, work):
    """Each variant once: are its results right, and how fast is it?"""
    seed = run.fresh()
    wanted = None
    if work:
        work.fill(seed)
        wanted = run.torch.expected(work)
    # Regularised cells are no library's; what is measured of ours is one of these two.
    names = ["default", "persistent"] if row["kind"] == "cell" else target_gatun.VARIANTS
    for name in (name for name in names if name in run.processes):
        survey(run, row, result, name, seed, wanted)
    timed = {name: entry for name, entry in result["ours"].items() if "screen" in entry}
    for name in sorted(timed, key=lambda name: timed[name]["screen"])[:2]:
        short = run.arguments.small or timed[name]["screen"] < LONGEST_GRAPHED_MS
        if short:
            survey(run, row, result, name + " graphs", seed, wanted)


def survey(run, row, result, name, seed, wanted):
    entry = result["ours"][name] = {"rounds": []}
    try:
        checked = row.get("checked", row["command"])
        short = run.arguments.seconds / 2
        answer = ask(run, name, checked, short, seed, "--check")
        if wanted:
            entry |= run.torch.errors(row, wanted, answer["check"])
        if checked != row["command"]:
            answer = ask(run, name, row["command"], short, seed)
        entry["screen"] = answer["median_ms"]
        result["flops"], result["bytes"] = answer["flops"], answer["bytes"]
    except target_gatun.Failed as e:
        entry["note"] = str(e)


def ask(run, name, command, seconds, seed, more=""):
    variant, _, graphs = name.partition(" ")
    graphs = "--graphs" if graphs else ""
    command = f"{command} {graphs} --seconds {seconds} --seed {seed} {more}"
    return run.processes[variant].ask(command, run.left())


def survey_theirs(run, row, result, work):
    """Each of PyTorch's ways once; gives what runs those that it has."""
    if not work:
        result["note"] = run.no_torch
        return {}
    ways = {}
    for name in run.torch.ways(row):
        entry = result["theirs"][name] = {"rounds": []}
        try:
            execute, own = run.torch.prepared(row, work, name, run.left() / 4)
            own.fill(run.fresh())
            times = run.torch.peer.times_ms(execute, run.arguments.seconds / 2)
            entry["screen"] = statistics.median(times)
            ways[name] = execute, own
        except Exception as e:  # noqa: BLE001: whatever a compiler or a capture throws is its result
            kind = "" if isinstance(e, run.torch.Unavailable) else type(e).__name__ + ": "
            entry["note"] = f"not available: {kind}{first_line(e)}"
    return ways


def rounds(run, row, result, ways):
    """The best of ours in turn with the best of theirs and what a target names; whether in time."""
    ours = {n: e for n, e in result["ours"].items() if "screen" in e and target_verdict.right(e)}
    chosen = sorted(ours, key=lambda name: ours[name]["screen"])[:1]
    theirs = sorted(ways, key=lambda name: result["theirs"][name]["screen"])[:1]
    named = [what for what, _ in row["targets"]] + ["eager"]
    theirs += [name for name in ways if name in named and name not in theirs]
    for _ in range(run.arguments.rounds):
        if run.left() < 0:
            result["note"] = f"{len(ours[chosen[0]]['rounds']) if chosen else 0} rounds: the time was over"
            return False
        seed = run.fresh()
        for name in chosen:
            try:
                answer = ask(run, name, row["command"], run.arguments.seconds, seed)
                ours[name]["rounds"].append(answer["median_ms"])
                if "p99_us" in answer:
                    ours[name].setdefault("p99_ms", []).append(answer["p99_us"] * 1e-3)
            except target_gatun.Failed as e:
                ours[name]["note"] = str(e)
        for name in theirs:
            execute, own = ways[name]
            own.fill(seed)
            times = sorted(run.torch.peer.times_ms(execute, run.arguments.seconds))
            entry = result["theirs"][name]
            entry["rounds"].append(statistics.median(times))
            if row["kind"] == "stream":
                entry.setdefault("p99_ms", []).append(times[int(0.99 * (len(times) - 1))])
    return True


def resumed(run, rows):
    """Rows of an earlier run on the same device and build."""
    if not run.arguments.resume:
        return
    before = json.loads(run.arguments.resume.read_text())
    for name in ("commit", "gpu", "device", "size"):
        # Of a GPU its name: another machine may have another driver, which the facts of both tell.
        then, now = (str(facts.get(name)).split(",")[0] for facts in (before["facts"], run.facts))
        if then != now:
            sys.exit(f"--resume: its {name} is {then}, here {now}")
    known = {row["id"] for row in rows}
    run.results += [r for r in before["results"] if r["state"] == "done" and r["id"] in known]
    run.peaks, run.missing = before["peaks"], before["not_available"]
    source = f"{before['facts']['date']} on {before['facts']['gpu']}"
    run.facts["resumed"] = f"{len(run.results)} rows of the run of {source}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."), help="a folder for the files")
    parser.add_argument("--limit", type=float, default=540, help="seconds for all; default: 540")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only rows whose name has a match")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=0.2, help="for one measurement")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda")
    parser.add_argument("--resume", type=pathlib.Path, help="an earlier targets.json")
    parser.add_argument("--log", type=pathlib.Path, help="for what Gatun says; default: OUT/targets.log")
    parser.add_argument("--no-torch", action="store_true", help="time Gatun alone")
    parser.add_argument("--small", action="store_true", help="a rehearsal on tiny shapes, PyTorch on the CPU")
    parser.add_argument("--self-check", action="store_true", help="run the checks of this program")
    arguments = parser.parse_args()
    if arguments.self_check:
        import target_check

        sys.exit(target_check.main())
    sys.exit(run_all(arguments))


def run_all(arguments):
    run = Run(arguments)
    try:
        deepbench = functools.partial(target_gatun.deepbench, run.program)
        rows = target_rows.small_rows() if arguments.small else target_rows.all_rows(deepbench())
        rows = [row for row in rows if re.search(arguments.filter, row["id"])]
        resumed(run, rows)
        done = {result["id"] for result in run.results}
        left = [row for row in rows if row["id"] not in done]
        if left and run.torch:
            run.peaks = run.torch.peaks(arguments.small)
            say(f"peaks: {run.peaks}")
        if left:
            run.open_variants()
        for row in left:
            if run.left() < 0:
                break
            result = blank(row)
            run.results.append(result)
            try:
                measure(run, row, result)
            except Exception as e:  # noqa: BLE001: one row must not cost the others
                result |= {"state": "failed", "note": f"{type(e).__name__}: {first_line(e)}"}
            run.write(rows)
            say(target_report.line(result, run.results))
        run.write(rows)
        return status(run, rows)
    finally:
        run.close()


def status(run, rows):
    found = target_verdict.failures(run.results)
    for failure in found:
        say(f"failed: {failure}")
    whole = sum(result["state"] == "done" for result in run.results)
    return 1 if found else 0 if whole == len(rows) else PARTIAL


if __name__ == "__main__":
    main()
