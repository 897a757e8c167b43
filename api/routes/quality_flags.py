"""Quality flags of readings."""

from typing import Any

from pydantic import BaseModel, Field

from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.quality import FLAGS, UNUSABLE

router = GuardedRouter(prefix="/quality-flags", tags=["readings"])


class QualityFlag(BaseModel):
    """One flag; a reading's quality is the sum of its flags."""

    value: int
    code: str
    name_en: str
    name_zh: str
    meaning: str
    usable: bool = Field(description="false: the value enters no bucket and no rule")
    hj212: str | None = Field(description="data mark of HJ 212-2017")
    opcua: list[str] = Field(description="status codes of OPC UA")
    waterml: str | None = Field(description="quality code of OGC WaterML 2.0")


class QualityFlags(BaseModel):
    """The vocabulary."""

    unusable: int = Field(description="the sum of the flags that are not usable")
    items: list[QualityFlag]


_FLAGS = QualityFlags(
    unusable=UNUSABLE,
    items=[
        QualityFlag(
            value=known.flag,
            code=str(known.flag.name).lower(),
            name_en=known.name_en,
            name_zh=known.name_zh,
            meaning=known.meaning,
            usable=known.usable,
            hj212=known.hj212 or None,
            opcua=list(known.opcua),
            waterml=known.waterml or None,
        )
        for known in FLAGS
    ],
)


@router.get("", response_model=QualityFlags)
@needs(Permission.READINGS_READ)
async def list_quality_flags() -> Any:
    """All quality flags, and which exclude a value from buckets and rules."""
    return _FLAGS
