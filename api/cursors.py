"""Keyset pagination: an opaque cursor encodes the last row, so that inserts cause no duplicates or gaps."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from api.problems import invalid
from hub.words.sentence import Sentence

Item = TypeVar("Item")
Row = Mapping[str, Any]

_READ: dict[type, Callable[[Any], Any]] = {
    datetime: datetime.fromisoformat,
    UUID: UUID,
    int: int,
    str: str,
}


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(description="give it as `cursor` for the next page; null on the last one")


class Paging(NamedTuple):
    limit: int
    cursor: str | None

    def after(self, keys: Mapping[str, type]) -> dict[str, Any]:
        """SQL parameters: `limit` plus one extra row, and each key as `after_<key>` (null on the first page)."""
        values = decode(self.cursor, list(keys.values())) if self.cursor else [None] * len(keys)
        names = [f"after_{key}" for key in keys]
        return {"limit": self.limit + 1, **dict(zip(names, values, strict=True))}

    def page(self, rows: Sequence[Row], keys: Mapping[str, type]) -> dict[str, Any]:
        """Build the page from rows queried with `after`."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return {"items": shown, "next": encode([shown[-1][key] for key in keys]) if more else None}


def _paging(
    limit: Annotated[int, Query(ge=1, le=1000, description="rows of a page at most")] = 100,
    cursor: Annotated[str | None, Query(max_length=400, description="`next` of the page before")] = None,
) -> Paging:
    return Paging(limit, cursor)


Paged = Annotated[Paging, Depends(_paging)]


def encode(values: Sequence[Any]) -> str:
    """Encode a row's sort key (times, ids, integers, text) as a cursor."""
    plain = [v.isoformat() if isinstance(v, datetime) else str(v) if isinstance(v, UUID) else v for v in values]
    return urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str, kinds: Sequence[type]) -> list[Any]:
    """Decode a cursor's sort key; ProblemError when it does not belong to this list."""
    try:
        plain = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(plain, list):
            raise TypeError(plain)
        return [_READ[kind](value) for kind, value in zip(kinds, plain, strict=True)]
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error) as error:
        raise invalid("cursor", Sentence("refusal.cursor")) from error
