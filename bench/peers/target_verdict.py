"""What was reached: pure functions of the measured rows, without an engine."""

import math
import statistics

import target_rows

REACHED, MISSED, OPEN = "reached", "missed", "open"
TOLERANCE = 1e-4  # of results, in norms

# Of gradients through a ReLU: float32 and float64 of PyTorch on a CPU (H 768, N 256, T 50) disagree on
# which side of the kink 1 of 9.8 million units is, and their gradients by 2.2e-4 of the norm. Outputs
# have no step there and are held to TOLERANCE.
KINKED = 2e-3


def median(values):
    return statistics.median(values) if values else None


def best(entries, only=None):
    """The name and milliseconds of the fastest that was timed, whose results were right."""
    timed = [
        (median(entry["rounds"]), name)
        for name, entry in entries.items()
        if entry.get("rounds") and right(entry) and (only is None or name in only)
    ]
    return (min(timed)[1], min(timed)[0]) if timed else (None, None)


def right(entry):
    """Whether results agreed, or could not be compared because there was nothing to compare with."""
    held = (("error", TOLERANCE), ("kinked_error", KINKED))
    return all(entry.get(name) is None or entry[name] <= most for name, most in held)


def told(entry):
    """The worst error of a variant, for a table."""
    known = [entry[name] for name in ("error", "kinked_error") if entry.get(name) is not None]
    return max(known, default=None)


def ratio(result, way):
    """PyTorch's time divided by Gatun's; None where one of them is not known."""
    _, ours = best(result["ours"])
    _, theirs = best(result["theirs"], None if way == "best" else [way])
    return theirs / ours if ours and theirs else None


def cost(result, results):
    """A regularised cell's time in that of the plain one."""
    _, ours = best(result["ours"])
    plain = next((other for other in results if other["id"] == result["row"].get("plain")), None)
    _, base = best(plain["ours"]) if plain else (None, None)
    return ours / base if ours and base else None


def why(result, way):
    """What keeps a ratio from being known."""
    wrong = [name for name, entry in result["ours"].items() if not right(entry)]
    if best(result["ours"])[0] is None:
        notes = [entry["note"] for entry in result["ours"].values() if entry.get("note")]
        return f"wrong results: {', '.join(wrong)}" if wrong else "; ".join(notes[:1]) or result.get("note") or "not run"
    entry = result["theirs"].get(way, {})
    return entry.get("note") or result.get("note") or "not run"


def decide(result, results):
    """The verdicts of one row."""
    verdicts = []
    for what, needed in result["row"]["targets"]:
        got = cost(result, results) if what == "cost" else ratio(result, what)
        if got is None:
            reason = "the plain cell: " + "not run" if what == "cost" else why(result, what)
            verdicts.append({"what": what, "needed": needed, "got": None, "verdict": OPEN, "why": reason})
            continue
        reached = got <= needed if what == "cost" else got >= needed
        verdict = REACHED if reached else MISSED
        verdicts.append({"what": what, "needed": needed, "got": got, "verdict": verdict, "why": ""})
    return verdicts


def mean(results, wanted):
    """The geometric mean over DeepBench's small shapes; open unless each is known."""
    small = [r for r in results if r["kind"] == "rnn" and r["row"]["hidden"] <= target_rows.SMALL_HIDDEN]
    ratios = [ratio(r, "eager") for r in small]
    known = [each for each in ratios if each]
    got = math.exp(statistics.fmean(map(math.log, known))) if known else None
    verdict = {"what": "geometric mean", "needed": target_rows.RNN_MEAN, "got": got, "why": ""}
    if len(known) < max(wanted, 1):
        return verdict | {"verdict": OPEN, "why": f"{len(known)} of {wanted} shapes are known"}
    return verdict | {"verdict": REACHED if got >= target_rows.RNN_MEAN else MISSED}


def percent(result, peaks):
    """Of the device's measured arithmetic and of its measured bandwidth."""
    _, ours = best(result["ours"])
    if not ours or not peaks or not result.get("flops"):
        return None, None
    seconds = ours * 1e-3
    return (
        100 * result["flops"] / seconds / (peaks["tflops"] * 1e12),
        100 * result["bytes"] / seconds / (peaks["gigabytes_per_s"] * 1e9),
    )


def failures(results):
    """What was wrong, apart from speed: results that differ, rows that no variant has run."""
    found = []
    for result in results:
        for name, entry in result["ours"].items():
            if not right(entry):
                found.append(f"{result['id']}, {name}: results differ by {told(entry):.2g} of their norm")
        if result["state"] == "failed":
            found.append(f"{result['id']}: {why(result, 'eager')}")
    return found
