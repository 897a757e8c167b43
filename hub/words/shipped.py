"""Names of shipped sets of indicators (指标口径), which are stored in Chinese, in the language of who is told."""

from hub.words import Lang, optional


def set_name(code: str, stored: str, lang: Lang) -> str:
    """The name of a set; as it is stored where a city has named it."""
    shipped = optional(f"indicator.set.{code}", "zh")
    return optional(f"indicator.set.{code}", lang) or stored if stored == shipped else stored
