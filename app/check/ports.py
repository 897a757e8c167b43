"""`hub check` for the ports that a hub listens on: free, taken by a hub that runs, or taken by another program."""

import httpx

from api.http.bound import bound
from app.check.finding import Finding
from hub.errors import ConfigError
from hub.settings import Settings

ANSWER_S = 2.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 an address is compared


def check_ports(settings: Settings) -> list[Finding]:
    """Findings about the API's port and the monitor's; a hub may be running already."""
    findings: list[Finding] = []
    api, hub = settings.api, settings.hub
    if not {"direct", "api"}.isdisjoint(hub.roles):
        taken = _taken(api.host, api.port, "api.port", "http" if api.tls is None else "https")
        if taken is not None:
            findings.append(Finding("fail", f"api: {taken}"))
        elif api.token is None:
            advice = "set api.token before others may reach it"
            findings.append(Finding("warn", "api: open to everyone on this machine", advice))
        else:
            findings.append(Finding("ok", f"api: {api.host}:{api.port}, with a token"))
    if hub.monitor_port is not None:
        taken = _taken(hub.monitor_host, hub.monitor_port, "hub.monitor_port")
        where = f"monitor: {hub.monitor_host}:{hub.monitor_port}"
        findings.append(Finding("ok", where) if taken is None else Finding("fail", f"monitor: {taken}"))
    return findings


def _taken(host: str, port: int, setting: str, scheme: str = "http") -> str | None:
    """What is wrong with an address that is neither free nor a hub's own."""
    try:
        with bound(host, port, setting):
            return None
    except ConfigError as error:
        return None if port and _is_hub(scheme, _EVERYWHERE.get(host, host), port) else error.detail


def _is_hub(scheme: str, host: str, port: int) -> bool:
    try:
        url = httpx.URL(scheme=scheme, host=host, port=port, path="/healthz")
        # Whatever its certificate says: nothing is told to it.
        answer = httpx.get(url, timeout=ANSWER_S, trust_env=False, verify=False)  # noqa: S501
        return answer.is_success and answer.json() == {"status": "ok"}
    except (httpx.HTTPError, ValueError):
        return False
