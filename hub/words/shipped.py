"""Names of shipped sets of indicators (指标口径), which are stored in Chinese, in the language of who is told."""

from hub.words import Lang, optional


def set_name(code: str, stored: str, lang: Lang) -> str:
    """The name of a set; as it is stored where a city has named it."""
    key = f"indicator.set.{code}"
    return optional(key, lang) or stored if stored == optional(key, "zh") else stored
