"""What is measured, in order of importance, and what each row has to reach.

A row is a dict: id, kind (step, rnn, plain, cell or stream), command (of `gatun bench`), the sizes,
and targets: pairs of what is divided and the least (or, of `cost`, the most) it may be.
"""

# The whole steps: V, E, H, L, N, T, and the least against PyTorch as it is.
STEPS = [
    (96, 64, 128, 2, 32, 64, 3.0),
    (96, 128, 512, 2, 64, 64, 2.0),
    (10000, 200, 200, 2, 20, 35, 3.0),
    (10000, 650, 650, 2, 20, 35, 2.0),
    (10000, 1500, 1500, 2, 20, 35, 1.2),
]
GRAPH_STEP = 1.2  # against PyTorch's step as a CUDA graph
RNN = 1.0  # every DeepBench training shape against PyTorch, which is cuDNN
RNN_MEAN = 1.5  # geometric mean over those of at most SMALL_HIDDEN units
SMALL_HIDDEN = 512
CELL = 5.0  # regularised cells against the best of PyTorch's ways
CELL_COST = 1.3  # their time in that of the plain cell, at most

# Sizes of the regularised cells: C = H, N, T.
CELL_SIZES = [(128, 32, 128), (512, 64, 50)]
RATE = 0.2
# name, Gatun's cell and options, the plain cell, whether a training pass can be compared: random
# masks cannot, so that of those cells the outputs in evaluation are.
CELLS = [
    ("layer-norm LSTM", "lstm", "--layer-norm", "lstm", True),
    ("zoneout LSTM", "lstm", f"--zoneout {RATE}", "lstm", False),
    ("variational-dropout LSTM", "lstm", f"--variational-dropout {RATE}", "lstm", False),
    ("reset-before GRU", "gru-reset-before", "", "gru", True),
]
STREAMS = [("lstm", 128, 256), ("gru", 128, 256)]
STREAM_BATCHES = [1, 64]


def step(v, e, h, layers, n, t, least):
    sizes = {"vocabulary": v, "embedding": e, "hidden": h, "layers": layers, "batch": n, "time": t}
    return {
        "id": f"step lstm V{v} E{e} H{h} L{layers} N{n} T{t}",
        "kind": "step",
        "cell": "lstm",
        "command": "step --cell lstm " + options(sizes),
        **sizes,
        "targets": [["eager", least], ["graph", GRAPH_STEP]],
    }


def stack(kind, name, cell, h, n, t, more=""):
    sizes = {"layers": 1, "time": t, "batch": n, "input": h, "hidden": h}
    shape = f"rnn --cell {cell} {more} {options(sizes)} --mode "
    return {"id": name, "kind": kind, "cell": cell, "command": shape + "train", **sizes, "targets": []}


def rnn(shape):
    """One of DeepBench's shapes, as `gatun bench suite deepbench --list --json` gives it."""
    row = stack("rnn", shape["name"], shape["cell"], shape["hidden"], shape["batch"], shape["time"])
    return row | {"targets": [["eager", RNN]]}


def cells(sizes):
    rows = []
    for h, n, t in sizes:
        size = f"C{h} H{h} N{n} T{t}"
        for cell in ("lstm", "gru"):
            rows.append(stack("plain", f"plain {cell.upper()} {size}", cell, h, n, t))
        for name, cell, more, plain, trains in CELLS:
            row = stack("cell", f"{name} {size}", cell, h, n, t, more)
            row |= {"variety": name, "plain": f"plain {plain.upper()} {size}", "trains": trains}
            row["checked"] = row["command"] if trains else row["command"][: -len("train")] + "infer"
            rows.append(row | {"targets": [["best", CELL], ["cost", CELL_COST]]})
    return rows


def streams():
    rows = []
    for cell, c, h in STREAMS:
        for n in STREAM_BATCHES:
            sizes = {"input": c, "hidden": h, "batch": n}
            rows.append(
                {
                    "id": f"stream {cell} C{c} H{h} N{n}",
                    "kind": "stream",
                    "cell": cell,
                    "command": f"stream --cell {cell} " + options(sizes),
                    **sizes,
                    "targets": [],
                }
            )
    return rows


def options(sizes):
    return " ".join(f"--{name} {value}" for name, value in sizes.items())


def all_rows(deepbench):
    """Whole steps and small shapes first; the larger of the others, which take long, last."""
    shapes = [rnn(shape) for shape in deepbench]
    shapes.sort(key=lambda row: (row["hidden"], row["time"] * row["batch"]))
    small = [row for row in shapes if row["hidden"] <= SMALL_HIDDEN]
    large = [row for row in shapes if row["hidden"] > SMALL_HIDDEN]
    first = [step(*sizes) for sizes in STEPS] + small + cells(CELL_SIZES[:1]) + streams()
    return first + large + cells(CELL_SIZES[1:])


def small_rows():
    """A rehearsal's: every kind, sized down."""
    shapes = [
        {"name": "small/lstm-8-N2-T3", "cell": "lstm", "hidden": 8, "batch": 2, "time": 3},
        {"name": "small/vanilla-6-N2-T3", "cell": "relu", "hidden": 6, "batch": 2, "time": 3},
    ]
    rows = [step(11, 4, 8, 1, 2, 3, 3.0)] + [rnn(shape) for shape in shapes]
    for row in cells(CELL_SIZES) + streams():
        row = shrunk(row)
        if row["id"] not in [other["id"] for other in rows]:
            rows.append(row)
    return rows


def shrunk(row):
    """The same with 8 units, at most 2 sequences and 3 steps."""
    less = {"input": 8, "hidden": 8, "batch": min(row["batch"], 2), "time": 3}
    row = dict(row)
    for name, value in less.items():
        if name in row:
            for field in ("command", "checked"):
                if field in row:
                    row[field] = row[field].replace(f"--{name} {row[name]}", f"--{name} {value}")
            row[name] = value
    size = f"C8 H8 N{row['batch']}" + (" T3" if "time" in row else "")
    for field in ("id", "plain"):
        if field in row:
            row[field] = row[field][: row[field].index(" C")] + " " + size
    return row
