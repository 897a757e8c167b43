"""What consumers are sent of cases: CloudEvents of the types ganzhi.case.*, each named after its step."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from api.push.channel import Consumer, Delivery
from api.push.file_link import FOR_S, FileLink, link_key
from api.push.keys import opened
from api.push.leased import Leased
from hub.access.classification import cut_case, level_named
from hub.cases.outside_words import Words
from hub.secrets.sealed import Secrets, SecretUnreadable
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

SCHEMA = "urn:ganzhi:schema:case:1"
"""Of the data of each event; GET /api/v1/schemas/case shows it."""


def cases(page: str | None, secrets: Secrets) -> Leased:
    """The table; `page` is the address of the hub, for links."""
    return Leased("changes of cases", SQL.claim, SQL.not_now, SQL.settle, SQL.hold, partial(_made, page, secrets))


def _made(page: str | None, secrets: Secrets, row: Mapping[str, Any], consumer: Consumer) -> Delivery | Sentence:
    if not row["seen"]:
        return Sentence("routing.owner", owner=row["owner"])
    if not row["wanted"]:
        return Sentence("routing.narrowed")
    whole = row["picture"] | {"outside": outside(row), "attachments": _links(page, secrets, row, consumer)}
    data = cut_case(whole, level_named(row["ceiling"]))
    id_ = f"{row['case_id']}.{row['seq']}"
    lang: Lang = row["lang"] or "zh"
    return Delivery(id_, f"case.{row['kind']}", row["at"], data, lang, subject=data["number"], schema=SCHEMA)


def outside(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The case in the words of the outside system that the consumer is; None: it is none."""
    if row["system"] is None:
        return None
    case, words = row["picture"], Words(row["states"], row["categories"], row["tells"])
    stage = (case["outcome"] or case)["stage"]
    return {
        "system": row["system"],
        "id": row["outside_id"],
        "state": words.state(stage, case["step"]),
        "category": words.category(case["category_kind"], case["category"]),
    }


def _links(page: str | None, secrets: Secrets, row: Mapping[str, Any], consumer: Consumer) -> list[dict[str, Any]]:
    """Attachments with links that are good for as long as the delivery is tried; bytes would not fit in an event."""
    until, found, files = int(time.time()) + FOR_S, [], row["files"]
    try:
        key = None if page is None or not files else link_key(row["link_key"], opened(consumer, secrets).secret)
    except SecretUnreadable:  # nothing is sent then, and its failure says so
        key = None
    for file in files:
        url = None if page is None or key is None else FileLink(file["id"], consumer.code, until).url(page, key)
        found.append({**file, "url": url, "until": None if url is None else datetime.fromtimestamp(until, UTC)})
    return found
