"""Which hub or database a verb works on: found in one way by all of them, and told on standard error.

A verb that has `url` and `token` asks a running hub. Its address is --url, else HUB_URL, else that of the settings,
which are those of the hub itself: --config or HUB_CONFIG, and HUB_* variables. What is given on the command line
goes first.
"""

import inspect
import os
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from psycopg.conninfo import conninfo_to_dict
from rich.text import Text
from typer.core import TyperGroup

from app.cli.client import HELP, err, fail
from app.cli.option_groups import Verb, signed, spread
from hub.access.shown_url import shown_url
from hub.errors import ConfigError
from hub.settings import Settings, load_settings

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", envvar="HUB_CONFIG", help="Settings in TOML; HUB_* variables go over them."),
]


class Verbs(typer.Typer):
    """A group of verbs; each that has `url` also takes --config, and tells where it goes."""

    def __init__(self, about: str, kind: type[TyperGroup] | None = None) -> None:
        """`kind` of group; left out, typer's own."""
        super().__init__(
            cls=kind,
            help=about,
            no_args_is_help=True,
            add_completion=False,
            pretty_exceptions_enable=False,
            context_settings=HELP,
        )

    def verb(
        self, name: str | None = None, asks: Callable[[Mapping[str, Any]], bool] | None = None
    ) -> Callable[[Verb], Verb]:
        """Register a verb. `asks` tells from its options whether it needs the hub; without it, it always does."""

        def register(verb: Verb) -> Verb:
            spread_ = spread(verb)
            self.command(name)(_asking(spread_, asks) if "url" in inspect.signature(verb).parameters else spread_)
            return verb

        return register


def _asking(verb: Verb, asks: Callable[[Mapping[str, Any]], bool] | None) -> Verb:
    parameters = inspect.signature(verb, eval_str=True).parameters
    config = inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ConfigOption)
    options = [each.replace(default=None) if each.name == "url" else each for each in parameters.values()]

    def run(config: Path | None, **given: Any) -> None:
        if asks is None or asks(given):
            given["url"], given["token"], source = found_hub(given["url"], given["token"], config)
            if not given.get("as_json"):  # what a program reads is often both streams in one
                tell(f"hub: {shown_url(given['url'])} ({source})")
        verb(**given)

    return signed(run, verb, [*options, config])


def found_hub(url: str | None, token: str | None, config: Path | None) -> tuple[str, str | None, str]:
    """Address, token, and where the address comes from. Ends the command when the settings cannot be used."""
    by_hand = _by_hand(url, "HUB_URL")
    if url is not None and (by_hand or not _by_hand(config, "HUB_CONFIG")):
        source = "--url" if by_hand else "HUB_URL"
        return _checked(url), token, source + ("; --config is not used" if _by_hand(config, "HUB_CONFIG") else "")
    settings = settings_of(config)
    own = settings.api.token.get_secret_value() if settings.api.token else None
    if settings.api.port == 0:
        fail("api.port is 0, any that is free: write --url or HUB_URL with the port that the hub tells")
    scheme = "http" if settings.api.tls is None else "https"
    return f"{scheme}://{_reached(settings.api.host)}:{settings.api.port}", token or own, _source(config, "API")


def found_database(config: Path | None) -> Settings:
    """The settings, for a verb that works on the database itself, which is told. Ends the command as above."""
    settings = settings_of(config)
    parts = {name: str(value) for name, value in conninfo_to_dict(settings.database.url).items()}
    user = f"{parts['user']}@" if "user" in parts else ""
    port = f":{parts['port']}" if "port" in parts else ""
    where = f"{user}{parts.get('host', '')}{port}/{parts.get('dbname', '')}"
    tell(f"database: {where} ({_source(config, 'DATABASE')})")
    return settings


def settings_of(config: Path | None) -> Settings:
    """Settings from a file and the environment; ends the command in words."""
    try:
        return load_settings(config)
    except ConfigError as error:
        fail(str(error))


def tell(line: str) -> None:
    """One line about the verb itself: on standard error, so that what it prints can be used."""
    err.print(Text(line, style="dim"), soft_wrap=True)


def _by_hand(value: object, variable: str) -> bool:
    """Whether an option was written on the command line, and not taken from its variable."""
    return value is not None and os.environ.get(variable) != str(value)


def _checked(url: str) -> str:
    """A URL that can be asked, without the API's path; ends the command otherwise, and shows no password then."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port, too
        usable = False
    if not usable:
        fail("the address of the hub cannot be called: write --url or HUB_URL like http://127.0.0.1:8420")
    return url.rstrip("/").removesuffix("/api/v1")


def _reached(host: str) -> str:
    """Where a server that listens on this host is reached from its own machine."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    loopback = {4: "127.0.0.1", 6: "::1"}[address.version] if address.is_unspecified else host
    return loopback if address.version == 4 else f"[{loopback}]"


def _source(config: Path | None, section: str) -> str:
    """Where the settings of a section come from."""
    variables = sorted(name for name in os.environ if name.upper().startswith(f"HUB_{section}__"))
    variables = [name for name in variables if name.upper().rpartition("__")[2] in ("HOST", "PORT", "URL")]
    option = "--config" if _by_hand(config, "HUB_CONFIG") else "HUB_CONFIG"
    parts = [f"{option} {config}"] if config is not None else []
    return " and ".join([*parts, *variables]) or "by default"
