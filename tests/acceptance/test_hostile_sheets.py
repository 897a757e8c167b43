"""Sheets that unpack to much more than they are: refused, while the hub's memory and its end are as always."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.broker import Mosquitto
from tests.support.hostile_sheets import CSV, HOSTILE, long
from tests.support.hub import Hub
from tests.support.numbered import resident_mb
from tests.support.process import wait_until

GROWTH_MB = 60
LARGEST_CSV = 30 << 20
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KIND = {"content-type": XLSX}
DRAIN_S = 3.0


@pytest.fixture
def draining(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A running hub that has 3 s to end."""
    hub = Hub(database, mosquitto.port, tmp_path, HUB_DRAIN_S=str(DRAIN_S))
    try:
        yield hub.start()
    finally:
        hub.close()


def readers(hub: Hub) -> list[int]:
    """Process ids of those that read sheets for a hub."""
    children = Path(f"/proc/{hub.pid}/task/{hub.pid}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if b"devices.sheets" in Path(f"/proc/{child}/cmdline").read_bytes()]


def made(folder: Path, kind: str, size: int) -> Path:
    path = folder / f"{kind}.sheet"
    HOSTILE[kind](path, size)
    return path


def importing(hub: Hub, path: Path) -> socket.socket:
    """A client whose sheet is being read."""
    body = path.read_bytes()
    client = socket.create_connection(("127.0.0.1", hub.port))
    head = f"POST /api/v1/devices:import HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {XLSX}\r\n"
    client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    wait_until(lambda: readers(hub), "the sheet is read")
    return client


def send(client: httpx.Client, hub: Hub, path: Path) -> httpx.Response:
    with path.open("rb") as content:
        return client.post(f"http://127.0.0.1:{hub.port}/api/v1/devices:import", content=content, headers=KIND)


@pytest.mark.parametrize(
    ("kinds", "size"),
    [
        pytest.param(("attribute", "row", "commas", "mistakes"), 64 << 10, id="64K"),
        pytest.param(tuple(HOSTILE), 900 << 20, id="900M", marks=pytest.mark.heavy),
    ],
)
def test_a_hostile_sheet_is_refused_and_costs_the_hub_nothing(
    hub: Hub, tmp_path: Path, kinds: tuple[str, ...], size: int
) -> None:
    before = resident_mb(hub.pid)
    for kind in kinds:
        path = made(tmp_path, kind, min(size, LARGEST_CSV) if kind in CSV else size)
        with httpx.Client(timeout=400) as client:
            answers: list[httpx.Response] = []
            posting = threading.Thread(target=lambda: answers.append(send(client, hub, path)))  # noqa: B023 joined below
            posting.start()
            while posting.is_alive():
                assert hub.api.get("/healthz", timeout=10).status_code == 200
                posting.join(0.05)
        path.unlink()
        [answer] = answers
        assert answer.status_code == 422, (kind, answer.text)
        assert resident_mb(hub.pid, "VmHWM") < before + GROWTH_MB, kind
        assert not readers(hub), kind


@pytest.mark.heavy
def test_work_ends_with_its_client_and_with_the_hub(draining: Hub, tmp_path: Path) -> None:
    sheet = tmp_path / "long.xlsx"
    long(sheet)
    importing(draining, sheet).close()
    wait_until(lambda: not readers(draining), "the reader ends when the client has left")
    with importing(draining, sheet):
        [reader] = readers(draining)
        began = time.monotonic()
        assert draining.terminate() == 0
        assert time.monotonic() - began < DRAIN_S + 5
        assert not Path(f"/proc/{reader}").exists()
