"""Registers the city through the hub's HTTP API, as an integrator would."""

from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx

from hub.models import Micros, to_micros
from simulator.fleet import Thing, to_csv
from simulator.things import PROFILES, RULES


class RefusedError(Exception):
    """The hub's API did not answer, or refused; the message contains its response"""


class HubApi:
    """The few calls that the simulator needs of `{url}/api/v1`."""

    def __init__(self, url: str, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._url = url.rstrip("/")
        self._client = httpx.Client(base_url=f"{self._url}/api/v1", headers=headers, timeout=30)

    def __enter__(self) -> "HubApi":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def register_city(self, things: list[Thing]) -> dict[str, Any]:
        """Profiles, devices and rules; returns how many devices were created, updated and unchanged."""
        for code, profile in PROFILES.items():
            self.put(f"/profiles/{code}", profile)
        made = self.import_things(things)
        for rule in RULES:
            self.put(f"/rules/{rule.code}", rule.body())
        return made

    def import_things(self, things: list[Thing]) -> dict[str, Any]:
        """Devices of profiles that are there; returns how many were created, updated and unchanged."""
        return self._send("POST", "/devices:import", content=to_csv(things), headers={"Content-Type": "text/csv"})

    def newest(self, device: str) -> Micros:
        """When the newest reading was that the hub has of a device; 0: it has none."""
        items = self._send("GET", "/latest", params={"device": device})["items"]
        return max((to_micros(datetime.fromisoformat(item["ts"])) for item in items), default=0)

    def shipped_rules(self) -> dict[str, str]:
        """The shipped rules for the city's profiles that the hub has: by code, `on` or `off`."""
        sets = self._send("GET", "/rule-sets")["items"]
        rules = [rule for one in sets if one["profile"] in PROFILES for rule in one["rules"]]
        return {rule["code"]: rule["state"] for rule in rules if rule["state"] != "absent"}

    def enable_rule_sets(self) -> None:
        """Make the shipped rules for the city's profiles; those that are there stay as they are, on or off."""
        for one in self._send("GET", "/rule-sets")["items"]:
            if one["profile"] in PROFILES:
                self._send("POST", f"/rule-sets/{one['profile']}:enable")

    def switch(self, rule: str, on: bool) -> None:
        """A rule that is there, on or off; all else of it stays."""
        if not on:
            self._send("DELETE", f"/rules/{rule}")
            return
        found = self._send("GET", f"/rules/{rule}")
        body = {name: value for name, value in found.items() if name not in ("code", "version") and value is not None}
        self.put(f"/rules/{rule}", {**body, "enabled": True})

    def active_devices(self) -> Iterator[str]:
        """Their codes."""
        asked: dict[str, Any] = {"state": "active", "limit": 1000}
        while True:
            page = self._send("GET", "/devices", params=asked)
            yield from (item["code"] for item in page["items"])
            if not (after := page["next"]):
                return
            asked["cursor"] = after

    def retire(self, device: str, note: str) -> None:
        """Take a device out of service for good; its history stays."""
        self._send("POST", f"/devices/{device}/steps", json={"to": "retired", "note": note})

    def register_consumer(self, url: str, secret: str, code: str = "city-receiver") -> None:
        """A webhook that gets every alert."""
        self.put(f"/consumers/{code}", {"url": url, "secret": secret, "min_level": "blue", "enabled": True})

    def register_series(self, device: str, metrics: list[str]) -> None:
        """A device for replayed files, with a profile of its own that keeps the metrics it already has."""
        profile = f"replay.{device}"[:64]
        known = self._ask("GET", f"/profiles/{profile}")
        before = known.json()["metrics"] if known.is_success else {}
        wanted = {metric: {"name": metric, "unit": "1"} for metric in metrics}
        self.put(f"/profiles/{profile}", {"name": f"Replay of {device}", "metrics": {**wanted, **before}})
        self.put(f"/devices/{device}", {"name": device, "profile": profile})

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """PUT a JSON body; RefusedError says why not."""
        return self._send("PUT", path, json=body)

    def _send(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        answer = self._ask(method, path, **request)
        if answer.is_error:
            raise RefusedError(f"{method} {path}: {answer.status_code} {answer.text[:2000]}")
        found: dict[str, Any] = answer.json()
        return found

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **request)
        except httpx.TransportError as error:
            raise RefusedError(f"no answer from {self._url}: {error}") from error
