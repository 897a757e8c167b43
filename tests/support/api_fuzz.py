"""Generated requests against each route of a running hub, judged by its own description (schemathesis)."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, strategies
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
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
ANSWER_S = 20.0
"""A request without an answer for so long is a failure."""


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


def fuzz(url: str, token: str | None, examples: int, seed: int, only: str = "") -> Result:
    """Call each operation with so many generated requests; of several half are against its description.

    `only` is part of a path. Without a token every route that wants a permission must refuse, whatever else is wrong.
    """
    described = requests.get(f"{url}/api/v1/openapi.json", timeout=ANSWER_S).json()
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=url)
    schema.config.generation.update(with_security_parameters=token is None)
    result, began = Result(), time.monotonic()
    with requests.Session() as session:
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), "the description of an operation cannot be read"
            operation = found.ok()
            if only not in operation.path:
                continue
            if "text/event-stream" in json.dumps(operation.definition.raw.get("responses", {})):
                result.streams.append(operation.label)
                continue
            result.operations += 1
            for mode in [*GenerationMode][:examples]:
                _try(operation, mode, session, token, max(1, examples // 2), seed, result)
    result.seconds = round(time.monotonic() - began, 1)
    return result


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


def _try(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    session: requests.Session,
    token: str | None,
    examples: int,
    seed: int,
    result: Result,
) -> None:
    headers = None if token is None else {"authorization": f"Bearer {token}"}  # before what is generated
    guarded = any(each for each in operation.definition.raw.get("security", []))

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples, database=None, deadline=None, derandomize=False, suppress_health_check=list(HealthCheck)
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), there=strategies.booleans())
    def call(case: schemathesis.Case[Any], there: bool) -> None:
        if there and mode is GenerationMode.POSITIVE and case.path_parameters:
            case.path_parameters = {**case.path_parameters, **_known(operation.path)}
        if "wait_s" in (case.query or {}):
            case.query["wait_s"] = 0
        answer = case.call(session=session, headers=headers, timeout=ANSWER_S)
        result.requests += 1
        if (took := answer.elapsed) > 1:
            result.slow[operation.label] = round(max(took, result.slow.get(operation.label, 0)), 1)
        result.statuses[answer.status_code] = result.statuses.get(answer.status_code, 0) + 1
        if guarded and token is None and answer.status_code != 401:
            raise AssertionError(f"{answer.status_code} without a login\n{case.as_curl_command()}")
        case.validate_response(
            answer, checks=[*CHECKS, negative_data_rejection] if token and mode is GenerationMode.NEGATIVE else CHECKS
        )

    try:
        call()
    except (Failure, FailureGroup, AssertionError, requests.RequestException) as error:
        result.failures[f"{operation.label} ({mode.value})"] = str(error)
    except hypothesis.errors.Unsatisfiable:
        return  # an operation that takes nothing which could be wrong
