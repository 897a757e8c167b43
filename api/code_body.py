"""Tables of codes as the API takes and tells them (devices/codecs/code_table.py)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.contract_types import TEXT
from api.vocabulary_types import Kind, MetricName, Unit
from hub.words.sentence import Sentence

MAX_CODES = 2_000
Code = Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=64, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(pattern=TEXT, max_length=200, strip_whitespace=True)]


class MeasuredBody(BaseModel):
    """What a code measures."""

    model_config = ConfigDict(extra="forbid")

    metric: MetricName
    unit: Unit | None = Field(default=None, description="UCUM; null: that of the profile")
    scale: int | None = Field(default=None, ge=-9, le=9, description="the value is divided by 10 to the power of it")
    name: Text | None = None
    clause: Text | None = Field(default=None, description="where that is written", examples=["HJ 212-2017, table B.1"])


class MeantBody(BaseModel):
    """What a code of a state means."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    code: Text | None = Field(default=None, description="stands in the event's attributes; null: the code itself")
    state: Literal["active", "inactive"] | None = Field(default=None, description="null: it only happens")
    ends: list[Kind] | None = Field(default=None, max_length=30, description="kinds that it ends")
    name: Text | None = None
    clause: Text | None = None


class CodesBody(BaseModel):
    """What codes measure and mean. A state of a code that is a number is CODE=VALUE: "Alarm_Status=1"."""

    model_config = ConfigDict(extra="forbid")

    metrics: dict[Code, MeasuredBody] = Field(default_factory=dict, max_length=MAX_CODES)
    states: dict[Code, MeantBody] = Field(default_factory=dict, max_length=MAX_CODES)

    @model_validator(mode="after")
    def _one_meaning(self) -> "CodesBody":
        """A code whose values are states is none that is measured."""
        valued = {code.partition("=")[0] for code in self.states if "=" in code}
        if both := sorted(valued & self.metrics.keys()):
            raise ValueError(Sentence("refusal.codes.both", code=both[0]))
        return self

    def told(self) -> dict[str, Any]:
        """As it is stored, without what was left out."""
        return self.model_dump(exclude_none=True)
