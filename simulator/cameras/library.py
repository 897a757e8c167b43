"""A view library that is there for a while: it lists its devices and tollgates, tells their states, and of persons."""

import asyncio
from contextlib import AsyncExitStack, suppress
from itertools import count

import httpx

from devices.codecs.gat1400.writing import DEVICES, STATES, TOLLGATES
from simulator.cameras.viid import ViewLibrary, device, people, tollgate
from simulator.cameras.viid_server import LibraryServer

FLIPS = 3
"""Of so many devices one is away, every other time."""


def devices_of(library: str, number: int) -> list[str]:
    """The 20 digits of so many devices of a library."""
    return [f"{library[:6]}0000119{each:07}" for each in range(1, number + 1)]


async def live_library(
    url: str, id_: str, password: str, devices: int, every_s: float, seconds: float | None, port: int | None = None
) -> dict[str, int]:
    """For so many seconds, None: until it is cancelled; how much was told and taken.

    With a port it is a server, too, and tells what the hub has subscribed to there.
    """
    done = {"taken": 0, "refused": 0, "unanswered": 0}
    async with AsyncExitStack() as stack:
        library = await stack.enter_async_context(ViewLibrary(id_, url, password))
        server = None if port is None else await stack.enter_async_context(LibraryServer(port=port))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _live(library, server, devices_of(id_, devices), every_s, done)
        with suppress(httpx.HTTPError):
            await library.unregister()
    return done


async def _live(
    library: ViewLibrary, server: LibraryServer | None, ids: list[str], every_s: float, done: dict[str, int]
) -> None:
    registered = False
    for turn in count():
        try:
            if registered:
                registered = _counted(await _told(library, server, ids, turn), done)
            else:
                answer = await library.register()
                registered = answer.is_success
                done["refused"] += not registered
        except httpx.HTTPError:
            done["unanswered"] += 1
        await asyncio.sleep(every_s)


async def _told(library: ViewLibrary, server: LibraryServer | None, ids: list[str], turn: int) -> httpx.Response:
    """One message: devices, tollgates, states and persons in turn, and a keepalive where nobody asked for it."""
    detail = (DEVICES, TOLLGATES, STATES, "12")[turn % 4]
    subscription = "s1" if server is None else server.subscription(detail)
    if not subscription:
        return await library.keepalive()
    number = f"n{turn}"
    if detail == DEVICES:
        apes = [device(each, f"东门 {each[-3:]}") for each in ids]
        return await library.notify(number, subscription, DeviceList={"APEObject": apes})
    if detail == TOLLGATES:
        gates = {"TollgateObject": [tollgate(f"{library.id[:6]}00001210000001", "东门卡口")]}
        return await library.notify(number, subscription, TollgateObjectList=gates)
    if detail == STATES:
        there = {each: turn % 8 > 4 or place % FLIPS > 0 for place, each in enumerate(ids)}
        return await library.states(number, there, subscription)
    return await library.notify(number, subscription, **people(["浙A00000"], ["某某"], "x"))


def _counted(answer: httpx.Response, done: dict[str, int]) -> bool:
    """Count an answer; whether the library is still registered."""
    done["taken" if answer.is_success else "refused"] += 1
    return answer.status_code != 401
