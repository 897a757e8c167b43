"""Cameras of GB/T 28181 at the SIP server: what was answered is committed, and what breaks is sent again."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count

import pytest

from devices.addressing import Origins
from devices.codecs.gb28181 import sip, writing
from hub.models import Delivery, Outcome
from hub.sip_settings import Sip
from ingest.sip.bindings import Bindings
from ingest.sip.news import without_login
from ingest.sip.registrar import Registrar
from ingest.sip.requests import Requests
from ingest.sip.server import SipServer
from ingest.sip.transport import Datagram
from simulator.cameras.gb28181 import Camera
from tests.support.process import eventually, free_port

CAMERA, CHANNEL = "34020000001320000002", "34020000001310000007"
PASSWORD = "12345678"
AT = "2026-02-28T12:00:01"
KNOWN = {CAMERA}
BOTH = pytest.mark.parametrize("transport", ["udp", "tcp"])


async def until(condition: Callable[[], object], what: str) -> None:
    """As `eventually`, of what can be told at once."""

    async def told() -> bool:
        return bool(condition())

    await eventually(told, what)


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

    async def commit(self) -> None:
        for delivery in self.held:
            await delivery.settle(Outcome())

    def told(self, form: str) -> list[tuple[str, str | None]]:
        origins = [raw.origin for each in self.deliveries for raw in each.raws if raw.origin.form == form]
        return [(origin.device, origin.gateway) for origin in origins]

    def faults(self) -> list[str]:
        return [raw.origin.fault[0] for each in self.deliveries for raw in each.raws if raw.origin.fault]

    def payloads(self, form: str) -> list[bytes]:
        return [raw.payload for each in self.deliveries for raw in each.raws if raw.origin.form == form]


class Served:
    """A server at ports of its own."""

    def __init__(self, **settings: object) -> None:
        self.port, self.store = free_port(), Store()
        where = f"127.0.0.1:{self.port}"
        self.settings = Sip.model_validate({"listen": where, "listen_udp": where, **settings})
        self.clock_is_right = True
        registrar = Registrar(self.settings, lambda _: [PASSWORD])
        self.server = SipServer(
            self.settings, self.store, registrar, Bindings(None), partial(Origins("ganzhi/v1").of_registered, "sip"),
            KNOWN.__contains__, lambda: self.clock_is_right,
        )  # fmt: skip

    def camera(self, id_: str = CAMERA, transport: str = "udp", **more: object) -> Camera:
        return Camera(id_, ("127.0.0.1", self.port), PASSWORD, transport=transport, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def serving(**settings: object) -> AsyncIterator[Served]:
    served = Served(**settings)
    running = asyncio.create_task(served.server.run())
    try:
        await until(lambda: served.server.connected, "the server to listen")
        yield served
    finally:
        served.server.stop()
        with suppress(asyncio.CancelledError):
            await running
        served.server.close()
        await asyncio.sleep(0)


@BOTH
async def test_an_alarm_is_answered_once_it_is_committed_and_stored_once_when_it_is_sent_again(transport: str) -> None:
    async with serving() as served, served.camera(transport=transport) as camera:
        final = await camera.register()
        assert final is not None
        assert (final.status, final.header("expires"), final.header("date")[:2]) == (200, "3600", "20")
        served.store.open = False
        alarm = asyncio.create_task(camera.alarm(5, 6, AT))
        await until(lambda: served.store.told("alarm"), "the alarm")
        if transport == "udp":  # sent again after 500 ms
            await until(lambda: served.server._answers.repeated, "a repeat")
        assert not alarm.done()
        await served.store.commit()
        answer = await alarm
        assert answer is not None
        assert answer.status == 200
        assert served.store.told("alarm") == [(CAMERA, None)]


@BOTH
async def test_what_a_device_answers_to_a_login_is_judged(transport: str) -> None:
    async with serving() as served, served.camera(transport=transport) as camera:
        for wrong in ({"password": "x"}, {"realm": "4403000000"}):
            answer = await camera.register(wrong=wrong)
            assert answer is not None
            assert answer.status == 403
        stale = await camera.register(wrong={"nonce": "1.abc"})
        assert stale is not None
        assert (stale.status, "stale=true" in stale.header("www-authenticate")) == (401, True)
        answer = await camera.keepalive()
        assert answer is not None
        assert answer.status == 403  # so that it registers
        assert await camera.register(wrong={"qop": ""}) is not None
        assert camera.registered is not None
        replayed = await camera.request("REGISTER", (("authorization", camera.shown), ("expires", "60")))
        assert replayed is not None
        assert replayed.status == 401
        await until(lambda: len(served.store.payloads("state")) >= 2, "letters")
        assert not any(b"response=" in payload for payload in served.store.payloads("state"))


async def test_no_time_is_told_while_the_clock_is_unsure_and_expires_0_logs_out() -> None:
    async with serving() as served, served.camera() as camera:
        served.clock_is_right = False
        final = await camera.register(90)
        assert final is not None
        assert (final.header("date"), final.header("expires"), served.server.registered) == ("", "90", 1)
        assert await camera.register(0) is not None
        assert served.server.registered == 0
        answer = await camera.keepalive()
        assert answer is not None
        assert answer.status == 403
        await until(lambda: len(served.store.payloads("state")) == 2, "both states")
        assert [b"ONLINE" in each for each in served.store.payloads("state")] == [True, False]


async def test_a_channel_that_nobody_has_registered_is_a_part_of_its_recorder() -> None:
    async with serving() as served, served.camera() as camera:
        await camera.register()
        await camera.alarm(7, None, AT, "明火", device=CHANNEL)
        assert served.store.told("part-alarm") == [(CAMERA, None)]
        KNOWN.add(CHANNEL)
        try:
            await camera.alarm(7, None, AT, "明火", device=CHANNEL)
        finally:
            KNOWN.discard(CHANNEL)
        assert served.store.told("alarm") == [(CHANNEL, CAMERA)]


async def test_keepalives_of_many_go_to_the_store_together() -> None:
    async with serving() as served:
        cameras = [served.camera(f"3402000000132000{number:04}") for number in range(30)]
        KNOWN.update(camera.id for camera in cameras)
        for camera in cameras:
            await camera.connect()
        await asyncio.gather(*(camera.register() for camera in cameras))
        await until(lambda: len(served.store.told("state")) == 30, "the states")
        before = len(served.store.deliveries)
        answers = await asyncio.gather(*(camera.keepalive() for camera in cameras))
        assert {answer and answer.status for answer in answers} == {200}
        assert len(served.store.told("state")) == 60
        assert len(served.store.deliveries) - before <= 3
        KNOWN.intersection_update({CAMERA})
        for camera in cameras:
            camera.close()
        await asyncio.sleep(0)


async def test_a_flood_of_register_is_not_answered_and_nobody_waits_for_it() -> None:
    async with serving(registers_per_s=1) as served, served.camera() as camera, served.camera() as other:
        for _ in range(20):
            answer = asyncio.create_task(camera.request("REGISTER"))
            await asyncio.sleep(0)
            answer.cancel()
        options = await other.request("OPTIONS")
        assert options is not None
        assert options.status == 200
        invite = await other.request("INVITE")
        assert invite is not None
        assert (invite.status, "MESSAGE" in invite.header("allow")) == (405, True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await other.register()


Broken = Callable[[bytes], bytes]


@pytest.mark.parametrize("broken", [
    lambda told: told.replace(b"<Notify>", b'<!DOCTYPE a [<!ENTITY b "c">]><Notify>'), lambda told: told[:-20],
    lambda told: told.replace(b"AlarmMethod", b"AlarmMethode"),
], ids=["doctype", "cut", "no method"])  # fmt: skip
async def test_a_body_that_cannot_be_read_is_kept_and_answered(broken: Broken) -> None:
    async with serving() as served, served.camera() as camera:
        await camera.register()
        body = broken(writing.body("Notify", "Alarm", 1, CAMERA, {"AlarmMethod": 5}))
        answer = await camera.message(body)
        assert answer is not None
        assert answer.status == 200
        assert served.store.payloads("alarm") == [body]


def gone(camera: Camera) -> bool:
    """Whether its connection has ended."""
    return camera._link is not None and camera._link.is_closing()


def telling(camera: Camera, length: bytes) -> None:
    """From now on a camera tells this in place of Content-Length."""
    write = camera.write
    camera.write = lambda octets: write(re.sub(rb"Content-Length: [0-9]+\r\n", length, octets))  # type: ignore[method-assign]


async def test_an_alarm_without_the_body_that_it_was_sent_with_is_not_said_to_be_kept() -> None:
    body = writing.body("Notify", "Alarm", 1, CAMERA, {"AlarmMethod": 5})
    async with serving() as served:
        answers = []
        for method in ("MESSAGE", "NOTIFY"):
            async with served.camera(transport="tcp") as stream:
                await stream.register()
                telling(stream, b"")
                answers.append(await stream.message(body, method))
                await until(partial(gone, stream), "the end of the connection")
        async with served.camera() as camera:
            await camera.register()
            answers += [await camera.request("MESSAGE"), await camera.request("NOTIFY")]
            telling(camera, b"Content-Length: 0\r\n")
            answers.append(await camera.message(body))
        assert [each and each.status for each in answers] == [400, 400, 400, 200, 200]
        await until(lambda: served.store.faults() == ["missing_field"] * 3, "the letters")
        assert served.store.payloads("alarm") == [body.rstrip()]


async def test_a_stream_of_nonsense_ends_and_a_datagram_of_it_hurts_nobody() -> None:
    async with serving() as served, served.camera(transport="tcp") as stream, served.camera() as camera:
        camera.write(b"\x00\xff" * 300)
        camera.write(b"REGISTER sip:x SIP/2.0\r\nVia: x\r\n\r\n")
        camera.write(b"\r\n\r\n")
        stream.write(b"GET / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
        await until(partial(gone, stream), "the end of the connection")
        assert await camera.register() is not None
        await until(lambda: set(served.store.faults()) == {"bad_frame", "missing_field", "too_large"}, "the letters")


async def test_who_is_registered_elsewhere_is_not_believed() -> None:
    async with serving() as served, served.camera() as camera:
        await camera.register()
        binding = served.server._bindings.all()[0]
        binding.host = "192.0.2.1"
        answer = await camera.alarm(2, 2, AT)
        assert answer is not None
        assert answer.status == 403
        assert served.store.told("alarm") == []


async def test_a_stream_is_told_that_an_alarm_was_not_kept_and_a_datagram_is_sent_again() -> None:
    async with serving() as served, served.camera(transport="tcp") as stream, served.camera() as camera:
        await stream.register()
        served.store.superseded = True
        async with asyncio.timeout(5):
            answer = await stream.alarm(2, 2, AT)
        assert (answer and answer.status) == 503
        await camera.register()
        alarm = asyncio.create_task(camera.alarm(2, 2, AT))
        await until(lambda: len(served.store.payloads("alarm")) == 2, "the datagram")
        served.store.superseded = False
        again = await alarm
        assert (again and again.status, len(served.store.payloads("alarm"))) == (200, 3)


async def test_a_camera_that_starts_anew_with_its_old_call_id_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as served, served.camera() as camera:
        news = list[bool]()
        monkeypatch.setattr(served.server._follower, "registered", lambda _, is_new: news.append(is_new))
        for number in (7, 20, 1):  # the third one: it has lost its counter
            camera._numbers = count(number)
            await camera.register()
        assert news == [True, False, True]


async def test_a_device_is_told_an_address_where_the_hub_listens_at_all_of_them() -> None:
    loop = asyncio.get_running_loop()
    link, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("0.0.0.0", 0))  # noqa: S104
    port = link.get_extra_info("sockname")[1]
    told = Requests(Sip()).message(Datagram(link, "127.0.0.1", 9), CAMERA, b"x")
    link.close()
    assert told.header("via").startswith(f"SIP/2.0/UDP 127.0.0.1:{port};")
    assert told.header("contact") == f"<sip:34020000002000000001@127.0.0.1:{port}>"


async def test_another_connection_takes_a_device_over_with_a_login_alone_while_the_first_is_open() -> None:
    async with serving() as served, served.camera(transport="tcp") as camera:
        await camera.register()
        binding = served.server._bindings.all()[0]
        first = binding.peer
        async with served.camera(transport="tcp") as other:
            answer = await other.alarm(2, 2, AT)
            assert (answer and answer.status, binding.peer is first) == (200, True)
            camera.close()
            await until(lambda: first not in served.server._connections, "the end of the first")
            await other.keepalive()
            assert binding.peer is not first


def test_what_is_kept_of_a_register_holds_no_login() -> None:
    octets = (
        b"REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=b\r\nFrom: <sip:1@2>\r\nTo: <sip:1@2>\r\nCall-ID: c\r\n"
        b'CSeq: 1 REGISTER\r\nAuthorization: Digest response="secret"\r\n\r\n'
    )
    assert b"secret" not in without_login(sip.read(octets))


async def test_what_is_kept_of_a_register_that_cannot_be_read_holds_no_login() -> None:
    async with serving() as served, served.camera() as camera:
        head = b"REGISTER sip:a SIP/2.0\r\nVia: a\r\n"
        for login in (b'Authorization: Digest\r\n response="secret"', b"proxy-authorization : Basic secret"):
            camera.write(head + login + b"\r\nX: y\r\n\r\n")
        camera.write(head + b"Authorization: Digest secret")
        await until(lambda: len(served.store.faults()) == 3, "the letters")
        letters = served.store.payloads("state")
        assert [b"secret" in each for each in letters] == [False] * 3
        assert letters[0] == head + b"X: y\r\n\r\n"


async def test_a_registration_that_is_not_renewed_says_that_its_device_is_away() -> None:
    async with serving() as served, served.camera() as camera:
        assert await camera.register() is not None
        await until(lambda: served.store.payloads("state"), "that it came")
        served.server._bindings._of[CAMERA].expires_at = 0.0
        await until(lambda: len(served.store.payloads("state")) == 2, "that it is away")
        came, away = served.store.payloads("state")
        assert (b"<Online>ONLINE<" in came, b"<Online>OFFLINE<" in away) == (True, True)
