"""Lists of the National Meteorological Center (NMC) and of the CMA's site: what is missing has ended.

A title holds the level; times are Beijing's. A page of a longer list is no state: nothing is known of the rest.
"""

from datetime import datetime

from hub.warnings.codecs.items import Item, part, report_of
from hub.warnings.codecs.plain import as_json
from hub.warnings.fields import Remarks, finished, identifier_of, level_of, long_text, sent_of
from hub.warnings.kinds import kind_of
from hub.warnings.message import Message, Report, Texts, WarningRefused
from hub.words.sentence import Sentence


def decode(body: bytes, received: datetime) -> Report:
    """WarningRefused for what is no such list, and for an answer that says it failed."""
    overall = Remarks()
    given = as_json(body, overall)
    if (code := part(given, "code")) not in (None, 0, "0", 200, "200"):
        raise WarningRefused(Sentence("warning.refused.failed", code=str(code)[:40]))
    data = part(given, "data")
    page = part(data, "page")
    pointer, items = ("/data", data) if page is None else ("/data/page/list", part(page, "list"))
    count, length = part(page, "count"), len(items) if isinstance(items, list) else 0
    whole = not isinstance(count, int) or count <= length
    return report_of(items, pointer, whole, lambda item: _message(item, received))


def _message(item: Item, received: datetime) -> Message:
    remarks = Remarks()
    title = long_text(item.get("title")) or long_text(item.get("headline"))
    headline = long_text(item.get("headline")) or title
    level, stated = level_of(title, headline)
    message = Message(
        identifier=identifier_of(item.get("alertid") or item.get("id")),
        type="alert",
        sent=sent_of(item.get("issuetime") or item.get("effective"), received, remarks),
        kind=kind_of("", [title, headline]),
        level=level,
        level_stated=stated,
        texts={"zh": Texts(headline=headline, description=long_text(item.get("description")))},
    )
    return finished(message, remarks)
