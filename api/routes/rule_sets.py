"""Rule sets that the hub is shipped with: off until somebody enables one; rules that are there are never replaced."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import LevelName
from api.database import read, row, rows, writing
from api.expressions import metrics_in
from api.language import Spoken
from api.problems import ProblemError, not_found, responses
from api.routes.rules import SQL as RULES
from api.routes.rules import store_rule
from api.rule_body import RuleBody
from devices.library.rule_sets import rule_sets
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.signals import Signal
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/rule-sets", tags=["rules"])
ProfileCode = Annotated[str, Path(max_length=64, description="code of the profile that the set is for")]


class ShippedRule(BaseModel):
    """A rule of a set."""

    code: str
    name: str
    metric: str
    signal: Signal = "value"
    expression: str | None = Field(default=None, description="what is watched instead of the metric")
    direction: Literal["above", "below"]
    thresholds: dict[LevelName, float]
    source: str = Field(description="the standard that its thresholds follow")
    state: Literal["absent", "on", "off"] = Field(description="of the hub's rule of this code")


class ShippedRules(BaseModel):
    """The rules for a profile of the library."""

    profile: str
    about: str
    rules: list[ShippedRule]


class RuleSets(BaseModel):
    """All sets."""

    items: list[ShippedRules]


@router.get("", response_model=RuleSets)
@needs(Permission.RULES_READ)
async def list_rule_sets(context: Here, spoken: Spoken) -> Any:
    """The rule sets that the hub is shipped with, by profile."""
    codes = [rule["code"] for each in rule_sets().values() for rule in each["rules"]]
    there = await read(context, SQL.states, {"codes": codes})
    states = {each["code"]: "on" if each["enabled"] else "off" for each in there}
    return {"items": [_told(profile, found, states, spoken) for profile, found in rule_sets().items()]}


@router.post("/{profile}:enable", response_model=ShippedRules, responses=responses(404, 409, 422))
@needs(Permission.RULES_WRITE)
async def enable_rule_set(profile: ProfileCode, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Make the rules of a set that are not there yet, in force from the next batch; those that are stay as they are.

    Those of metrics that the profile does not have are left out, and expressions that name one. 409 when the profile is
    not installed.
    """
    found = rule_sets().get(profile)
    if found is None:
        raise not_found("rule set", profile)
    async with writing(context) as conn:
        installed = await row(conn, RULES.profile_metrics, {"code": profile})
        if installed is None:
            raise ProblemError(409, Sentence("refusal.rule_set.profile", profile=profile).told(spoken))
        codes = {"codes": [rule["code"] for rule in found["rules"]]}
        there, metrics = {each["code"] for each in await rows(conn, SQL.states, codes)}, installed["metrics"].keys()
        for rule in found["rules"]:
            if rule["code"] not in there and {rule["metric"], *metrics_in(rule.get("expression"))} <= metrics:
                body = RuleBody.model_validate({**_body(rule), "name": _name(rule, spoken), "profile": profile})
                await store_rule(conn, caller, rule["code"], body, spoken)
        states = {each["code"]: "on" if each["enabled"] else "off" for each in await rows(conn, SQL.states, codes)}
    return _told(profile, found, states, spoken)


def _told(profile: str, found: Mapping[str, Any], states: Mapping[str, str], lang: Lang) -> dict[str, Any]:
    rules = [
        {**rule, "name": _name(rule, lang), "state": states.get(rule["code"], "absent")} for rule in found["rules"]
    ]
    return {"profile": profile, "about": found["about"], "rules": rules}


def _body(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name not in ("code", "name_en", "source")}


def _name(rule: Mapping[str, Any], lang: Lang) -> str:
    return str(rule["name_en"] if lang == "en" else rule["name"])
