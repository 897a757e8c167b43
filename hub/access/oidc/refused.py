"""Why a login at the provider came to nothing."""

from typing import Literal

from hub.errors import PermanentError

Why = Literal["state", "denied", "provider", "away", "token", "conflict", "grants", "locked"]
"""Each has its sentence for people: page.oidc_<why> in hub/words."""


class LoginRefused(PermanentError):
    """The login at the provider came to nothing"""

    def __init__(self, why: Why, detail: str) -> None:
        """`detail` is for the log and `hub check`; it holds nothing secret."""
        super().__init__(detail)
        self.why = why
