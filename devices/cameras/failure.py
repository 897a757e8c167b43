"""Why a camera could not be asked: at which step, and a sentence that says what to do."""

from typing import Literal

from hub.errors import HubError
from hub.words.sentence import Sentence

Step = Literal["guard", "name", "connect", "tls", "http", "login", "path", "answer", "clock"]
"""In their order."""


class CameraFailed(HubError):
    """The camera could not be asked"""

    def __init__(self, step: Step, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.step, self.sentence = step, sentence
