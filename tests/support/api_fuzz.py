"""Generated requests against each route of a running hub, judged by its own description (schemathesis).

Each of them is sent twice: without a login, which must be refused whatever else is wrong, and with one. Making them
takes most of the time.
"""

import json
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, strategies
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.errors import SchemathesisError
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.hub import Hub

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
Operation = APIOperation[Any, Any, Any, Any]
UNAUTHORIZED = 401
WORDS = {"type", "title", "description", "examples"}
"""Of a schema of a text: what limits nothing."""
ANSWER_S = 20.0
"""A request without an answer for so long is a failure."""


NOBODY: tuple[dict[str, str], ...] = (
    {},
    {"authorization": "Bearer x"},
    {"authorization": "Bearer "},
    {"authorization": "Basic c2VzYW1lOnNlc2FtZQ=="},
    {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."},
    {"cookie": "__Host-session=x; session=x"},
)
"""Headers of somebody who is not logged in."""


@dataclass
class Result:
    """What came of it."""

    operations: int = 0
    requests: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    """The smallest request of a failure, by operation."""
    slow: dict[str, float] = field(default_factory=dict)
    """Seconds of the slowest answer, by operation, where it took more than one."""
    streams: list[str] = field(default_factory=list)
    """Operations that answer without end, which are not called."""
    seconds: float = 0.0

    def add(self, other: "Result") -> None:
        """Count what came of other operations."""
        self.operations += other.operations
        self.requests += other.requests
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count
        self.failures |= other.failures
        self.slow |= other.slow

    def count(self, label: str, answer: Response) -> None:
        """Count an answer."""
        self.requests += 1
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        if answer.elapsed > 1:
            self.slow[label] = round(max(answer.elapsed, self.slow.get(label, 0)), 1)


Results = dict[str, Result]
"""By login: "login" and "none"."""


def nothing() -> Results:
    """Before anything was tried."""
    return {"login": Result(), "none": Result()}


class Fuzzer:
    """The operations of a hub that answer with an end, by their labels."""

    def __init__(self, url: str, token: str) -> None:
        described = requests.get(f"{url}/api/v1/openapi.json", timeout=ANSWER_S).json()
        schema = schemathesis.openapi.from_dict(described)
        schema.config.update(base_url=url)
        schema.config.generation.update(with_security_parameters=False)
        self._headers = {"authorization": f"Bearer {token}"}
        self._session = requests.Session()
        self.operations: dict[str, Operation] = {}
        self.streams: list[str] = []
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), "the description of an operation cannot be read"
            operation = found.ok()
            if "text/event-stream" in json.dumps(operation.definition.raw.get("responses", {})):
                self.streams.append(operation.label)
            else:
                self.operations[operation.label] = operation

    def labels(self, only: str = "") -> list[str]:
        """Operations, or those whose path has `only` in it."""
        return [label for label, each in self.operations.items() if only in each.path]

    def fuzz(self, label: str, examples: int, seed: int) -> Results:
        """Call an operation with so many generated requests; of several half are against its description."""
        operation, results = self.operations[label], nothing()
        modes = [*_modes(operation)][:examples]
        for result in results.values():
            result.operations = 1
        for number, mode in enumerate(modes):
            share = examples // len(modes) + (number < examples % len(modes))
            self._try(operation, mode, share, seed, results)
        return results

    def _try(self, operation: Operation, mode: GenerationMode, examples: int, seed: int, results: Results) -> None:
        guarded = any(each for each in operation.definition.raw.get("security", []))
        negative = mode is GenerationMode.NEGATIVE
        who = "none"

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=examples,
            database=None,
            deadline=None,
            derandomize=False,
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(
            case=operation.as_strategy(generation_mode=mode),
            there=strategies.booleans(),
            nobody=strategies.sampled_from(NOBODY),
        )
        def call(case: schemathesis.Case[Any], there: bool, nobody: dict[str, str]) -> None:
            nonlocal who
            if there and not negative and case.path_parameters:
                case.path_parameters = {**case.path_parameters, **_known(operation.path)}
            if "wait_s" in (case.query or {}):
                case.query["wait_s"] = 0
            who = "none"
            refused = case.call(session=self._session, headers=nobody, timeout=ANSWER_S)
            results[who].count(operation.label, refused)
            if guarded and refused.status_code != UNAUTHORIZED:
                raise AssertionError(f"{refused.status_code} without a login\n{case.as_curl_command()}")
            case.validate_response(refused, checks=CHECKS)
            who = "login"
            answer = case.call(session=self._session, headers=self._headers, timeout=ANSWER_S)
            results[who].count(operation.label, answer)
            case.validate_response(answer, checks=[*CHECKS, negative_data_rejection] if negative else CHECKS)

        try:
            call()
        except (Failure, FailureGroup, AssertionError, requests.RequestException) as error:
            results[who].failures[f"{operation.label} ({mode.value})"] = str(error)
        except hypothesis.errors.Unsatisfiable:
            return  # an operation that takes nothing which could be wrong
        except (hypothesis.errors.HypothesisException, SchemathesisError, ExceptionGroup) as error:
            reasons = "".join(traceback.format_exception(error))  # one that did not fail again, or several at once
            results[who].failures[f"{operation.label} ({mode.value})"] = reasons


def fuzz(url: str, token: str, examples: int, seed: int, only: str = "") -> Results:
    """Call each operation, one after the other; `only` is part of a path."""
    fuzzer, results = Fuzzer(url, token), nothing()
    for label in fuzzer.labels(only):
        for name, result in fuzzer.fuzz(label, examples, seed).items():
            results[name].add(result)
    for result in results.values():
        result.streams = fuzzer.streams
    return results


def _modes(operation: Operation) -> Iterator[GenerationMode]:
    """Both ways to make requests, or one where any text and body is taken: that none is wrong takes long to find."""
    yield GenerationMode.POSITIVE
    raw = operation.definition.raw
    named = [each.get("schema", {}) for each in raw.get("parameters", [])]
    bodies = [each.get("schema", {}) for each in raw.get("requestBody", {}).get("content", {}).values()]
    if any(bodies) or not bodies or any(each.keys() - WORDS or each.get("type") != "string" for each in named):
        yield GenerationMode.NEGATIVE


def register(hub: Hub) -> None:
    """One of each thing that a path can name, so that half of the requests find it."""
    hub.register("air-0", "pm25")
    hub.put("/profiles/air", name="Air", metrics={"pm25": {"name": "PM2.5", "unit": "ug/m3"}})
    hub.put("/rules/pm25", name="High", profile="air", metric="pm25", direction="above", thresholds={"red": 250})
    hub.put("/consumers/desk", url="https://desk.example.org/a", enabled=False)
    hub.put("/organisations/org", name="Organisation")


def _known(path: str) -> dict[str, str]:
    """The parameters of a path that `register` has made."""
    kinds = {"profiles": "air", "rules": "pm25", "consumers": "desk", "organisations": "org", "devices": "air-0"}
    kind = path.split("/")[3]
    return {} if kind not in kinds else {"device": kinds[kind]} if "{device}" in path else {"code": kinds[kind]}
