"""Answers of the API against its OpenAPI document: each status and content type that is sent must stand there."""

import re
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


class Description:
    """An OpenAPI document; `check` is given each answer."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
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
            told = self.document["components"]["responses"][told["$ref"].rpartition("/")[2]]
        kind = kind.partition(";")[0]
        assert kind in told.get("content", {"": {}}), f"{what} as {kind!r}; described are {[*told.get('content', {})]}"

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for pattern, methods in self._paths:
            if pattern.fullmatch(path):
                found: dict[str, Any] | None = methods.get(method.lower())
                return found
        return None


_descriptions: dict[frozenset[tuple[str | None, frozenset[str]]], Description] = {}


def description(app: FastAPI) -> Description:
    """That of an app, made once for all with the same routes: it takes half a second of a processor."""
    routes = frozenset((each.path, frozenset(each.methods or ())) for each in iter_route_contexts(app.routes))
    if routes not in _descriptions:
        _descriptions[routes] = Description(app.openapi())
    return _descriptions[routes]
