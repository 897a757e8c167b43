"""Name servers that are away hold up nobody for long (hub/access/name_servers.py)."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from hub.access import name_servers
from hub.access.name_servers import AWAY, THREADS, NameServers


async def test_thousands_of_names_do_not_all_wait_for_servers_that_are_away(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, is_away = list[str](), threading.Event()
    is_away.set()

    def look(host: str, port: int) -> list[Any]:
        asked.append(host)
        if is_away.is_set():
            raise socket.gaierror(socket.EAI_AGAIN, "nobody")
        return [(socket.AF_INET, 1, 6, "", ("10.1.2.3", port))]

    names = NameServers(look)
    told = await asyncio.gather(*(names.addresses(f"c{at}.city", 554) for at in range(4_000)), return_exceptions=True)
    assert all(isinstance(each, socket.gaierror) for each in told)
    assert len(asked) <= AWAY + THREADS
    is_away.clear()
    with pytest.raises(socket.gaierror):
        await names.addresses("c1.city", 554)
    monkeypatch.setattr(name_servers, "REST_S", 0.0)
    names._rests_until = 0.0
    assert await names.addresses("c1.city", 554) == ["10.1.2.3"]
    assert await names.addresses("c2.city", 554) == ["10.1.2.3"], "they answer again"


async def test_a_name_that_fails_alone_keeps_no_other_from_being_asked_for() -> None:
    def look(host: str, port: int) -> list[Any]:
        if host == "bad.city":
            raise socket.gaierror(socket.EAI_AGAIN, "nobody")
        return [(socket.AF_INET, 1, 6, "", ("10.1.2.3", port))]

    names = NameServers(look)
    for _ in range(3 * AWAY):
        with pytest.raises(socket.gaierror):
            await names.addresses("bad.city", 554)
    assert await names.addresses("good.city", 554) == ["10.1.2.3"]
