"""Answers of the API against its OpenAPI document: each status and content type that is sent must stand there."""

import re
from collections.abc import Mapping
from typing import Any

import httpx


class Description:
    """An OpenAPI document; `check` is given each answer."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._paths = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), methods)
            for path, methods in sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
        ]

    def check(self, answer: httpx.Response) -> None:
        """As `judge`, of an answer with its request."""
        kind = answer.headers.get("content-type", "")
        self.judge(answer.request.method, answer.request.url.path, answer.status_code, kind)

    def judge(self, method: str, path: str, status: int, kind: str) -> None:
        """AssertionError for what the document does not say; what is no route of it is not judged."""
        if (operation := self._operation(method, path)) is None:
            return
        what = f"{method} {path} answered {status}"
        told = operation["responses"].get(str(status))
        assert told is not None, f"{what}, which its description does not name"
        if "$ref" in told:
            told = self._document["components"]["responses"][told["$ref"].rpartition("/")[2]]
        kind = kind.partition(";")[0]
        assert kind in told.get("content", {"": {}}), f"{what} as {kind!r}; described are {[*told.get('content', {})]}"

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for pattern, methods in self._paths:
            if pattern.fullmatch(path):
                found: dict[str, Any] | None = methods.get(method.lower())
                return found
        return None
