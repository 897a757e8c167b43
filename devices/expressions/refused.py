"""Why an expression is refused, and at which column."""

from hub.errors import PermanentError
from hub.words.sentence import Sentence


class ExpressionRefused(PermanentError):
    """The expression cannot be used"""

    def __init__(self, column: int, problem: Sentence) -> None:
        """`column` counts characters from 1."""
        self.column = column
        self.sentence = Sentence("refusal.expression.at", column=column, problem=problem)
        super().__init__(self.sentence)
