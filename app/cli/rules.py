"""`hub rules`: what is unusual, and how grave."""

import json
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import Verbs
from app.cli.rule_body import (
    CodeArgument,
    EventOptions,
    Given,
    GuidanceOptions,
    JsonOption,
    MetricOptions,
    RepetitionOptions,
    ScopeOptions,
    TimeOptions,
    body_of,
)
from app.cli.rule_schedule import ScheduleOptions, told
from app.cli.rules_check import check_expression
from app.cli.rules_history import restore_rule, rule_history
from app.cli.rules_report import report_rules
from app.cli.rules_sets import sets
from app.cli.rules_try import try_rule

rules = Verbs("What is unusual: thresholds on a metric, and kinds of event.")
rules.verb("try")(try_rule)
rules.verb("check")(check_expression)
rules.verb("report")(report_rules)
rules.verb("history")(rule_history)
rules.verb("restore")(restore_rule)
rules.add_typer(sets, name="sets")


@rules.verb("list")
def list_rules(
    profile: Annotated[str | None, typer.Option(help="Only of this profile.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List rules by code.

    Example:  hub rules list --profile road-waterlogging
    """
    items = pages("/rules", url, token, {"profile": profile} if profile else {})
    if as_json:
        for item in items:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    columns = Column("code", no_wrap=True), "name", "profile", "where", "when", "state"
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for item in items:
        state = Text("on", "green") if item["enabled"] else Text("off", "dim")
        of, where = Text(item["profile"] or "any"), Text(_where(item["scope"] or {}))
        table.add_row(Text(item["code"]), Text(item["name"]), of, where, Text(_when(item)), state)
    out.print(table if items else "There is no rule yet:  hub rules put -h")


@rules.verb("show")
def show_rule(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Print a rule as JSON, as `PUT /api/v1/rules/CODE` takes it.

    Example:  hub rules show water-depth
    """
    found = call("GET", f"/rules/{code}", url, token).json()
    typer.echo(json.dumps(body_of(found), ensure_ascii=False, indent=2))


@rules.verb("put")
def put_rule(
    code: CodeArgument,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    profile: Annotated[str | None, typer.Option(help="Code of the profile; an event rule may leave it out.")] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is in force.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    *,
    scope: ScopeOptions,
    of_metric: MetricOptions,
    times: TimeOptions,
    of_event: EventOptions,
    repetition: RepetitionOptions,
    schedule: ScheduleOptions,
    guidance: GuidanceOptions,
) -> None:
    """Make a rule, or change what is given of one that is there; the rest of it stays, but thresholds are replaced.

    Example:  hub rules put water-depth --name "Water on the road" --profile road-waterlogging --metric depth
              --direction above --yellow 15 --red 27 --hysteresis 2

    Example:  hub rules put level-unusual --name "Level unusual" --profile river-level --metric level --signal score
              --direction above --yellow 0.99 --clear-s 1800

    Example:  hub rules put level-silent --name "Level is silent" --profile river-level --metric level --signal silence
              --direction above --blue 3600 --yellow 7200

    Example:  hub rules put level-stuck --name "Level is stuck" --profile river-level --metric level --signal flat
              --tolerance 0.01 --direction above --yellow 21600

    Example:  hub rules put stack-so2 --name "SO2 of the stack" --profile stack --metric so2 --direction above
              --yellow 35 --flagged

    Example:  hub rules put wet-and-high --name "High water in heavy rain" --profile river-level --direction above
              --expression 'level > 3.0 && rain_rate > 20.0' --yellow 1 --hold-s 60

    Example:  hub rules put odd-level --name "Level unlike the others" --profile river-level --direction above
              --expression 'abs(level - median(neighbours(500).level))' --yellow 0.5 --hold-s 300

    Example:  hub rules put smoke --name Smoke --event-kind smoke --level red

    Example:  hub rules put tunnel-depth --name "Water in a tunnel" --profile road-waterlogging --metric depth
              --direction above --red 10 --region 330106 --tag site:tunnel

    Example:  hub rules put doors --name "Doors" --event-kind door_open --level yellow --count 3 --within-s 600

    Example:  hub rules put cabinets --name "Cabinet opened" --event-kind cover_open --level yellow --schedule "holiday"

    Example:  hub rules put pump-heat --name "Pump too hot" --profile pump --metric temperature --direction above
              --red 90 --cause "worn bearing" --consequence "the pump fails" --action "switch to pump 2"
              --contacts "pump crew" --respond-s 600
    """
    known = call("GET", f"/rules/{code}", url, token, accept=(404,))
    body = body_of(known.json()) if known.is_success else {}
    if not body and name is None:
        fail(f"'{code}' is new: give its --name, and what is unusual")
    body = Given(of_metric, times, of_event, repetition, schedule, guidance, scope).change(body)
    named = {"name": name, "profile": profile, "enabled": enabled}
    body |= {key: value for key, value in named.items() if value is not None}
    stored = call("PUT", f"/rules/{code}", url, token, json=body)
    out.print(Text(f"{code} is made." if stored.status_code == 201 else f"{code} is as given."))


@rules.verb("delete")
def delete_rule(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Take a rule out of force. It is kept, for alerts refer to it; `hub rules put CODE --enable` brings it back.

    Example:  hub rules delete water-depth
    """
    call("DELETE", f"/rules/{code}", url, token)
    out.print(Text(f"{code} is out of force."))


def _where(scope: dict[str, Any]) -> str:
    devices = scope.get("devices")
    named = {
        "organisation": scope.get("organisation"),
        "region": scope.get("region"),
        "tag": scope.get("tag"),
        "devices": devices and (", ".join(devices[:3]) + (f" and {len(devices) - 3} more" if len(devices) > 3 else "")),
    }
    return "; ".join(f"{name} {value}" for name, value in named.items() if value)


def _when(rule: dict[str, Any]) -> str:
    if rule["event_kind"]:
        return f"{rule['event_kind']}: {rule['level']}" + _at(rule)
    levels = ", ".join(f"{level} {value:g}" for level, value in rule["thresholds"].items())
    watched = rule["metric"] if rule["signal"] == "value" else f"{rule['signal']} of {rule['metric']}"
    watched = rule["expression"] or watched
    flagged = ", with flagged readings" if rule["flagged"] else ""
    return f"{watched} {rule['direction']} {levels}{flagged}" + _at(rule)


def _at(rule: dict[str, Any]) -> str:
    schedule = told(rule.get("schedule"))
    return f" ({schedule})" if schedule else ""
