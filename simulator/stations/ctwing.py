"""A CTWing that pushes: POST, answered by 200 or repeated three times, then given up."""

import asyncio
from base64 import b64encode
from collections.abc import Callable

import httpx
import msgspec

from hub.models import Micros
from simulator.messages import Message
from simulator.stations.uplinks import Sensor

REPEATS = 3
PRODUCT = "15000240"


def message(sensor: Sensor, at: Micros) -> Message:
    """The next report of a module with transparent payloads; times are the platform's, in milliseconds."""
    told, readings = sensor.uplink(at)
    body = {
        "upPacketSN": -1, "upDataSN": -1, "topic": "v1/up/ad19prof", "timestamp": at // 1000, "tenantId": "10000001",
        "serviceId": "", "protocol": "lwm2m", "productId": PRODUCT, "payload": {"APPdata": b64encode(told).decode()},
        "messageType": "dataReport", "deviceType": "", "deviceId": sensor.name, "assocAssetId": "",
        "IMSI": "undefined", "IMEI": sensor.name[1:],
    }  # fmt: skip
    return Message("ctwing", msgspec.json.encode(body), readings)


class Platform:
    """Pushes to one address, at most so many at a time.

    What has no 200 after all repeats is given up: the hub may have taken it all the same, and have been late to say so.
    """

    def __init__(
        self,
        url: str,
        acknowledged: Callable[[Message], None],
        given_up: Callable[[Message], None],
        at_once: int = 10,
        pause_s: float = 0.5,
    ) -> None:
        self._url, self._acknowledged, self._given_up, self._pause_s = url, acknowledged, given_up, pause_s
        self._room = asyncio.Semaphore(at_once)
        self._client = httpx.AsyncClient(timeout=10)
        self._pushing = set[asyncio.Task[None]]()
        self.repeats = 0

    @property
    def pending(self) -> int:
        """Messages that are neither taken nor given up."""
        return len(self._pushing)

    def push(self, message_: Message) -> None:
        """Push it soon."""
        task = asyncio.create_task(self._push(message_), name="ctwing.push")
        self._pushing.add(task)
        task.add_done_callback(self._pushing.discard)

    async def close(self) -> None:
        """Drop what is under way."""
        for task in self._pushing:
            task.cancel()
        await asyncio.gather(*self._pushing, return_exceptions=True)
        await self._client.aclose()

    async def _push(self, message_: Message) -> None:
        headers = {"Content-Type": "application/json"}
        async with self._room:
            for attempt in range(1 + REPEATS):
                if attempt:
                    self.repeats += 1
                    await asyncio.sleep(self._pause_s * attempt)
                try:
                    answer = await self._client.post(self._url, content=message_.payload, headers=headers)
                except httpx.TransportError:
                    continue
                if answer.status_code == httpx.codes.OK:
                    self._acknowledged(message_)
                    return
            self._given_up(message_)
