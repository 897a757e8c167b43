"""A view library that is there for a while: it lists its devices and tollgates, tells their states, and of persons."""

import asyncio
from contextlib import suppress
from itertools import count

import httpx

from simulator.cameras.viid import ViewLibrary, device, people, tollgate

FLIPS = 3
"""Of so many devices one is away, every other time."""


def devices_of(library: str, number: int) -> list[str]:
    """The 20 digits of so many devices of a library."""
    return [f"{library[:6]}0000119{each:07}" for each in range(1, number + 1)]


async def live_library(
    url: str, id_: str, password: str, devices: int, every_s: float, seconds: float | None
) -> dict[str, int]:
    """For so many seconds, None: until it is cancelled; how much was told and taken."""
    done = {"taken": 0, "refused": 0, "unanswered": 0}
    async with ViewLibrary(id_, url, password) as library:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _live(library, devices_of(id_, devices), every_s, done)
        with suppress(httpx.HTTPError):
            await library.unregister()
    return done


async def _live(library: ViewLibrary, ids: list[str], every_s: float, done: dict[str, int]) -> None:
    registered = False
    for turn in count():
        with suppress(httpx.HTTPError):
            if not registered:
                registered = (await library.register()).is_success
            elif turn % 4 == 1:
                apes = [device(each, f"东门 {each[-3:]}") for each in ids]
                gates = {"TollgateObject": [tollgate(f"{library.id[:6]}00001210000001", "东门卡口")]}
                lists = await library.notify(f"n{turn}", DeviceList={"APEObject": apes}, TollgateObjectList=gates)
                registered = _counted(lists, done)
            elif turn % 4 == 2:
                away = {each: turn % 8 > 4 or number % FLIPS > 0 for number, each in enumerate(ids)}
                registered = _counted(await library.states(f"n{turn}", away), done)
            elif turn % 4 == 3:
                registered = _counted(await library.notify(f"n{turn}", **people(["浙A00000"], ["某某"], "x")), done)
            else:
                registered = _counted(await library.keepalive(), done)
            await asyncio.sleep(every_s)
            continue
        done["unanswered"] += 1
        await asyncio.sleep(every_s)


def _counted(answer: httpx.Response, done: dict[str, int]) -> bool:
    """Count an answer; whether the library is still registered."""
    done["taken" if answer.is_success else "refused"] += 1
    return answer.status_code != 401
