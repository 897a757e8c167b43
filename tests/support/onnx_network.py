"""Small networks in the ONNX format, written byte by byte: what an operator's own model looks like to the hub.

The format is protobuf (onnx.proto, IR version 8); numbers of fields stand beside their names.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

FLOAT, INT64 = 1, 7
INT, INTS = 2, 7


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        out.append((value & 127) | (128 if value > 127 else 0))
        value >>= 7
        if not value:
            return bytes(out)


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _tensor(name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> bytes:
    kind = FLOAT if values.dtype == np.float32 else INT64
    dims = b"".join(_int(1, side) for side in values.shape)
    return dims + _int(2, kind) + _bytes(8, name) + _bytes(9, values.tobytes())


def _value(name: str, shape: Iterable[int]) -> bytes:
    dims = b"".join(_bytes(1, _int(1, side)) for side in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _int(1, FLOAT) + _bytes(2, dims)))


def _node(kind: str, inputs: Sequence[str], output: str, ints: Mapping[str, Sequence[int]] | None = None) -> bytes:
    given = b"".join(_bytes(1, name) for name in inputs)
    attributes = b"".join(
        _bytes(5, _bytes(1, name) + b"".join(_int(8, one) for one in values) + _int(20, INTS))
        for name, values in (ints or {}).items()
    )
    return given + _bytes(2, output) + _bytes(3, output) + _bytes(4, kind) + attributes


def boxes_by_colour(side: int, boxes: NDArray[np.float32], weights: NDArray[np.float32]) -> bytes:
    """A network that tells boxes (n, 6): x1, y1, x2, y2, score, class, in pixels of a side x side input.

    Each box's score is `weights` (n, 3) times the mean of the input's three channels.
    """
    count = len(boxes)
    matrix = np.zeros((6 * count, 3, 1, 1), np.float32)
    bias = boxes.astype(np.float32).reshape(-1).copy()
    for index in range(count):
        matrix[6 * index + 4, :, 0, 0] = weights[index]
        bias[6 * index + 4] = 0.0
    nodes = [
        _node("GlobalAveragePool", ["picture"], "mean"),
        _node("Conv", ["mean", "matrix", "bias"], "flat", {"kernel_shape": [1, 1]}),
        _node("Reshape", ["flat", "shape"], "boxes"),
    ]
    tensors = [
        _tensor("matrix", matrix),
        _tensor("bias", bias),
        _tensor("shape", np.array([1, count, 6], np.int64)),
    ]
    graph = b"".join(_bytes(1, node) for node in nodes) + _bytes(2, "colour")
    graph += b"".join(_bytes(5, tensor) for tensor in tensors)
    graph += _bytes(11, _value("picture", (1, 3, side, side))) + _bytes(12, _value("boxes", (1, count, 6)))
    return _int(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, "") + _int(2, 13))
