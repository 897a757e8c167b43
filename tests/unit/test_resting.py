"""Messages of cameras are looked at once for each batch, and large ones beside the loop."""

import threading

import pytest

from devices.codecs.camera_document import at_rest
from hub.models import Batch, Origin, Raw
from ingest import resting as module
from ingest.resting import BESIDE_BYTES, Resting


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bool]]:
    """What was looked at, and whether in the loop's thread."""
    found: list[tuple[bytes, bool]] = []
    look = at_rest

    def looked(raw: Raw) -> Raw:
        found.append((raw.payload[:1], threading.current_thread() is threading.main_thread()))
        return look(raw)

    monkeypatch.setattr(module, "at_rest", looked)
    return found


def raw(payload: bytes, protocol: str = "isapi") -> Raw:
    return Raw(Origin("http", "a", protocol=protocol), payload, 1)


async def test_a_batch_that_is_tried_again_is_looked_at_once(seen: list[tuple[bytes, bool]]) -> None:
    resting, batch = Resting(), Batch([raw(b'{"faceId":"Li","on":1}'), raw(b'{"face":1}', "ganzhi")])
    first = await resting.of(batch)
    assert [each.payload for each in first] == [b'{"face0":"","on":1}', b'{"face":1}']
    assert await resting.of(batch) is first
    assert seen == [(b"{", True)] * 2
    resting.written()
    assert (resting._batch, list(resting._raws)) == (None, []), "nothing of it is kept"
    await resting.of(Batch([raw(b"<a/>")]))
    assert seen[2:] == [(b"<", True)]


async def test_large_messages_of_cameras_are_looked_at_beside_the_loop(seen: list[tuple[bytes, bool]]) -> None:
    large = b"<a>" + b"x" * BESIDE_BYTES + b"</a>"
    await Resting().of(Batch([raw(large)]))
    await Resting().of(Batch([raw(b" " * (BESIDE_BYTES // 2 + 1)), raw(b" " * (BESIDE_BYTES // 2))]))
    await Resting().of(Batch([raw(large, "ganzhi")]))
    assert [main for _, main in seen] == [False, False, False, True]
