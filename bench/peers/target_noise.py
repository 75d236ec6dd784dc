"""The random numbers of `gatun bench --seed`, the same bits, and the sums of its `--check`.

dev.gatun.app.bench.Noise says how they are made. Nothing here needs PyTorch but what is given a
tensor.
"""

import math

SUMS = 8
MASK = 0xFFFFFFFF
CHUNK = 1 << 24  # elements worked on at once: eight bytes each, a few times over


def text_hash(text):
    """Java's String.hashCode, as an unsigned number."""
    value = 0
    for letter in text:
        value = (31 * value + ord(letter)) & MASK
    return value


def mix(x):
    """Chris Wellons' lowbias32, of a number or an int64 tensor that holds unsigned 32 bits."""
    x = x ^ (x >> 16)
    x = (x * 0x7FEB352D) & MASK
    x = x ^ (x >> 15)
    x = (x * 0x846CA68B) & MASK
    return x ^ (x >> 16)


def key(seed, name):
    return mix(mix(seed) ^ text_hash(name))


def at(seed, name, index):
    """One number from -1 up to 1; exact, so that float32 has it too."""
    return (mix(mix(index & MASK) ^ key(seed, name)) >> 8) * 2.0**-23 - 1


def chunks(torch, size, device):
    for start in range(0, size, CHUNK):
        yield start, torch.arange(start, min(size, start + CHUNK), dtype=torch.int64, device=device)


def fill(torch, tensor, seed, name, bound):
    """Fills a contiguous float32 tensor in place, whatever autograd thinks of it."""
    with torch.no_grad():
        flat = tensor.detach().view(-1)
        most = torch.tensor(bound, dtype=torch.float32, device=tensor.device)
        for start, index in chunks(torch, flat.numel(), tensor.device):
            bits = mix(mix(index) ^ key(seed, name)) >> 8
            flat[start : start + index.numel()] = (bits.to(torch.float32) * 2.0**-23 - 1) * most


def whole(torch, seed, name, count, bound, device):
    """Whole numbers from 0 to bound - 1."""
    index = torch.arange(count, dtype=torch.int64, device=device)
    return mix(mix(index) ^ key(seed, name)) % bound


def sums(torch, tensor):
    """Eight signed sums of a tensor, and its norm."""
    flat = tensor.detach().reshape(-1)
    signs = mix(text_hash("signs"))
    totals = [0.0] * SUMS
    square = 0.0
    for start, index in chunks(torch, flat.numel(), flat.device):
        values = flat[start : start + index.numel()].to(torch.float64)
        bits = mix(mix(index) ^ signs)
        square += float((values * values).sum())
        for k in range(SUMS):
            totals[k] += float((values * (1 - 2 * ((bits >> k) & 1))).sum())
    return totals, math.sqrt(square)


def error(ours, theirs, norm):
    """The norm of the difference of two arrays as their sums tell it, in norms of theirs."""
    if any(value is None for value in ours):
        return math.inf  # JSON has no NaN
    difference = math.sqrt(sum((a - b) ** 2 for a, b in zip(ours, theirs)) / len(theirs))
    if not math.isfinite(difference) or not math.isfinite(norm):
        return math.inf
    return difference / norm if norm else difference
