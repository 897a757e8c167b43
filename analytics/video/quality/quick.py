"""The diagnosis of a camera from a few frames, against what was remembered of it: for patrols of thousands."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.black import black
from analytics.video.quality.colour_cast import colour_cast
from analytics.video.quality.exposure import over_exposure, under_exposure
from analytics.video.quality.measures import Floats, Measures
from analytics.video.quality.noise import noise
from analytics.video.quality.ramp import ramp
from analytics.video.quality.signal_loss import signal_loss
from analytics.video.quality.signature import GREY, Signature, mixed, packed, seen, unpacked
from analytics.video.quality.stripes import bars
from analytics.video.view import Image, View, reduced

SHARPEST = 14
REMEMBERED_BELOW = 0.4
"""Scores of all faults below which a place is taken over."""
SAME, DIMMEST = 0.5, 0.02
"""Likeness from which less contrast is less light, and of the power of the contrast what is left of it at the least."""
_WITHOUT_PLACE = frozenset({"signal_loss", "black", "over_exposure", "under_exposure"})
"""Faults with which there is no place to compare."""


def quick(frames: Sequence[Image], reference: bytes | None) -> tuple[Mapping[str, Cue], bytes]:
    """Scores of faults by kind, and what to remember of the camera: at most 1.5 KB, some 700 bytes in one mode.

    `frames`: one or more of uint8, one after another as they come from the stream; the last one is judged, noise and
    rolling bars by the one before it. Without a reference, `moved` and `occlusion` are not judged. One that stands
    still cannot be told in so few frames. Raises ValueError without a frame.
    """
    if not frames:
        raise ValueError("a diagnosis needs a frame")
    small = [reduced(frame) for frame in frames[-2:]]
    before = View(0.0, small[0]) if len(small) > 1 and small[0].shape == small[1].shape else None
    now = Measures(View(0.2, small[-1], before), None if before is None else Measures(before))
    modes = unpacked(reference)
    mode = int(now.saturation < GREY)
    known, sharpness = modes[mode], _sharpness(now)
    found = {
        "signal_loss": signal_loss(now), "black": black(now), "over_exposure": over_exposure(now, None),
        "under_exposure": under_exposure(now, None), "noise": noise(now, None), "stripes": _stripes(now),
        "blur": _blur(sharpness, known), "colour_cast": _cast(now, known, grey=bool(mode)),
        **_place(now, known),
    }  # fmt: skip
    blind = any(found[kind].score >= 0.5 for kind in _WITHOUT_PLACE)
    if blind:
        hidden = set(found) - _WITHOUT_PLACE
        if found["black"].score >= 0.5:
            hidden.add("under_exposure")
        found |= {kind: Cue(0.0, {}) for kind in hidden}
    elif max(cue.score for cue in found.values()) < REMEMBERED_BELOW:
        modes[mode] = mixed(known, seen(now, sharpness))
    return found, packed(*modes)


def _sharpness(now: Measures) -> float:
    """Of the sharpest edges: what they have at the full size over what they have in the small picture."""
    high = np.abs(cv2.Laplacian(now.view.small, cv2.CV_16S)).reshape(9, 10, 16, 10).max((1, 3))
    top = np.argsort(high, axis=None)[-SHARPEST:]
    return float(np.median(now.peaks.ravel()[top] / (high.ravel()[top] + 4.0)))


def _blur(sharpness: float, known: Signature | None) -> Cue:
    alone = ramp(sharpness, 0.4, 0.2)
    less = 0.0 if known is None else ramp(sharpness / (float(known.numbers[2]) + 0.01), 0.65, 0.4)
    return Cue(max(alone, less), {"alone": alone, "less": less, "sharpness": min(sharpness, 99.0)})


def _cast(now: Measures, known: Signature | None, *, grey: bool) -> Cue:
    if grey:
        return Cue(0.0, {})
    alone = colour_cast(now, None)
    if known is None:
        return alone
    shift = np.median(now.chroma.reshape(-1, 2), axis=0) - known.numbers[:2]
    turned = ramp(float(np.abs(shift).max()), 0.15, 0.45)
    return Cue(max(turned, alone.score), {**alone.cues, "turned": turned})


def _stripes(now: Measures) -> Cue:
    cues = {
        "across": bars(now.rows, np.zeros_like(now.rows), repeats=True),
        "along": bars(now.columns, np.zeros_like(now.columns), repeats=True),
        "rolling": 0.0 if now.last_rows is None else bars(now.rows, now.last_rows, repeats=False),
    }
    return Cue(max(cues.values()), cues)


def _dimmed(power: Floats, own: Floats, like: float) -> float:
    """How much of the power of its structure a place keeps that is the same, with less light: a colour camera by night.

    What covers a place hides some of it, and leaves the rest as it was, or leaves nothing that is like it.
    """
    return float(np.clip(np.percentile(own / power, 75), DIMMEST, 1.0)) if like > SAME else 1.0


def _place(now: Measures, known: Signature | None) -> dict[str, Cue]:
    """Whether the place is the one that is remembered, and whether a part of it is gone.

    Hours lie between two patrols, and shadows move: only what has nothing in common with it was moved.
    """
    if known is None:
        return {"moved": Cue(0.0, {}), "occlusion": Cue(0.0, {})}
    here = seen(now, 0.0)
    fit = here.structure * known.structure
    power, own = known.structure**2, here.structure**2
    like = float(fit.sum()) / float(np.sqrt(power.sum() * own.sum()) + 1.0)
    blocks = [array.reshape(6, 3, 8, 4).mean((1, 3)) for array in (power, own)]
    told = blocks[0] > 4.0
    if told.sum() < 6:
        return {"moved": Cue(0.0, {}), "occlusion": Cue(0.0, {})}
    kept = blocks[1] > 0.15 * _dimmed(blocks[0][told], blocks[1][told], like) * blocks[0]
    bare = float((~kept)[told].mean())
    covered = Cue(ramp(bare, 0.25, 0.5), {"bare": bare})
    cues = {"unlike": ramp(like, 0.3, 0.1), "structure": ramp(bare, 0.6, 0.3)}
    return {"moved": Cue(min(cues.values()), {**cues, "like": like}), "occlusion": covered}
