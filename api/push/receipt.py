"""Receipts of gateways: where a message's id stands, and what the gateway says of it later. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

from api.push.pointer import Pointer, word, word_at
from hub.words.sentence import Sentence

WITHIN_S = 300
MOST = 500
"""Receipts in one call."""
Status = Annotated[StrictStr, Field(min_length=1, max_length=100)] | StrictBool | StrictInt


class ReceiptFields(BaseModel):
    """Where a receipt has its id and status, and which statuses mean what; another one says nothing yet."""

    model_config = ConfigDict(extra="forbid")

    id: Pointer
    status: Pointer
    reached: list[Status] = Field(min_length=1, max_length=50)
    failed: list[Status] = Field(default=[], max_length=50)

    @model_validator(mode="after")
    def _one_meaning(self) -> "ReceiptFields":
        if both := sorted(set(map(word, self.reached)) & set(map(word, self.failed))):
            raise ValueError(Sentence("refusal.gateway.receipt_both", status=both[0]))
        return self


@dataclass(slots=True)
class Receipts:
    """What one call brings: ids of messages, with the status of each, by what it means."""

    reached: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    unused: int = 0
    """Without an id or a status, or with a status that says nothing yet."""


class BadReceiptError(ValueError):
    """What came is neither JSON objects nor a form."""


def read_receipts(body: bytes, form: bool, fields: ReceiptFields) -> Receipts:
    """Receipts from a JSON object, a list of at most MOST, or a form. BadReceiptError."""
    found = Receipts()
    reached, failed = set(map(word, fields.reached)), set(map(word, fields.failed))
    for each in _documents(body, form):
        id_, status = word_at(each, fields.id), word_at(each, fields.status)
        if id_ is None or status is None:
            found.unused += 1
        elif status in reached:
            found.reached[id_] = status
        elif status in failed:
            found.failed[id_] = status
        else:
            found.unused += 1
    return found


def _documents(body: bytes, form: bool) -> Sequence[Any]:
    if form:
        try:
            return [dict(parse_qsl(body.decode(), max_num_fields=200))]
        except ValueError as error:
            raise BadReceiptError(str(error)) from error
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadReceiptError("it is not JSON") from error
    documents = found if isinstance(found, list) else [found]
    if len(documents) > MOST or not all(isinstance(each, dict) for each in documents):
        raise BadReceiptError(f"it is a JSON object, or a list of at most {MOST}")
    return documents
