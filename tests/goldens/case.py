"""One golden file in memory: named arrays, their random stream, and the bytes they make."""
import json
import struct
import sys
import zlib

import numpy as np
import torch

TORCH = "2.13.0"
SAFETENSORS_DTYPE = {"float32": "F32", "float64": "F64", "int64": "I64"}


class Case:
    """One golden file: named arrays and a string-to-string metadata object."""

    def __init__(self, name, **metadata):
        self.name = name
        self.random = np.random.RandomState(zlib.crc32(name.encode()))
        self.metadata = {"torch": TORCH} | {k: json.dumps(v) if not isinstance(v, str) else v for k, v in metadata.items()}
        self.arrays = {}

    def normal(self, key, *shape, scale=1.0):
        """Stores float32 N(0, scale^2) values and returns them as a float64 tensor that takes a gradient."""
        return self.given(key, scale * self.random.standard_normal(shape))

    def uniform(self, key, *shape, bound):
        return self.given(key, self.random.uniform(-bound, bound, shape))

    def given(self, key, values):
        self.arrays[key] = np.asarray(values, dtype=np.float32)
        return torch.tensor(self.arrays[key], dtype=torch.float64, requires_grad=True)

    def integers(self, key, values):
        self.arrays[key] = np.asarray(values, dtype=np.int64)
        return torch.tensor(self.arrays[key])

    def expect(self, key, tensor):
        array = tensor.detach().numpy() if isinstance(tensor, torch.Tensor) else np.asarray(tensor)
        if array.dtype != np.float64 or not np.isfinite(array).all():
            sys.exit(f"{self.name}: expected value {key} is {array.dtype} or not finite")
        self.arrays[key] = array.copy()

    def to_bytes(self):
        """Safetensors, written here because the library's writer does not fix the metadata's order."""
        header, blobs, end = {"__metadata__": self.metadata}, [], 0
        # 8-byte types first keeps every array aligned to its element size.
        for key in sorted(self.arrays, key=lambda k: (-self.arrays[k].itemsize, k)):
            array = np.ascontiguousarray(self.arrays[key])
            start, end = end, end + array.nbytes
            header[key] = {
                "dtype": SAFETENSORS_DTYPE[array.dtype.name],
                "shape": list(self.arrays[key].shape),
                "data_offsets": [start, end],
            }
            blobs.append(array.tobytes())
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text + b"".join(blobs)
