"""What view libraries are answered: who may register, and what of their lists is taken, after its commit.

What is about persons, faces, vehicles and pictures is dropped here, where it arrives, counted for its sender, and
answered with the code 0: after any other many keep it and send it again without end.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from devices.codecs.gat1400 import writing
from devices.codecs.gat1400.document import Contents, State, contents, read
from devices.codecs.gat1400.writing import Code
from devices.codecs.gb28181.catalogue import Channel
from devices.codecs.gb28181.ids import is_id
from devices.personal_values import masked
from devices.registry.device import Device
from hub.access.caller import Caller
from hub.access.token_bucket import TokenBuckets
from hub.errors import DecodeError, HubError
from hub.models import Origin, Raw
from hub.viid_settings import Viid
from hub.words.sentence import Sentence
from ingest.channels import Channels
from ingest.holding import Holding, NotTakenError
from ingest.logins import Logins
from ingest.unwanted import Unwanted
from ingest.viid.limits import (
    DROPPED_OF_ONE,
    HOLD_S,
    LETTERS_OF_ONE,
    LETTERS_PER_S,
    LETTERS_ROOM,
    REGISTERED,
    SMALL_BYTES,
    TOLD_UNKNOWN,
)
from ingest.viid.registrations import Registrations
from ingest.viid.request import BUSY, Bodies, Refused, host_of, sender_of

log = logging.getLogger(__name__)

OriginOf = Callable[[str, str, str], Origin]
"""Of a sender, a form and the device that it tells of; both by their 20 digits."""
DeviceOf = Callable[[str], Device | None]
"""The device that somebody has registered in the registry, by its 20 digits; None where it is not active."""

TYPE = "application/VIID+JSON;charset=UTF-8"
LISTS = ("subscribenotifications", "apes", "apestatus", "tollgates")
"""Resources whose lists are taken."""
DROPPED = frozenset({
    "faces", "persons", "motorvehicles", "nonmotorvehicles", "things", "scenes", "images", "videoslices", "files",
    "cases", "dispositions", "dispositionnotifications", "videolabels", "vehiclesflows", "archives",
})  # fmt: skip
"""Resources about persons, vehicles and pictures (GA/T 1400.4-2017, 7.2)."""


class Service:
    """Answers requests. Without `device_of`, of an edge, nobody knows who is registered in the registry."""

    def __init__(
        self, settings: Viid, holding: Holding, registrations: Registrations, logins: Logins, origin: OriginOf,
        device_of: DeviceOf | None, channels: Channels | None, tollgates: Channels | None,
        clock_is_right: Callable[[], bool], unwanted: Unwanted,
    ) -> None:  # fmt: skip
        """Without `channels` or `tollgates` those that platforms list are not registered."""
        self._settings, self._holding, self._registrations = settings, holding, registrations
        self._logins, self._origin, self._device_of = logins, origin, device_of
        self._channels, self._tollgates, self._clock_is_right = channels, tollgates, clock_is_right
        self._unwanted = unwanted
        self._bodies = Bodies(settings.body_s)
        self._letters = TokenBuckets(LETTERS_PER_S, room=LETTERS_ROOM)
        self._told_unknown: dict[str, None] = {}

    async def answer(self, request: HttpRequest) -> Response:
        """Answer one request; never raises for what it holds."""
        path = request.url.path.rstrip("/")
        resource = path.lower().removeprefix("/viid/")
        try:
            return await self._served(request, path, resource)
        except Refused as error:
            told = writing.one(writing.status(path, error.code, str(error.sentence), at=self._now()))
            return Response(told, error.http, error.headers, TYPE)
        except NotTakenError as error:
            told = writing.one(writing.status(path, Code.BUSY, str(error.sentence), at=self._now()))
            return Response(told, 503, {"Retry-After": str(error.retry_after_s)}, TYPE)
        except HubError as error:
            log.debug("a view library is told to come again: %s", error)
            told = writing.one(writing.status(path, Code.BUSY, str(Sentence("refusal.viid.store")), at=self._now()))
            return Response(told, 503, BUSY, TYPE)

    async def _served(self, request: HttpRequest, path: str, resource: str) -> Response:
        system: dict[tuple[str, str], Callable[[HttpRequest, str], Awaitable[Response]]] = {
            ("POST", "system/register"): self._register, ("POST", "system/keepalive"): self._keepalive,
            ("POST", "system/unregister"): self._unregister, ("GET", "system/time"): self._time,
        }  # fmt: skip
        served = system.get((request.method, resource))
        if served is not None:
            return await served(request, path)
        if request.method in ("POST", "PUT") and resource in LISTS:
            return await self._lists(request, path)
        if request.method in ("POST", "PUT") and resource.partition("/")[0] in DROPPED:
            return await self._drop(request, path)
        raise Refused(
            404, Code.INVALID_OPERATION, Sentence("refusal.viid.operation", told=f"{request.method} {path[:80]}")
        )

    async def _register(self, request: HttpRequest, path: str) -> Response:
        host, now = host_of(request), _now()
        if self._logins.crowded(host, now):
            raise Refused(429, Code.BUSY, Sentence("refusal.viid.rate"), BUSY)
        sender = await self._named(request)
        denied = self._logins.judged(sender, "POST", request.headers.get("authorization", ""), host, now)
        if denied is not None and denied.challenge is not None:
            sentence = Sentence("refusal.viid.register", told=sender)
            raise Refused(401, Code.INVALID_OPERATION, sentence, {"WWW-Authenticate": denied.challenge})
        if denied is not None:
            if denied.too_many or denied.fault is None:
                raise Refused(429, Code.BUSY, Sentence("refusal.viid.rate"), BUSY)
            await self._letter(host, sender, denied.fault)
            raise Refused(403, Code.INVALID_OPERATION, denied.fault[1])
        if not self._registrations.has_room(sender):
            raise Refused(503, Code.BUSY, Sentence("refusal.viid.full", most=f"{REGISTERED:,}"), BUSY)
        said = "".join(letter for letter in request.headers.get("user-agent", "") if letter.isprintable())[:64]
        agent = masked(said)[0]
        before = await self._registrations.put(sender, host, agent, now)
        if before not in (None, host):
            log.warning(
                "%s registers from %s, and was registered from %s: each needs an id of its own", sender, host, before
            )
        self._passed(request, sender)
        await self._came(sender)
        return self._done(path, sender)

    async def _came(self, sender: str) -> None:
        """It is there. Of one that nobody knows a letter, once, that tells how to register it."""
        if self._device_of is None or self._device_of(sender) is not None:
            await self.submit([(sender, writing.state_part(State(sender, True)))], sender)
        elif sender not in self._told_unknown:
            await self.submit([(sender, writing.system_part("Register", sender))], sender)
            if len(self._told_unknown) >= TOLD_UNKNOWN:
                del self._told_unknown[next(iter(self._told_unknown))]
            self._told_unknown[sender] = None

    async def _keepalive(self, request: HttpRequest, path: str) -> Response:
        sender = await self._named(request)
        self._let_in(request, sender)
        if self._is_known(sender):
            await self.submit([(sender, writing.system_part("Keepalive", sender))], sender)
        return self._done(path, sender)

    async def _unregister(self, request: HttpRequest, path: str) -> Response:
        sender = await self._named(request)
        self._let_in(request, sender)
        await self.left(sender)
        return self._done(path, sender)

    async def left(self, sender: str) -> None:
        """One has logged out, or was not heard for long. NotTakenError, StoreUnavailable: it is still there."""
        if self._is_known(sender):
            await self.submit([(sender, writing.state_part(State(sender, False)))], sender)
        await self._registrations.drop(sender)

    async def _time(self, request: HttpRequest, _path: str) -> Response:
        self._let_in(request, sender_of(request))
        at = self._now()
        if at is None:
            raise Refused(503, Code.FAULT, Sentence("refusal.viid.clock"), BUSY)
        return Response(writing.time_told(self._settings.id, at), 200, None, TYPE)

    async def _named(self, request: HttpRequest) -> str:
        """Who a system message names. Refused."""
        body = await self._bodies.read(request, SMALL_BYTES)
        try:
            found = contents(read(body.octets)) if body.octets else Contents()
        except DecodeError as error:
            raise _unreadable(error) from None
        finally:
            body.end()
        if found.faults:
            raise _unreadable(found.faults[0])
        sender = found.sender or sender_of(request)
        if not is_id(sender):
            raise Refused(
                400, Code.JSON_CONTENT, Sentence("refusal.gat1400.id", name="DeviceID", told=repr(sender[:20]))
            )
        return sender

    def _let_in(self, request: HttpRequest, sender: str) -> None:
        """Who has registered from there. Refused, so that it registers."""
        host, now = host_of(request), _now()
        if not self._registrations.heard(sender, host, now):
            challenge = {"WWW-Authenticate": self._logins.challenged(host, now)}
            told = sender if is_id(sender) else repr(sender[:20])
            raise Refused(401, Code.INVALID_OPERATION, Sentence("refusal.viid.register", told=told), challenge)
        self._passed(request, sender)

    async def _lists(self, request: HttpRequest, path: str) -> Response:
        sender = sender_of(request)
        self._let_in(request, sender)
        body = await self._bodies.read(request, self._settings.body_mb << 20)
        try:
            document = read(body.octets, self._settings.body_mb << 20)
            found = contents(document)
            answered = writing.ids(document)
        except DecodeError as error:
            await self._letter(host_of(request), sender, (error.reason, error.detail))
            raise _unreadable(error) from None
        finally:
            body.end()
        await self.take(found, sender)
        for subscription in sorted(found.unwanted):
            self._unwanted.tell(sender, subscription)
        return self._each(path, answered)

    async def take(self, found: Contents, sender: str) -> None:
        """Keep what a document of a sender tells. Refused, NotTakenError, StoreUnavailable: it is to be sent again."""
        device = None if self._device_of is None else self._device_of(sender)
        if device is None and self._device_of is not None:
            if found.devices or found.tollgates or found.states:
                raise Refused(403, Code.INVALID_OPERATION, Sentence("refusal.viid.unknown", told=sender))
            self._registrations.dropped(sender, found.private)
            return  # nothing of it would be kept
        for channels, listed in ((self._channels, found.devices), (self._tollgates, found.tollgates)):
            await self._listed(channels, device, [each for each in listed if each.id != sender])
        parts = [(each.device, writing.state_part(each)) for each in found.states if self._is_known(each.device)]
        parts += self._dropped(found, sender)
        self._registrations.dropped(sender, found.private)
        faults = [(error.reason, error.detail) for error in found.faults[:LETTERS_OF_ONE]]
        await self.submit(parts or [(sender, writing.system_part("Keepalive", sender))], sender, faults)

    async def _listed(self, channels: Channels | None, above: Device | None, listed: Sequence[Channel]) -> None:
        if channels is None or above is None or not listed:
            return
        if not await channels.put(above.id, listed):
            raise Refused(503, Code.BUSY, Sentence("refusal.viid.store"), BUSY)

    async def _drop(self, request: HttpRequest, path: str) -> Response:
        """Of persons, vehicles and pictures nothing is kept but their number."""
        sender = sender_of(request)
        self._let_in(request, sender)
        most = self._settings.body_mb << 20
        told = request.headers.get("content-length", "")
        found, answered = Contents(), list[str]()
        if told.isascii() and told.isdigit() and len(told) < 12 and int(told) > most:
            await self._bodies.pass_over(request)
        else:
            try:
                found, answered = await self._persons(request, most)
            except (DecodeError, Refused) as error:
                if isinstance(error, Refused) and error.http not in (400, 413):
                    raise
                log.debug("%s: a message about persons that cannot be read is dropped", sender)
        found.private = max(found.private, 1)
        self._registrations.dropped(sender, found.private)
        if self._is_known(sender):
            await self.submit(self._dropped(found, sender), sender)
        return self._each(path, answered)

    def _dropped(self, found: Contents, sender: str) -> list[tuple[str, bytes]]:
        """How much is dropped: of each registered device that its objects name, and the others of their sender."""
        if not found.private:
            return []
        counts = {device: count for device, count in found.private_of.items() if self._is_known(device)}
        counts[sender] = counts.get(sender, 0) + found.private - sum(counts.values())
        return [
            (device, writing.dropped_part(min(count, DROPPED_OF_ONE))) for device, count in counts.items() if count > 0
        ]

    async def _persons(self, request: HttpRequest, most: int) -> tuple[Contents, list[str]]:
        """What a body holds, and the ids of what it is about, which are answered. DecodeError, Refused."""
        body = await self._bodies.read(request, most)
        try:
            document = read(body.octets, most)
            return contents(document), writing.ids(document)
        finally:
            body.end()

    async def submit(
        self, parts: Sequence[tuple[str, bytes]], sender: str, faults: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Wait until parts, each with its device, are committed. NotTakenError."""
        raws = [Raw(self._origin(sender, "frame", device), part, self._holding.now()) for device, part in parts]
        raws += [Raw(self._fault(sender, fault), b"{}", self._holding.now()) for fault in faults]
        await self._holding.submitted(raws, HOLD_S, repeats=True)

    async def _letter(self, host: str, sender: str, fault: tuple[str, str]) -> None:
        """A letter of the first few of an address that cannot be read: why, and nothing of what it was."""
        if self._letters.take(host, _now()):
            return
        log.info("%s: %s", host, fault[1])
        try:
            await self._holding.submitted(
                [Raw(self._fault(sender, fault), b"", self._holding.now())], HOLD_S, repeats=True
            )
        except NotTakenError as error:
            log.debug("a letter is not kept: %s", error)

    def _fault(self, sender: str, fault: tuple[str, str]) -> Origin:
        return Origin("viid", f"gat1400/{sender}/frame/{sender}", sender, "frame", None, "gat1400", False, fault)

    def _is_known(self, id_: str) -> bool:
        return self._device_of is None or self._device_of(id_) is not None

    def _passed(self, request: HttpRequest, sender: str) -> None:
        """It is known who asks: the server slows down who is not."""
        request.state.caller = Caller("machine", f"view library {sender}", address=host_of(request))

    def _now(self) -> datetime | None:
        return datetime.now(UTC) if self._clock_is_right() else None

    def _done(self, path: str, sender: str) -> Response:
        return Response(writing.one(writing.status(path, Code.OK, "OK", sender, self._now())), 200, None, TYPE)

    def _each(self, path: str, answered: Sequence[str]) -> Response:
        at = self._now()
        told: list[dict[str, Any]] = [writing.status(path, Code.OK, "OK", id_, at) for id_ in answered or [""]]
        return Response(writing.many(told), 200, None, TYPE)


def _unreadable(error: DecodeError) -> Refused:
    code = Code.JSON_FORMAT if error.reason in ("not_json", "not_utf8") else Code.JSON_CONTENT
    return Refused(400, code, Sentence("refusal.viid.at", why=error.detail, at=str(error.at)))


def _now() -> float:
    return asyncio.get_running_loop().time()
