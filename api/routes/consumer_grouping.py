"""How storms are grouped for a consumer."""

from pydantic import BaseModel, ConfigDict, Field


class GroupingBody(BaseModel):
    """Beyond `after` changes within `within_s` a consumer is told of further ones in summaries; red always singly."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"after": 20, "within_s": 60, "every_s": 60}]}
    )

    after: int = Field(default=20, ge=1, le=1000, description="changes that are sent singly")
    within_s: int = Field(default=60, ge=1, le=3600, description="seconds in which they are counted")
    every_s: int = Field(default=60, ge=1, le=3600, description="seconds from one summary to the next")
