"""What `hub consumers put` takes, in groups; each makes its part of the body of a consumer, as far as it is given."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.client import fail

FROM_INPUT = "-"


@dataclass(frozen=True)
class Channel:
    """By what it is told."""

    kind: Annotated[str | None, typer.Option(help="By which channel; left out, a new one is a webhook.")] = None
    settings: Annotated[
        str | None, typer.Option(help="Of its kind (docs/CHANNELS.md): a JSON object, or @ and a file with one.")
    ] = None

    def over(self, body: dict[str, Any], address: str | None) -> dict[str, Any]:
        """A body with another channel and address, without what belonged to the former ones."""
        kept = dict(body)
        if self.kind is not None and body and self.kind != body["kind"]:
            kept.pop("settings")  # those of its former kind
            kept.pop("prove_within_h")  # as is usual for the kind
            kept.pop("ceiling")  # the hub lowers it for a robot on the internet, and else keeps it
        if self.settings is not None:
            kept["settings"] = _object(self.settings)
        if address is not None and "@" in address.partition("://")[2].partition("/")[0]:
            kept.pop("username", None)  # the address brings its own
        return kept | _or_none(kind=self.kind, url=address)


@dataclass(frozen=True)
class Limits:
    """Of what it is told."""

    min_level: Annotated[str | None, typer.Option("--min-level", help="blue, yellow, orange or red.")] = None
    region: Annotated[str | None, typer.Option(help="Only from below this division; '' for all.")] = None
    organisation: Annotated[str | None, typer.Option(help="Only of devices of this organisation; '' for all.")] = None
    category: Annotated[str | None, typer.Option(help="Only of profiles of this category; '' for all.")] = None
    area: Annotated[str | None, typer.Option(help="Only of devices in this named area; '' for all.")] = None
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="Instead of the five above, one filter as JSON; repeatable, any is enough."),
    ] = None

    def over(self, known: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
        """The filters to put: those given as JSON, or the known ones, the only one changed by what is limited."""
        names = ("min_level", "region", "organisation", "category", "area")
        limits = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.filters is not None:
            if limits:
                fail(f"give --{next(iter(limits)).replace('_', '-')} inside --filter")
            try:
                return [json.loads(each) for each in self.filters]
            except ValueError as error:
                fail(f'a filter is JSON, like {{"region": "330110", "min_level": "orange"}}: {error}')
        found = [{name: value for name, value in each.items() if value is not None} for each in known or ()]
        if known is not None and not limits:
            return found
        if len(found) > 1:
            fail(f"it has {len(found)} filters: give all that it is to have, each with --filter")
        return [{name: value for name, value in {**(found or [{}])[0], **limits}.items() if value != ""}]


@dataclass(frozen=True)
class Cases:
    """Whether it is told of cases, and of which."""

    cases: Annotated[
        str | None,
        typer.Option(help="Changes of cases: all, a JSON object (docs/CASES.md), @ and a file with one; '' for none."),
    ] = None
    case_system: Annotated[
        str | None,
        typer.Option("--case-system", help="The outside case system that it is: its cases, in its words; '' for none."),
    ] = None
    no_alerts: Annotated[bool, typer.Option("--no-alerts", help="It gets no alerts.")] = False

    def over(self, known: dict[str, Any] | None) -> dict[str, Any]:
        """What is given, beside what is known of the rest."""
        found: dict[str, Any] = {"filters": []} if self.no_alerts else {}
        if self.cases is None and self.case_system is None:
            return found
        cases = known if self.cases is None else {} if self.cases == "all" else None
        if self.cases not in (None, "", "all"):
            cases = _object(self.cases, "--cases")
        if self.case_system is not None:
            cases = {**(cases or {}), "system": self.case_system or None}
        return found | {"cases": cases}


@dataclass(frozen=True)
class Suppression:
    """When it is told less."""

    quiet: Annotated[
        list[str] | None,
        typer.Option(
            help="Quiet hours, like 22:00-06:00, or JSON with days, zone and max_level; repeatable; '' for none."
        ),
    ] = None
    grouping: Annotated[
        str | None, typer.Option(help="Of storms: changes/seconds, like 20/60, and a summary each minute; '' for none.")
    ] = None

    def given(self) -> dict[str, Any]:
        """Quiet hours (HH:MM-HH:MM) and grouping (changes/seconds), either also as JSON."""
        found: dict[str, Any] = {}
        quiet, grouping = self.quiet, self.grouping
        try:
            if quiet is not None:
                found["quiet"] = [json.loads(one) if one.startswith("{") else {"hours": one} for one in quiet if one]
            if grouping is not None:
                after, _, within_s = grouping.partition("/")
                if grouping.startswith("{"):
                    found["grouping"] = json.loads(grouping)
                else:
                    found["grouping"] = {"after": int(after), "within_s": int(within_s)} if grouping else None
        except ValueError as error:
            fail(f"--quiet is like 22:00-06:00, --grouping like 20/60, or either a JSON object: {error}")
        return found


@dataclass(frozen=True)
class Identity:
    """Whose it is, and how the hub and it know each other."""

    owner: Annotated[str | None, typer.Option(help="The organisation that it belongs to; '' for none.")] = None
    titles: Annotated[str | None, typer.Option(help="Language of the titles that it gets: en or zh.")] = None
    ceiling: Annotated[
        str | None, typer.Option(help="The highest level of data that it gets: L1 (public) to L4, important or core.")
    ] = None
    username: Annotated[str | None, typer.Option(help="Where it wants a login; '' for none.")] = None
    password: Annotated[str | None, typer.Option(help="Of that login; - reads a line of standard input.")] = None
    secret: Annotated[str | None, typer.Option(help="whsec_...; made up, and told once, when left out.")] = None

    def given(self) -> dict[str, Any]:
        """What is given; null where it is ''."""
        password = sys.stdin.readline().rstrip("\r\n") if self.password == FROM_INPUT else self.password
        login = {"username": self.username, "password": password, "secret": self.secret}
        return _or_none(owner=self.owner, lang=self.titles, ceiling=self.ceiling, **login)


@dataclass(frozen=True)
class Proofs:
    """How it proves that it works."""

    heartbeat_s: Annotated[
        int | None, typer.Option("--heartbeat-s", help="How often it gets a heartbeat, 30 to 86400 s; 0 for none.")
    ] = None
    prove_within_h: Annotated[
        int | None, typer.Option("--prove-within-h", help="Alarm when it accepts nothing for so long; 0 for never.")
    ] = None
    prove_at: Annotated[
        list[str] | None,
        typer.Option("--prove-at", help="When it gets a proof, like 09:00; repeatable, '' for never."),
    ] = None

    def given(self) -> dict[str, Any]:
        """What is given; 0 is null for heartbeats, and stays for `prove_within_h`."""
        times = None if self.prove_at is None else [each for each in self.prove_at if each]
        beats = {} if self.heartbeat_s is None else {"heartbeat_s": self.heartbeat_s or None}
        return beats | _given(prove_within_h=self.prove_within_h, prove_at=times)


@dataclass(frozen=True)
class Switches:
    """What is on or off."""

    warnings: Annotated[
        bool | None,
        typer.Option("--warnings/--no-warnings", help="Whether it also gets official warnings (预警)."),
    ] = None
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is sent anything.")] = None

    def given(self) -> dict[str, Any]:
        """What is given."""
        return _given(warnings=self.warnings, enabled=self.enabled)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _or_none(**values: str | None) -> dict[str, Any]:
    """As `_given`, with null for ''."""
    return {name: value or None for name, value in values.items() if value is not None}


def _object(text: str, option: str = "--settings") -> Any:
    """A JSON object as it was given, or from a file."""
    try:
        return json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except OSError as error:
        fail(f"{option}: {error}")
    except ValueError as error:
        fail(f"{option} is not JSON: {error}")
