"""Settings of pictures of events: the privacy gate, and what is kept of them."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from hub.setting_types import Section


class Pictures(Section):
    """Pictures of events. All of them pass the privacy gate where they arrive."""

    processes: int = Field(default=1, ge=0, le=64)
    """Processes of the gate: each takes about 50 pictures a second. 0: events go without pictures."""
    waiting: int = Field(default=16, ge=1, le=10_000)
    """Pictures that may wait for each process; beyond it events go without theirs."""
    longest_side: int = Field(default=960, ge=160, le=4096)
    """Pixels of the longer side of what is kept. What is twice as large or more is decoded in a fourth of the time."""
    cameras: int = Field(default=1_000, ge=1, le=100_000)
    """Cameras whose place is remembered, 30 to 80 KB each; beyond it the one that was not heard for longest goes."""
    occasions: int = Field(default=6, ge=3, le=40)
    """So often a spot of the picture must have looked the same until it is shown as it is; before, it is in blocks. Six
    times as often what comes where the place is known: 6 h."""
    occasion_s: float = Field(default=600.0, ge=0.01, le=86_400)
    """So much time lies between two occasions; pictures between them teach nothing."""
    store: Literal["table", "folder"] = "table"
    """Where pictures are kept: in the database, or in `folder`, with a row in the database for each."""
    folder: Path | None = None
    """One that all processes that commit or serve pictures have in common."""
    keep_days: int = Field(default=30, ge=1, le=3_650)
    """How long pictures are kept; their events and alerts stay."""

    @model_validator(mode="after")
    def _folder_is_named(self) -> "Pictures":
        if (self.store == "folder") != (self.folder is not None):
            raise ValueError('pictures.folder belongs to pictures.store = "folder": set both or none')
        return self
