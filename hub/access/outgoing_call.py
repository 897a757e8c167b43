"""What an outgoing call is for, and that it is refused."""

from typing import Literal

from hub.errors import PermanentError
from hub.words.sentence import Sentence

Purpose = Literal["webhook", "camera", "oidc", "mail", "warnings", "forward", "platform"]


class OutgoingRefused(PermanentError):
    """The hub does not call this address"""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence
