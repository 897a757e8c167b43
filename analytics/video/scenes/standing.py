"""What differs from the place and stands: since when, and whether it came there by itself.

Who passes before it interrupts nothing, as long as the same is seen behind. A car that stops, or somebody who waits,
has come by itself: what stands there now is what moved there. What was put down is less than what brought it.
"""

from collections import deque
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.background import Floats, Foreground
from analytics.video.scenes.emerged import Emerged
from analytics.video.scenes.regions import Region
from analytics.video.view import SMALL, Image

WEAKLY = 0.4
"""Share of what a frame may differ by, from which on a mean of frames differs, around what differs more."""
HIDDEN_S = 30.0
"""What is not seen for so long, for others stand before it, is not known to be there any more."""
OTHER_S = 2.5
"""What stands before it for so long has taken its place."""
_CALM, _SAME = 10, 16
"""Levels of grey or colour by which a thing may look other than a second ago, and other than in the beginning."""
_LEAST = 4
"""Pixels that come to stand at once, of which it is asked how they came."""
_BACK = 4
"""Looks back in which a thing that came by itself was elsewhere."""
_NEAR, _AWAY = 1.5, 60.0
"""Times of its size that it may have been away, and pixels within which it may be another one that went on."""
_ALIKE = 0.6, 1.6
"""Its size then, in parts of its size now."""
_JOINED = 2.5
"""Times its size that it may have become with what it took up."""
_OWN = 0.4
"""Share of a region that must have come by itself."""
_BROUGHT = 1.5
"""From so many times of its size on, what came was more than what stands."""


_GAP = np.ones((5, 5), np.uint8)
"""Somebody before a wall of his own colours is seen in pieces."""


class _Look:
    """The things that differed in one look; pieces with gaps of few pixels are one. Made when it is asked for."""

    def __init__(self, mask: Image) -> None:
        self._mask = mask

    @cached_property
    def _found(self) -> tuple[NDArray[np.uint16], NDArray[np.int32], NDArray[np.float64]]:
        near_by = cv2.dilate(self._mask, _GAP)
        _, near, stats, centres = cv2.connectedComponentsWithStats(near_by, connectivity=8, ltype=cv2.CV_16U)
        return near, stats, centres

    @property
    def near(self) -> NDArray[np.uint16]:
        """By pixel, with those beside it; 0 is the place."""
        return self._found[0]

    @property
    def centres(self) -> NDArray[np.float64]:
        """By label."""
        return self._found[2]

    def box(self, label: int) -> tuple[slice, slice]:
        """Rows and columns of a thing and what is beside it."""
        left, top, width, height, _ = self._found[1][label].tolist()
        return slice(top, top + height), slice(left, left + width)

    @cached_property
    def labels(self) -> NDArray[np.uint16]:
        """By pixel."""
        made: NDArray[np.uint16] = cv2.copyTo(self.near, self._mask)
        return made

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        """By label, in pixels."""
        return np.bincount(self.labels.ravel(), minlength=len(self.centres))


class Standing:
    """Of one camera; looked at once a second. Its arrays are (90, 160)."""

    def __init__(self) -> None:
        shape = SMALL[::-1]
        self.since: Floats = np.zeros(shape, np.float32)
        """Seconds for which the same thing has stood there."""
        self.differs: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        """Where anything differed in the last look, if only weakly."""
        self.known: Floats = np.zeros(shape, np.float32)
        """Seconds for which the place had been seen when it came."""
        self._emerged = Emerged()
        self._around: _Look | None = None
        self._seen: Floats = np.zeros(shape, np.float32)
        self._hidden: Floats = np.zeros(shape, np.float32)
        self._other: Floats = np.zeros(shape, np.float32)  # for how long another one has stood before it
        self._looks: Image = np.zeros((*shape, 3), np.uint8)
        self._last: Image = np.zeros((*shape, 3), np.uint8)
        self._came: Floats = np.zeros(shape, np.float32)  # pixels of the piece that it came with
        self._own: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        self._past: deque[_Look] = deque(maxlen=_BACK)

    def begin(self) -> None:
        """Another place."""
        for state in (self.since, self._seen, self._hidden, self._other, self._came):
            state[:] = 0.0
        self._own[:] = False
        self._past.clear()
        self._emerged.begin()

    @property
    def emerged(self) -> NDArray[np.bool_]:
        """Where what stands differed before it counted: nothing came."""
        return self._emerged.here

    def shown(self, seconds: float) -> NDArray[np.bool_]:
        """Where something has stood for so long, and is seen now."""
        made: NDArray[np.bool_] = (self.since >= seconds) & (self._seen >= seconds / 2) & (self._hidden == 0)
        return made

    def look(self, seen: Foreground, dt: float) -> None:
        """Look at what differs now, `dt` seconds after the last look."""
        now = cv2.merge([cv2.convertScaleAbs(seen.recent), *cv2.split(seen.colour)])
        at, apart = _Look(seen.mask), _from_place(seen)
        if not cv2.countNonZero(seen.mask) and not self.since.any():
            self._last, self._around = now, None
            self.differs, self._own[:] = np.zeros_like(self.differs), False
            self._emerged.look(apart, self.differs, self.differs)
            self._past.append(at)
            return
        differs = _weakly(seen)
        self._emerged.look(apart, differs, self.since > 0)
        stands = differs & (_apart(now, self._last) <= _CALM)
        same = (_apart(now, self._looks) <= _SAME) & (self.since > 0)
        other = stands & ~same
        self._other = cv2.copyTo(cv2.add(self._other, dt), other.view(np.uint8))  # 0 elsewhere
        new = other & ((self.since == 0) | (self._other >= OTHER_S))
        self._emerged.replaced(new & (self.since > 0))
        seen_again = stands & same
        self._hidden = np.where(seen_again | new, np.float32(0), self._hidden + np.float32(dt))
        cv2.add(self._seen, dt, dst=self._seen, mask=seen_again.view(np.uint8))
        # Where the place shows it is gone; for a look or two noise may have taken it away.
        self.since = np.where(differs, self.since + np.float32(dt), self.since - np.float32(2 * dt))
        np.putmask(self.since, (self.since < 0) | (self._hidden > HIDDEN_S) | (self._seen == 0), 0.0)
        np.putmask(self._seen, self.since == 0, 0.0)
        np.putmask(self.since, new, dt)
        np.copyto(self.known, seen.proven, where=new)
        np.putmask(self._seen, new, dt)
        cv2.copyTo(now, new.view(np.uint8), self._looks)
        self._last = now
        self._own &= differs
        np.putmask(self._came, ~differs, 0.0)
        if new.any():
            self._arrived(new, at)
        self._past.append(at)
        self.differs, self._around = differs, None

    def _arrived(self, new: NDArray[np.bool_], at: _Look) -> None:
        """Note of what has come to stand how it came; what was brought stays so, whatever light falls on it."""
        for label in np.flatnonzero(np.bincount(at.near[new]) >= _LEAST):
            if not label:
                continue
            box, size = at.box(int(label)), float(at.sizes[label])
            thing, is_new, came = at.near[box] == label, new[box], self._came[box]
            here, known = is_new & thing, thing & (self.since[box] > 0) & ~is_new
            own = self._own[box] & (came <= _BROUGHT * size)
            part_of_it = bool(known.any()) and float(own[known].mean()) >= _OWN
            self._own[box][here] = own[here] | (part_of_it or any(_moved(at, int(label), past) for past in self._past))
            came[here] = size

    def around(self, region: Region) -> int:
        """Pixels of the things that a region is part of."""
        if self._around is None:
            self._around = _Look(self.differs.view(np.uint8) * np.uint8(255))
        return _touching(self._around, region)

    def by_itself(self, region: Region) -> bool:
        """Whether a region came there by itself."""
        box, within = region.box, region.within
        # What stands for long fades into the place.
        around = max(_touching(self._past[-1], region), self.around(region))
        came = float(np.median(self._came[box][within]))
        return float(self._own[box][within].mean()) >= _OWN and came <= _BROUGHT * around


def _apart(one: Image, other: Image) -> Image:
    """The largest difference of the channels of two pictures."""
    first, second, third = cv2.split(cv2.absdiff(one, other))
    made: Image = cv2.max(cv2.max(first, second), third)
    return made


def _from_place(seen: Foreground) -> Image:
    """The largest difference of the mean of the last frames from the place, in brightness or colour."""
    recent = cv2.convertScaleAbs(seen.recent, alpha=seen.gain)
    colour, other = cv2.split(cv2.absdiff(seen.colour, seen.place_colour))
    made: Image = cv2.max(cv2.absdiff(recent, seen.place), cv2.max(colour, other))
    return made


def _moved(now: _Look, label: int, past: _Look) -> bool:
    """Whether a thing was there in the past, as large and near, and is there no more, nor has gone on."""
    size = float(now.sizes[label])
    for before in _alike(past, size, now.centres[label], _NEAR * size**0.5 + 3):
        was = past.centres[before]
        far = float(np.hypot(*(now.centres[label] - was)))
        if far < max(2.0, 0.15 * size**0.5):
            continue
        # What was put down is one more than there was before.
        there_were, there_are = (
            len(_alike(look, float(past.sizes[before]), was, _AWAY, _JOINED)) for look in (past, now)
        )
        if there_are > there_were:
            continue
        there = now.labels[past.labels == before]
        if float(((there == 0) | (there == label)).mean()) > 0.5:
            return True
    return False


def _alike(look: _Look, size: float, centre: NDArray[np.float64], reach: float, most: float = _ALIKE[1]) -> list[int]:
    """Labels of the things of about a size near a place."""
    near = np.hypot(*(look.centres - centre).T) <= reach
    alike = near & (look.sizes >= _ALIKE[0] * size) & (look.sizes <= most * size)
    return [int(label) for label in np.flatnonzero(alike) if label]


def _weakly(seen: Foreground) -> NDArray[np.bool_]:
    """What differs, and what differs less beside it, in a mean of frames."""
    recent = cv2.convertScaleAbs(seen.recent, alpha=seen.gain)
    weak = cv2.compare(cv2.absdiff(recent, seen.place), cv2.convertScaleAbs(seen.tolerance, alpha=WEAKLY), cv2.CMP_GT)
    weak = cv2.bitwise_or(cv2.medianBlur(weak, 3), seen.mask)
    count, labels = cv2.connectedComponents(weak, connectivity=8, ltype=cv2.CV_16U)
    strong = np.zeros(count, np.bool_)
    strong[labels[seen.mask > 0]] = True
    made: NDArray[np.bool_] = strong[labels]
    return made


def _touching(look: _Look, region: Region) -> int:
    touched = np.unique(look.labels[region.box][region.within])
    return int(look.sizes[touched[touched > 0]].sum())
