"""The files of targets.py: targets.md, targets.json, predictions-outcome.md and charts."""

import html
import json
import os

import target_rows
import target_verdict as verdict

KINDS = {
    "step": "Whole training steps",
    "rnn": "DeepBench's training shapes, forward and backward",
    "cell": "Regularised cells, forward and backward",
    "plain": "Plain cells of the same sizes",
    "stream": "Streaming: one step from an array of the host to one",
}
NAMES = {
    "eager": "PyTorch ÷ Gatun",
    "graph": "PyTorch's CUDA graph ÷ Gatun",
    "best": "PyTorch's best ÷ Gatun",
    "cost": "Gatun ÷ Gatun's plain cell",
}


def write(out, facts, peaks, rows, results, missing):
    """All files, each replaced as a whole, so that a kill leaves the last."""
    mean = verdict.mean(results, wanted(rows))
    decided = [{"id": r["id"], "verdicts": verdict.decide(r, results)} for r in results]
    everything = {
        "facts": facts,
        "peaks": peaks,
        "not_available": missing,
        "geometric_mean": mean,
        "verdicts": decided,
        "failures": verdict.failures(results),
        "left": [row["id"] for row in rows if row["id"] not in {r["id"] for r in results}],
        "results": results,
    }
    replace(out / "targets.json", json.dumps(everything, indent=1, default=str) + "\n")
    replace(out / "targets.md", page(facts, peaks, rows, results, missing))
    replace(out / "predictions-outcome.md", outcomes(rows, results))
    for kind in ("rnn", "step"):
        bars = chart_rows(kind, results)
        if bars:
            replace(out / f"targets-{kind}.svg", chart(KINDS[kind], bars))


def replace(path, text):
    new = path.with_suffix(path.suffix + ".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def wanted(rows):
    return sum(row["kind"] == "rnn" and row["hidden"] <= target_rows.SMALL_HIDDEN for row in rows)


def number(value, digits=2):
    return "" if value is None else f"{value:.{digits}f}"


def milliseconds(value):
    return "" if value is None else f"{value:.4g}"


def sentence(each):
    if each["verdict"] == verdict.OPEN:
        return f"open: {each['why']}"
    sign = "at most" if each["what"] == "cost" else "at least"
    return f"{each['got']:.2f}, {sign} {each['needed']}: {each['verdict']}"


def page(facts, peaks, rows, results, missing):
    text = ["# Speed targets on a GPU", "", "| | |", "|---|---|"]
    text += [f"| {name} | {value} |" for name, value in facts.items()]
    if peaks:
        text += [
            f"| measured peak | {peaks['tflops']:.4g} TFLOP/s, {peaks['gigabytes_per_s']:.4g} GB/s |",
            f"| peak's way | {peaks['how']} |",
        ]
    text += [f"| variant {name} | {reason} |" for name, reason in missing.items()]
    text += ["", "## Targets", "", "| target | reached | missed | open |", "|---|---|---|---|"]
    text += summary(rows, results)
    found = verdict.failures(results)
    text += [""] + [f"* **failed**: {failure}" for failure in found]
    for kind, title in KINDS.items():
        mine = [result for result in results if result["kind"] == kind]
        if mine:
            text += ["", f"## {title}", ""] + table(kind, mine, results, peaks)
    measured = {result["id"] for result in results}
    left = [row["id"] for row in rows if row["id"] not in measured]
    if left:
        text += ["", "Not measured, the time was over: " + "; ".join(left) + "."]
    text += ["", "Times are medians of rounds, in ms. Of peak and of bandwidth: Gatun's operations and least bytes per second (docs/gpu/README.md) in percent of what was measured."]
    return "\n".join(text) + "\n"


def summary(rows, results):
    counts = {}
    for row in rows:
        result = next((r for r in results if r["id"] == row["id"]), None)
        known = verdict.decide(result, results) if result else []
        for i, (what, needed) in enumerate(row["targets"]):
            name = f"{KINDS[row['kind']]}: {NAMES[what]}, {'at most' if what == 'cost' else 'at least'} {needed}"
            each = known[i]["verdict"] if known else verdict.OPEN
            counts.setdefault(name, []).append(each)
    mean = verdict.mean(results, wanted(rows))
    lines = [
        f"| {name} | {all_.count(verdict.REACHED)} | {all_.count(verdict.MISSED)} | {all_.count(verdict.OPEN)} |"
        for name, all_ in counts.items()
    ]
    got = f"{mean['got']:.3f}" if mean["got"] else "none"
    mark = {each: "1" if mean["verdict"] == each else "0" for each in ("reached", "missed", "open")}
    name = f"DeepBench, at most {target_rows.SMALL_HIDDEN} units: geometric mean {got}, at least {mean['needed']}"
    return lines + [f"| {name} {mean['why']} | {mark['reached']} | {mark['missed']} | {mark['open']} |"]


def table(kind, mine, results, peaks):
    head = "| case | Gatun | variant | PyTorch | its way | other ways | % of peak | % of bandwidth | error | verdict |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|---|"]
    for result in mine:
        name, ours = verdict.best(result["ours"])
        way, theirs = verdict.best(result["theirs"])
        others = [
            f"{other} {milliseconds(verdict.median(entry['rounds']) or entry.get('screen'))}{entry.get('note', '')}"
            for side in ("ours", "theirs")
            for other, entry in result[side].items()
            if other not in (name, way)
        ]
        if kind == "stream":
            others = [f"p99 {milliseconds(verdict.median(e.get('p99_ms', [])))}" for e in both(result, name, way)] + others
        peak, bandwidth = verdict.percent(result, peaks)
        error = verdict.told(result["ours"].get(name, {}))
        decided = "; ".join(f"{NAMES[v['what']]} {sentence(v)}" for v in verdict.decide(result, results))
        cells = [result["id"], milliseconds(ours), name or "", milliseconds(theirs), way or ""]
        cells += ["; ".join(others), number(peak, 1), number(bandwidth, 1)]
        cells += ["" if error is None else f"{error:.0e}", decided + note(result)]
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return lines


def both(result, name, way):
    return [entry for entry in (result["ours"].get(name), result["theirs"].get(way)) if entry]


def note(result):
    return f" ({result['note']})" if result.get("note") else ""


def line(result, results):
    """What is said of a row when it is done."""
    name, ours = verdict.best(result["ours"])
    verdicts = "; ".join(f"{v['what']} {sentence(v)}" for v in verdict.decide(result, results))
    return f"{result['id']}: {milliseconds(ours)} ms by {name}. {verdicts}{note(result)}"


def outcomes(rows, results):
    """Rows to be pasted over those of docs/gpu/predictions.md."""
    known = {result["id"]: result for result in results}
    lines = ["| target | outcome |", "|---|---|"]
    for row in rows:
        if row["id"] in known:
            decided = verdict.decide(known[row["id"]], results)
            name, ours = verdict.best(known[row["id"]]["ours"])
            told = [f"{milliseconds(ours)} ms by {name}"] + [f"{NAMES[v['what']]} {sentence(v)}" for v in decided]
            lines.append(f"| {row['id']} | {'; '.join(told)} |")
        else:
            lines.append(f"| {row['id']} | not run |")
    mean = verdict.mean(results, wanted(rows))
    told = "not run" if mean["got"] is None else f"{mean['got']:.2f}: {mean['verdict']} {mean['why']}"
    lines.append(f"| geometric mean of at most {target_rows.SMALL_HIDDEN} units | {told} |")
    return "\n".join(lines) + "\n"


def chart_rows(kind, results):
    """Label, ratio and target of each row that has both."""
    bars = []
    for result in results:
        if result["kind"] == kind:
            for each in verdict.decide(result, results):
                if each["got"]:
                    bars.append((f"{result['id']} {each['what']}", each["got"], each["needed"]))
    return bars


def chart(title, bars):
    """Horizontal bars of ratios, each with a line at its target, as SVG."""
    left, width, height = 330, 420, 18
    most = max(max(ratio, target) for _, ratio, target in bars) * 1.1
    total = 50 + height * len(bars)
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}" height="{total}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="20" font-size="14">{html.escape(title)}: ratio, and its target as a line</text>',
    ]
    for i, (label, ratio, target) in enumerate(bars):
        y = 34 + i * height
        colour = "#2a7f4f" if ratio >= target else "#b5452c"
        at = left + width * target / most
        svg += [
            f'<text x="{left - 6}" y="{y + 11}" text-anchor="end">{html.escape(label)}</text>',
            f'<rect x="{left}" y="{y}" width="{width * ratio / most:.1f}" height="{height - 4}" fill="{colour}"/>',
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{y - 2}" y2="{y + height - 2}" stroke="black"/>',
            f'<text x="{left + width * ratio / most + 4:.1f}" y="{y + 11}">{ratio:.2f}</text>',
        ]
    return "\n".join(svg + ["</svg>"]) + "\n"
