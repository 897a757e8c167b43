"""Platforms that are asked for what was missed, by one process of all."""

import httpx

from hub.access.guarded_transport import GuardedTransport
from hub.access.outgoing import Outgoing
from hub.secrets.sealed import Secrets
from hub.settings import Settings
from hub.store.leader import lead
from hub.tls import trusting_context
from ingest.carriers.asker import TIMEOUT_S, Asker
from ingest.carriers.source import PushSource

CONNECTIONS = 16


async def ask_platforms(settings: Settings, source: PushSource) -> None:
    """Ask for ever. ConfigError for files of outgoing.tls."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    tls = trusting_context(settings.outgoing.tls, "outgoing.tls", httpx.create_ssl_context(trust_env=False))
    async with httpx.AsyncClient(
        transport=GuardedTransport(Outgoing(settings), "platform", limits, tls),
        timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, headers={"user-agent": "ganzhi"},
    ) as client:  # fmt: skip
        asker = Asker(source, Secrets(settings.secrets), client)
        await lead(settings.database.url, "asked platforms", asker.work)
