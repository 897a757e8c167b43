"""What to do where the hub knows nothing by a name (app/cli/missing.py)."""

from typing import Any

import httpx
import pytest
import typer
from fastapi import FastAPI

from api.problems import install, not_found
from app.cli.client import call
from app.cli.groups import GROUPS
from app.cli.missing import LISTINGS, next_step
from hub.words import catalogue

RULES = {"items": [{"code": "water-depth"}, {"code": "air-pm25"}], "next": None}


def advice(what: str, name: str, answer: dict[str, Any]) -> str:
    return next_step({"missing": {"what": what, "name": name}}, lambda _path: httpx.Response(200, json=answer))


def test_the_nearest_name_is_told_and_how_all_are_listed() -> None:
    told = advice("rule", "water-dept", RULES)
    assert told == "did you mean water-depth? hub rules list shows those that there are; hub rules put -h makes one"
    assert advice("rule", "zzz", RULES).startswith("hub rules list shows")
    assert advice("device", "gat-1", {"near": [{"code": "gate-1"}]}).startswith("did you mean gate-1? hub devices list")
    assert advice("clip", "0199", {}) == "hub events list tells which events have a clip"
    assert advice("attachment", "0199", {}) == ""


def test_a_hub_that_tells_no_names_costs_the_name_alone() -> None:
    def ask(_path: str) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    told = next_step({"missing": {"what": "rule", "name": "x"}}, ask)
    assert told.startswith("hub rules list"), told


def test_an_id_that_is_none_leads_to_the_ids() -> None:
    problem = {"detail": "alert_id: ...", "errors": [{"pointer": "alert_id", "problem": "'x' does not fit"}]}
    assert next_step(problem, lambda _path: pytest.fail("asked")) == "hub alerts list shows the ids"
    assert (
        next_step({"errors": [{"pointer": "/name", "problem": "too long"}]}, lambda _path: pytest.fail("asked")) == ""
    )


def test_what_is_said_to_be_missing_is_a_word_of_the_hub_and_its_group_exists() -> None:
    words = {key.removeprefix("thing.") for key in catalogue() if key.startswith("thing.")}
    assert set(LISTINGS) - words == {"event", "drill"}, "of which ids alone are refused"
    assert {listing.verb.split()[1] for listing in LISTINGS.values()} <= set(GROUPS)


async def test_a_problem_of_the_hub_says_what_is_missing() -> None:
    hub = FastAPI()
    install(hub)

    @hub.get("/rules/{code}")
    def rule(code: str) -> None:
        raise not_found("case rule", code)

    transport = httpx.ASGITransport(hub)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        answer = await client.get("/rules/x", params={"lang": "zh"})
    assert answer.json()["missing"] == {"what": "case_rule", "name": "x"}


@pytest.mark.parametrize("name", ["", "..", ".", "a?b", "a#b"])
def test_a_name_that_would_be_another_path_is_not_asked_for(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        call("GET", f"/rules/{name}", "http://127.0.0.1:9", None)
    assert "no name of the hub" in capsys.readouterr().err
