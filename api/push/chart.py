"""A small chart of readings as a PNG, for mails: the line, its points, and the threshold. Pure."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT, MARGIN = 480, 140, 8
_LINE, _THRESHOLD, _PAPER = (21, 112, 239), (217, 45, 32), (248, 250, 252)


def chart(points: Sequence[tuple[float, float]], threshold: float | None = None) -> bytes | None:
    """A PNG of (seconds, value), oldest first; None for fewer than two different moments."""
    finite = [(at, value) for at, value in points if np.isfinite(value)]
    if len({at for at, _ in finite}) < 2:
        return None
    at, values = np.array(finite, dtype=float).T
    shown = values if threshold is None else np.append(values, threshold)
    low, high = float(shown.min()), float(shown.max())
    spread = (high - low) or 1.0
    xs = MARGIN + (at - at[0]) / (at[-1] - at[0]) * (WIDTH - 2 * MARGIN - 1)
    ys = _rows(values, low, spread)
    pixels = np.full((HEIGHT, WIDTH, 3), _PAPER, dtype=np.uint8)
    if threshold is not None:
        row = int(_rows(np.array([threshold]), low, spread)[0])
        pixels[row, MARGIN : WIDTH - MARGIN][np.arange(WIDTH - 2 * MARGIN) % 8 < 5] = _THRESHOLD
    columns = np.arange(int(xs[0]), int(xs[-1]) + 1)
    line = np.interp(columns, xs, ys).round().astype(int)
    for left, (row, before) in enumerate(zip(line, np.roll(line, 1), strict=True)):
        start = row if left == 0 else min(row, before)
        pixels[start : max(row, start if left == 0 else before) + 2, columns[left]] = _LINE
    for x, y in zip(xs.astype(int), ys.round().astype(int), strict=True):
        pixels[y - 1 : y + 3, x - 1 : x + 2] = _LINE
    return _png(pixels)


def _rows(values: npt.NDArray[np.float64], low: float, spread: float) -> npt.NDArray[np.float64]:
    return MARGIN + (1 - (values - low) / spread) * (HEIGHT - 2 * MARGIN - 3)


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, width * 3)], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
