"""HTTP client of the command line: returns a response, or prints the problem and exits with status 1."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import httpx
import typer
from rich.text import Text

from app.cli.missing import Ask, next_step
from app.cli.terminal import Terminal
from hub.access.shown_url import shown_url

UrlOption = Annotated[str, typer.Option("--url", envvar="HUB_URL", help="Address of the running hub.")]
"""Its default is `DEFAULT_URL`."""
TokenOption = Annotated[
    str | None, typer.Option("--token", envvar="HUB_API__TOKEN", help="The API's token, if it has one.")
]
CeilingOption = Annotated[
    str | None, typer.Option(help="The highest level of data in it: L1 (public) to L4, important or core.")
]
DEFAULT_URL = "http://127.0.0.1:8420"
HELP = {"help_option_names": ["-h", "--help"]}
TIMEOUT_S = 60.0
ADVICE_S = 5.0
out, err = Terminal(highlight=False), Terminal(stderr=True, highlight=False)


def call(
    method: str, path: str, url: str, token: str | None, *, accept: tuple[int, ...] = (), **kwargs: Any
) -> httpx.Response:
    """Send one request to a path below /api/v1 ("/devices"); `kwargs` go to httpx (json, params, ...).

    A hub that does not answer and each status that is neither 2xx nor in `accept` ends the command in words.
    """
    _check_path(path)
    with calling(url), httpx.Client(timeout=kwargs.pop("timeout", TIMEOUT_S)) as client:
        answer = client.request(method, address(url, path), headers=headers(token, kwargs.pop("headers", {})), **kwargs)
    if not answer.is_success and answer.status_code not in accept:
        refused(answer, lambda more: httpx.get(address(url, more), headers=headers(token), timeout=ADVICE_S))
    return answer


def pages(path: str, url: str, token: str | None, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All items of a list, page by page; a parameter that is None is left out."""
    found: list[dict[str, Any]] = []
    given = {name: value for name, value in params.items() if value is not None}
    after: dict[str, str] = {}
    while True:
        page = call("GET", path, url, token, params={**given, "limit": 1000, **after}).json()
        found += page["items"]
        if page["next"] is None:
            return found
        after = {"cursor": page["next"]}


def tell(found: Mapping[str, Any], names: Sequence[str]) -> None:
    """Print what something is: its code, and those of its members that it has."""
    out.print(Text(found["code"], style="bold"))
    for name in names:
        if found[name] is not None:
            out.print(Text(f"  {name:13} {found[name]}"), soft_wrap=True)


def address(url: str, path: str) -> str:
    """URL of a path below /api/v1."""
    return f"{url.rstrip('/')}/api/v1{path}"


def headers(token: str | None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Request headers, with the token if there is one."""
    return {**({"authorization": f"Bearer {token}"} if token else {}), **(more or {})}


@contextmanager
def calling(url: str) -> Iterator[None]:
    """Context manager that reports connection errors."""
    url = shown_url(url)
    try:
        yield
    except httpx.InvalidURL:  # its text may show a part of a password
        fail("the address of the hub is no URL: write --url or HUB_URL like http://127.0.0.1:8420")
    except httpx.TimeoutException as error:
        fail(f"the hub at {url} does not answer in time: {type(error).__name__}")
    except httpx.RemoteProtocolError as error:
        fail(f"what answers at {url} broke off, or is no hub: {error}")
    except httpx.HTTPError as error:
        if "[SSL:" in str(error):
            fail(f"no TLS with what answers at {url}: {error}. A hub that has none of its own is called with http://")
        fail(f"no hub answers at {url}: {error}. Is it running? --url or HUB_URL tells where")


def refused(answer: httpx.Response, ask: Ask | None = None) -> NoReturn:
    """Exit with the hub's problem: its detail, then each error, then what to do, for which `ask` asks the hub more."""
    try:
        body = answer.json()
    except json.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or "detail" not in body:
        fail(f"{shown_url(str(answer.url))} answers {answer.status_code}, and not as a hub does")
    errors = [item for item in body.get("errors") or [] if isinstance(item, dict)]
    detail = str(body["detail"])
    first = errors[0] if errors else {}
    pointed = f"{first.get('pointer')}: {first.get('problem')}"
    lines = [_placed(first) + detail.removeprefix(pointed) if detail.startswith(pointed) else detail]
    if len(errors) > 1:
        lines += [f"  {_placed(item)}" for item in errors]
    if answer.status_code == 401:
        lines.append("give the token with --token or HUB_API__TOKEN")
    if ask is not None and (advice := next_step(body, ask)):
        lines.append(advice)
    fail("\n".join(lines))


def _check_path(path: str) -> None:
    """Refuse a name in a path that would make another path of it; no name of the hub has these."""
    if any(part in ("", ".", "..") for part in path.removeprefix("/").split("/")) or any(each in path for each in "?#"):
        fail(f"no name of the hub is empty, . or .., or has ? or # in it ({path})")


def _placed(item: Mapping[str, Any]) -> str:
    """Format an error with its location: "region: ...", "line 7: ..."; errors of the whole have none."""
    line, problem = item.get("line"), str(item.get("problem"))
    place = str(item.get("pointer") or "").strip("/") or (f"line {line}" if line else "")
    return f"{place}: {problem}" if place else problem


def fail(message: str) -> NoReturn:
    """End the command with exit status 1 and this message on standard error."""
    err.print(Text(message, style="red"), soft_wrap=True)
    raise typer.Exit(1)
