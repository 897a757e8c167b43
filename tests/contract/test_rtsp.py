"""What servers of RTSP do, and what of it becomes pictures."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from app.video.trust import trust_of
from devices.cameras.camera_url import Login, parse_url
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import HttpPeer
from hub.words.sentence import Sentence
from ingest.video import rtsp, toll
from ingest.video.addressed import Addressed
from ingest.video.messages import NOBODY, Trusted
from ingest.video.rtp import Unit
from ingest.video.rtsp import RtspStream
from ingest.video.rtsp_answer import ports_of, read_answer
from simulator.cameras.http_login import HttpLogin
from simulator.cameras.rtsp import RtspCamera, clip
from tests.support.certificates import Authority

PATIENCE_S = 20.0
LOGIN = Login("ganzhi", "s3cret")


async def units_of(url: str, count: int, login: Login | None = None, trusted: Trusted = NOBODY) -> list[Unit]:
    """The first pictures of a stream, or why there are none."""
    parsed, _ = parse_url("rtsp", url)
    found = list[Unit]()
    async with asyncio.timeout(PATIENCE_S):
        peer = HttpPeer(parsed, login, Addressed(["127.0.0.1"]), trust_of(parsed, trusted))
        async with RtspStream(peer, login, 2.0).opened() as (_, units):
            async for unit in units:
                found.append(unit)
                if len(found) == count:
                    break
    return found


def whole(units: list[Unit]) -> bool:
    """Whether each picture follows the one before it, from a key picture on."""
    pictures = [b"".join(b"\0\0\0\1" + nal for nal in each) for each in clip("street.h264").pictures]
    first = next(at for at, each in enumerate(pictures) if each == units[0].data)
    return units[0].is_key and [each.data for each in units] == [
        pictures[(first + at) % 40] for at in range(len(units))
    ]


def twice(sent: list[bytes]) -> list[bytes]:
    return [each for told in sent for each in (told, told)]


def turned(sent: list[bytes]) -> list[bytes]:
    return sent[::-1]


@pytest.mark.parametrize("wire", [list, twice, turned], ids=["as sent", "twice", "in another order"])
@pytest.mark.parametrize("scheme", ["rtsp", "rtspu"])
async def test_each_picture_comes_though_packets_come_otherwise(scheme: str, wire: Callable[..., list[bytes]]) -> None:
    async with RtspCamera(clip("street.h264"), fps=200) as camera:
        camera.wire, camera.udp, camera.channel = wire, scheme == "rtspu", 6
        assert whole(await units_of(camera.url().replace("rtsp", scheme, 1), 15))


async def test_datagrams_come_through_a_router_that_lets_in_what_answers_alone() -> None:
    async with RtspCamera(clip("street.h264"), fps=200) as camera:
        camera.udp = camera.is_fenced = True
        assert whole(await units_of(camera.url().replace("rtsp", "rtspu", 1), 5))


@pytest.mark.parametrize("length", ["000000000999999999", "65537", "²", "-1"])
async def test_a_body_that_is_too_long_is_not_read(length: str) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(f"/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n".encode("latin-1") + bytes(100))
    with pytest.raises(ValueError, match="too long"):
        await read_answer(reader, b"RTSP")


@pytest.mark.parametrize(
    ("told", "ports"),
    [
        ("RTP/AVP;unicast;client_port=1-2;server_port=6970-6971", (6970, 6971)),
        ("RTP/AVP;server_port=8000", (8000, 8001)),
        ("RTP/AVP;server_port=53-54", None),
        ("RTP/AVP;server_port=99999-100000", None),
        ("RTP/AVP;server_port=65535-65536", None),
        ("RTP/AVP;unicast", None),
    ],
)
def test_no_port_of_a_system_is_sent_to(told: str, ports: tuple[int, int] | None) -> None:
    assert ports_of(told) == ports


async def test_a_camera_with_another_transport_is_told_by_the_scheme_it_needs() -> None:
    async with RtspCamera(clip("street.h264")) as camera:
        for udp, scheme, needed in ((True, "rtsp", "rtspu://"), (False, "rtspu", "rtsp://")):
            camera.udp = udp
            with pytest.raises(CameraFailed) as failed:
                await units_of(camera.url().replace("rtsp", scheme, 1), 1)
            assert failed.value.sentence == Sentence("camera.failed.transport", scheme=needed)


async def test_who_speaks_something_else_is_told_what_to_write(tmp_path: Path) -> None:
    pair = Authority(tmp_path).pair("camera")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)

    async def why(answer: bytes | None, scheme: str = "rtsp", tls: ssl.SSLContext | None = None) -> object:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(answer or b"")
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        async with server:
            with pytest.raises(CameraFailed) as failed:
                await units_of(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/1", 1)
        return failed.value.sentence.key

    assert await why(b"HTTP/1.1 400 Bad Request\r\n\r\n") == "camera.failed.is_http"
    assert await why(b"\x15\x03\x01\x00\x02\x02\x46") == "camera.failed.is_tls"
    assert await why(b"SSH-2.0-OpenSSH_9\r\n") == "camera.failed.rtsp"
    assert await why(None) == "camera.failed.hung_up"
    assert await why(b"RTSP/1.0 400 Bad Request\r\n\r\n", "rtsps") == "camera.failed.no_tls"
    assert await why(b"", "rtsp", context) in ("camera.failed.hung_up", "camera.failed.is_tls")


async def test_a_stream_for_many_is_told_as_one() -> None:
    async with RtspCamera(clip("street.h264")) as camera:
        camera.group = "239.1.2.3"
        with pytest.raises(CameraFailed) as failed:
            await units_of(camera.url(), 1)
        assert failed.value.sentence == Sentence("camera.failed.multicast")


async def test_who_sends_more_than_is_read_is_slowed_and_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PATIENCE_S", 0.3), ("SHARE", 0.01), ("BURST_S", 0.01)):
        monkeypatch.setattr(toll, name, value)

    def flood(_sent: list[bytes]) -> list[bytes]:
        return [b"\x80\x21" + bytes(10)] * 1_000

    async with RtspCamera(clip("street.h264"), fps=1_000) as camera:
        camera.wire = flood
        with pytest.raises(CameraFailed) as failed:
            await units_of(camera.url(), 1)
        assert failed.value.sentence == Sentence("camera.failed.flood")


async def test_over_tls_it_is_read_from_whom_the_hub_trusts_alone(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.pair("camera")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    async with RtspCamera(clip("street.h264"), HttpLogin(*LOGIN, "SHA-256"), tls=context, fps=100) as camera:
        assert await units_of(camera.url(), 1, LOGIN, Trusted(str(authority.file)))
        with pytest.raises(CameraFailed) as failed:
            await units_of(camera.url(), 1, LOGIN)
        assert failed.value.step == "tls"


async def test_a_session_is_kept_alive_by_what_the_camera_has_and_with_a_nonce_that_is_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.video.rtsp_answer.LEAST_ALIVE_S", 0.05)
    login = HttpLogin(*LOGIN)
    async with RtspCamera(clip("street.h264"), login, fps=50) as camera:
        camera.timeout_s, camera.unknown = 0, {"GET_PARAMETER"}
        login.stales = True
        parsed, _ = parse_url("rtsp", camera.url())
        peer = HttpPeer(parsed, LOGIN, Addressed(["127.0.0.1"]), trust_of(parsed, NOBODY))
        async with asyncio.timeout(PATIENCE_S), RtspStream(peer, LOGIN, 2.0).opened() as (_, units):
            async for _unit in units:
                asked = [each.split(" ")[0] for each in camera.asked]
                if asked.count("GET_PARAMETER") == 1 and asked.count("OPTIONS") > 4:
                    break
                if len(asked) == 9:
                    login.renew()  # as at a restart: what comes next is refused, with a new nonce
            else:
                pytest.fail(f"the stream ended: {camera.asked}")


async def test_a_session_that_the_camera_has_forgotten_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.video.rtsp_answer.LEAST_ALIVE_S", 0.05)
    monkeypatch.setattr(rtsp, "NO_SESSION", 501)
    monkeypatch.setattr(rtsp, "NO_METHOD", ())
    async with RtspCamera(clip("street.h264"), fps=50) as camera:
        camera.timeout_s, camera.unknown = 0, {"GET_PARAMETER"}
        with pytest.raises(CameraFailed) as failed:
            await units_of(camera.url(), 1_000)
    assert failed.value.sentence == Sentence("camera.failed.stream_ended")
