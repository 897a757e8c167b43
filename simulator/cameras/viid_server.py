"""A view library as a server: it keeps what the hub subscribes to, tells its time, and cancels what it is told to."""

import asyncio
import json
from typing import Any

from simulator.cameras.http_login import HttpLogin
from simulator.cameras.web_server import Asked, WebServer, reply

TYPE = "application/VIID+JSON;charset=UTF-8"


class LibraryServer(WebServer):
    """Subscriptions by their ids, as they were told last."""

    def __init__(self, login: HttpLogin | None = None, port: int = 0) -> None:
        super().__init__(self._answer, login, port=port)
        self.subscribed: dict[str, dict[str, Any]] = {}
        self.cancelled: list[str] = []
        """Details of those that were cancelled, in their order."""

    def receiver(self, detail: str) -> str:
        """Where notifications of a detail go."""
        return next(str(each["ReceiveAddr"]) for each in self.subscribed.values() if each["SubscribeDetail"] == detail)

    def subscription(self, detail: str) -> str:
        """Its id; "" where nobody has subscribed to a detail."""
        return next((id_ for id_, each in self.subscribed.items() if each["SubscribeDetail"] == detail), "")

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        path = asked.path.lower()
        if path == "/viid/system/time":
            told: dict[str, Any] = {"SystemTimeObject": {"VIIDServerID": "1", "LocalTime": "20260912173041"}}
            await reply(writer, json.dumps(told).encode(), TYPE)
            return
        if not path.startswith("/viid/subscribes"):
            await reply(writer, b"", TYPE, "404 Not Found")
            return
        answers = [
            {"Id": each["SubscribeID"], "RequestURL": asked.path, "StatusCode": self._taken(asked, each)}
            for each in json.loads(asked.body)["SubscribeListObject"]["SubscribeObject"]
        ]
        await reply(writer, json.dumps({"ResponseStatusListObject": {"ResponseStatusObject": answers}}).encode(), TYPE)

    def _taken(self, asked: Asked, told: dict[str, Any]) -> str:
        """The code, as a text: a library may."""
        id_ = str(told["SubscribeID"])
        if asked.method == "PUT" and asked.path.endswith(f"/{id_}"):
            before = self.subscribed.pop(id_, None)
            if before is not None:
                self.cancelled.append(str(before["SubscribeDetail"]))
            return "0"
        if asked.method == "POST" and id_ in self.subscribed:
            return "4"
        self.subscribed[id_] = told
        return "0"
