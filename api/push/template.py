"""Templates of requests: `{title}` and such, replaced by values that are escaped for where they stand. Pure."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus

from hub.words.sentence import Sentence

NAMES = (
    *("title", "level", "change", "place", "value", "time", "text", "link", "to", "id", "kind", "drill"),
    "secret",
)
"""What may be asked for; `text` is the title with place and time, `drill` is true or false, `id` is the delivery's,
`secret` the consumer's."""
_FIELD = re.compile(r"\{([a-z_]+)\}")


def in_json(value: str) -> str:
    """Within the quotes of a JSON string."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def in_form(value: str) -> str:
    """As a value of application/x-www-form-urlencoded."""
    return quote_plus(value)


def in_query(value: str) -> str:
    """As a value in the query of a URL."""
    return quote(value, safe="")


def in_header(value: str) -> str:
    """In one line of ASCII; anything else percent-encoded."""
    return quote("".join(each for each in value if each >= " "), safe=" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def in_text(value: str) -> str:
    """As it is."""
    return value


ESCAPES: Mapping[str, Callable[[str], str]] = {"json": in_json, "form": in_form, "text": in_text}


def filled(template: str, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    """The template with its fields replaced, in one pass: a value that looks like a field is left as it is."""
    return _FIELD.sub(lambda found: escape(values.get(found[1], "")), template)


def check_fields(template: str, allowed: Iterable[str] = NAMES) -> str:
    """The template; ValueError for a field that there is not."""
    known = tuple(allowed)
    for name in _FIELD.findall(template):
        if name not in known:
            raise ValueError(Sentence("refusal.template.field", name=name, known=", ".join(known)))
    return template
