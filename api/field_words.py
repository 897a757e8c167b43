"""What is wrong with a value of a request, in the words of the catalogue: by pydantic's kinds. Pure."""

from collections.abc import Mapping
from typing import Any

from api.contract_types import CODE, METRIC, REGION, REGION_PREFIX, TEXT
from hub.words import Lang, catalogue
from hub.words.sentence import Sentence

SHOWN = 80
"""Letters of a value that are shown."""
RIGHT: Mapping[str, Sentence] = {
    CODE: Sentence("refusal.right.code"),
    METRIC: Sentence("refusal.right.metric"),
    TEXT: Sentence("refusal.right.text"),
    REGION: Sentence("refusal.right.region"),
    REGION_PREFIX: Sentence("refusal.right.region_prefix"),
}
"""What to say to who does not match a pattern."""


def field_problem(item: Mapping[str, Any], lang: Lang) -> str:
    """The sentence of an error as pydantic tells it; its own English where the catalogue has no such kind."""
    _, *path = item["loc"]
    context = item.get("ctx", {})
    if item["type"] == "json_invalid":
        return Sentence("refusal.field.json_invalid", at=path[0], error=str(context["error"])).told(lang)
    if right := RIGHT.get(context.get("pattern", "")):
        shown = item["input"] if isinstance(item["input"], str) else path[-1]
        return Sentence("refusal.field.does_not_fit", told=str(shown)[:SHOWN], right=right).told(lang)
    if item["type"] == "uuid_parsing":
        shown = str(item["input"])[:SHOWN]
        return Sentence("refusal.field.does_not_fit", told=shown, right=Sentence("refusal.right.id")).told(lang)
    if isinstance(error := context.get("error"), ValueError) and error.args and isinstance(error.args[0], Sentence):
        return error.args[0].told(lang)
    message = str(item["msg"]).removeprefix("Value error, ")
    own = message[:1].lower() + message[1:]
    if lang == "en" or f"refusal.field.{item['type']}" not in catalogue():
        return own
    values = {name: _in_chinese(str(value)) for name, value in context.items()}
    try:
        return Sentence(f"refusal.field.{item['type']}", **values).told(lang)
    except KeyError:  # a newer pydantic has another context
        return own


def _in_chinese(value: str) -> str:
    return value.replace("' or '", "'、'").replace("', '", "'、'")
