"""View libraries of GA/T 1400 at the HTTP server: what was answered is committed, and who may not is told why."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from api.http.bound import bound
from api.http.server import configured
from devices.addressing import Origins
from devices.cameras.gat1400_service import Gat1400Service
from devices.codecs.gat1400.writing import system_part
from devices.registry.device import Device
from hub.models import Delivery, Outcome
from hub.viid_settings import Viid
from ingest.cameras.gat1400 import Gat1400Following
from ingest.holding import Holding
from ingest.logins import Logins
from ingest.unwanted import Unwanted
from ingest.viid import limits, registrations, request
from ingest.viid import server as server_
from ingest.viid import service as service_
from ingest.viid.registrations import Registrations
from ingest.viid.server import ViidServer
from ingest.viid.service import Service
from simulator.cameras.viid import ViewLibrary, people
from tests.support.process import eventually, free_port

PLATFORM, APE, PASSWORD = "33010000005030000001", "33010000001190000007", "viid-Demo-1"
OWN = "330100000000032026091217304100003"
"""Id of a subscription of the hub."""


class Store:
    """A sink that commits when the test lets it."""

    full = False

    def __init__(self) -> None:
        self.held: list[Delivery] = []
        self.deliveries: list[Delivery] = []
        self.open, self.superseded = True, False

    async def submit(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        if self.superseded:
            await delivery.settle(Outcome(superseded=True))
        elif self.open:
            await delivery.settle(Outcome())
        else:
            self.held.append(delivery)

    def told(self) -> list[tuple[str, str | None, bytes]]:
        raws = [raw for each in self.deliveries for raw in each.raws]
        return [(raw.origin.device, raw.origin.gateway, raw.payload) for raw in raws]


class Served:
    """A server at a port of its own."""

    def __init__(self, known: tuple[str, ...] | None = (PLATFORM, APE), **settings: object) -> None:
        self.port, self.store, self.trouble = free_port(), Store(), list[str]()
        self.settings = Viid.model_validate({"listen": f"127.0.0.1:{self.port}", **settings})
        self.clock_is_right = True
        self.holding, self.registrations = Holding(self.store, lambda: self.trouble), Registrations(None)

        def device_of(id_: str) -> Device | None:
            return cast(Device, SimpleNamespace(id=1)) if id_ in (known or ()) else None

        logins = Logins("viid", "MD5", self.settings.registers_per_s, lambda _: [PASSWORD])
        service = Service(
            self.settings, self.holding, self.registrations, logins,
            partial(Origins("ganzhi/v1").of_registered, "viid"), None if known is None else device_of, None, None,
            lambda: self.clock_is_right, Unwanted(),
        )  # fmt: skip
        serving = partial(configured, host="127.0.0.1", port=self.port, graceful_s=5.0)
        where = partial(bound, "127.0.0.1", self.port, "viid.listen")
        self.server = ViidServer(self.settings, self.holding, self.registrations, service, serving, where)

    def library(self, id_: str = PLATFORM, password: str = PASSWORD) -> ViewLibrary:
        return ViewLibrary(id_, f"http://127.0.0.1:{self.port}", password)


@asynccontextmanager
async def serving(**settings: object) -> AsyncIterator[Served]:
    served = Served(**settings)  # type: ignore[arg-type]
    running = asyncio.create_task(served.server.run())
    try:
        await until(lambda: served.server.connected, "the server to listen")
        yield served
    finally:
        served.server.stop()
        await running


async def until(condition: Callable[[], object], what: str) -> None:
    async def told() -> bool:
        return bool(condition())

    await eventually(told, what)


def code_of(answer: httpx.Response) -> int:
    told = answer.json()
    several = told.get("ResponseStatusListObject", {}).get("ResponseStatusObject")
    return int((several[0] if several else told["ResponseStatusObject"])["StatusCode"])


async def test_a_state_is_answered_once_it_is_committed_and_busy_where_it_cannot_be() -> None:
    async with serving() as served, served.library() as below:
        assert (await below.register()).status_code == 200
        served.store.open = False
        told = asyncio.create_task(below.states("n1", {APE: False}))
        await until(lambda: served.store.held, "the state")
        assert not told.done()
        [delivery] = served.store.held
        await delivery.settle(Outcome())
        assert (await told).status_code == 200
        part = (APE, PLATFORM, b'{"APEStatusObject":{"ApeID":"33010000001190000007","IsOnline":"2"}}')
        assert served.store.told()[-1] == part
        served.store.superseded = True
        answer = await below.states("n2", {APE: False})
        assert (answer.status_code, code_of(answer)) == (503, 2)
        served.trouble.append("the store is away")
        answer = await below.keepalive()
        assert (answer.status_code, code_of(answer), "the store is away" in answer.text) == (503, 2, True)


async def test_who_may_register_is_judged_and_a_flood_is_told_to_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(registers_per_s=1) as served, served.library() as below:
        first = await below.send("POST", "/VIID/System/Register", system_part("Register", PLATFORM))
        assert first.status_code == 401
        asked = first.headers["www-authenticate"]
        assert 'realm="viid"' in asked
        assert (await below.register()).status_code == 200
        shown = below.last_login
        again = await below.send(
            "POST", "/VIID/System/Register", system_part("Register", PLATFORM), Authorization=shown
        )
        assert again.status_code == 401, "a login that is shown again is a replay"
        async with served.library(password="x") as wrong:
            answer = await wrong.register()
            assert (answer.status_code, code_of(answer)) == (403, 4)
        answers = await asyncio.gather(*[below.send("POST", "/VIID/System/Register", b"{}") for _ in range(60)])
        assert [each.status_code for each in answers].count(429) > 30
    monkeypatch.setattr(registrations, "REGISTERED", 1)
    async with serving() as served, served.library() as below, served.library(APE) as other:
        assert (await below.register()).status_code == 200
        answer = await other.register()
        assert (answer.status_code, code_of(answer)) == (503, 2)


async def test_a_registration_is_worth_something_at_its_own_address_only() -> None:
    async with serving() as served, served.library() as below:
        assert (await below.register()).status_code == 200
        elsewhere = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx.AsyncClient(transport=elsewhere, trust_env=False) as thief:
            answer = await thief.post(
                f"http://127.0.0.1:{served.port}/VIID/SubscribeNotifications", headers={"User-Identify": PLATFORM},
                json={"APEStatusObject": {"ApeID": APE, "IsOnline": "2"}},
            )  # fmt: skip
        assert (answer.status_code, code_of(answer)) == (401, 4)
        assert all(b'"2"' not in payload for *_, payload in served.store.told())


async def test_the_time_is_told_while_the_clock_is_sure_and_nowhere_else() -> None:
    async with serving() as served, served.library() as below:
        assert (await below.register()).json()["ResponseStatusObject"]["LocalTime"][:2] == "20"
        told = (await below.time()).json()["SystemTimeObject"]
        assert (told["VIIDServerID"], len(told["LocalTime"])) == (served.settings.id, 14)
        served.clock_is_right = False
        answer = await below.time()
        assert (answer.status_code, code_of(answer)) == (503, 3)
        assert "LocalTime" not in (await below.keepalive()).text


async def test_who_misses_three_keepalives_is_offline_and_registers_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_, "CHECK_S", 0.02)
    monkeypatch.setattr(server_, "MISSES", 0.02)
    async with serving(keepalive_s=5) as served, served.library() as below:
        assert (await below.register()).status_code == 200
        off = (PLATFORM, None, b'{"APEStatusObject":{"ApeID":"33010000005030000001","IsOnline":"2"}}')
        served.trouble.append("the store is away")
        await until(lambda: served.registrations.silent(1e9), "it is silent")
        assert off not in served.store.told()
        served.trouble.clear()
        await until(lambda: off in served.store.told(), "that it is offline")
        await until(lambda: not len(served.registrations), "it is not registered any more")
        assert (await below.keepalive()).status_code == 401


async def test_bodies_are_bounded_in_size_time_and_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(body_mb=1, body_s=1) as served, served.library() as below:
        assert (await below.register()).status_code == 200
        path = "/VIID/SubscribeNotifications"
        answer = await below.send("POST", path, b"{" + b" " * (1 << 20))
        assert (answer.status_code, code_of(answer)) == (413, 8)
        large = {"FaceListObject": {"FaceObject": [{"FaceID": "f", "Data": "x" * (1 << 20)}]}}
        answer = await below.post("Faces", large)
        assert (answer.status_code, code_of(answer)) == (200, 0), "it would be sent again without end"
        assert b"Dropped" in served.store.told()[-1][2]
        reading, writing = await asyncio.open_connection("127.0.0.1", served.port)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nUser-Identify: {PLATFORM}\r\nContent-Length: 100\r\n\r\n{{"
        writing.write(head.encode())
        assert (await reading.readline()).split()[1] == b"408"
        writing.close()
        monkeypatch.setattr(request, "BODIES_BYTES", 10)
        answer = await below.keepalive()
        assert (answer.status_code, code_of(answer)) == (503, 2)
        assert served.server._service._bodies._held == 0


async def test_a_packed_body_is_read_and_bounded_by_what_it_unpacks_to() -> None:
    async with serving(body_mb=1) as served, served.library() as below:
        assert (await below.register()).status_code == 200

        async def sent(body: bytes, path: str = "APEStatus", coding: str = "gzip") -> int:
            answer = await below.send("POST", f"/VIID/{path}", body, **{"Content-Encoding": coding})
            return answer.status_code

        told = b'{"APEStatusObject":{"ApeID":"33010000001190000007","IsOnline":"2"}}'
        assert await sent(gzip.compress(told)) == 200
        assert served.store.told()[-1] == (APE, PLATFORM, told)
        bomb = gzip.compress(b"{" + b" " * (64 << 20))
        assert [await sent(each) for each in (bomb, gzip.compress(told)[:-4], told)] == [413, 400, 400]
        assert await sent(told, coding="br") == 415
        assert await sent(bomb, "Faces") == 200, "it would be sent again without end"
        assert served.server._service._bodies._held == 0


async def test_whose_subscription_brought_persons_is_told_with_who_sent_them() -> None:
    async with serving() as served, served.library() as below:
        assert (await below.register()).status_code == 200
        await below.notify("n1", OWN, **people(["浙A12345"], ["王小二"], "/9j/"))
        told = await served.server._service._unwanted.next()
    assert told == (PLATFORM, OWN)


async def test_a_library_that_names_the_subscription_of_another_ends_none() -> None:
    cancelled: list[str] = []

    async def cancel(detail: str, since: datetime) -> None:
        cancelled.append(detail)

    service = SimpleNamespace(number=PLATFORM, subscription=lambda detail, since: OWN[:-1] + detail, cancel=cancel)
    at = datetime(2026, 9, 12, tzinfo=UTC)
    following = Gat1400Following("a", cast(Gat1400Service, service), at, "http://hub", asyncio.Semaphore(1))
    await following.refuse(APE, OWN)
    assert cancelled == []
    await following.refuse(PLATFORM, OWN)
    assert cancelled == ["3"]


async def test_of_persons_their_number_alone_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by an edge, which knows nobody: what it forwards holds nothing of them."""
    async with serving(known=None) as served, served.library() as below:
        assert (await below.register()).status_code == 200
        listed = people(["浙A12345"], ["王小二"], "/9j/")
        monkeypatch.setattr(service_, "DROPPED_OF_ONE", 3)
        assert code_of(await below.notify("n1", **listed)) == 0
        dropped = b'{"DroppedListObject":{"DroppedObject":[{},{},{}]}}'
        assert served.store.told()[-1] == (PLATFORM, None, dropped)
        for number in range(limits.LETTERS_ROOM + 2):
            assert (await below.send("POST", "/VIID/APEs", f'{{"王小二{number}'.encode())).status_code == 400
        letters = [raw for each in served.store.deliveries for raw in each.raws if raw.origin.fault]
        assert len(letters) == limits.LETTERS_ROOM
        assert {raw.payload for raw in letters} == {b""}


async def test_what_is_dropped_counts_of_the_camera_that_it_names_where_it_is_registered() -> None:
    stranger = APE.replace("7", "8")
    faces = [
        {"FaceID": "f", "Name": "王小二", "DeviceID": id_} for id_ in (APE, APE, stranger, "330106199001011234", None)
    ]
    told = json.dumps({"FaceObjectList": {"FaceObject": faces}}).encode()
    async with serving() as served, served.library() as below:
        assert (await below.register()).status_code == 200
        for answer in (await below.notify("n1", **json.loads(told)), await below.send("POST", "/VIID/Faces", told)):
            assert code_of(answer) == 0
            counted = {(each, payload.count(b"{}")) for each, _, payload in served.store.told()[-2:]}
            assert counted == {(APE, 2), (PLATFORM, 3)}
