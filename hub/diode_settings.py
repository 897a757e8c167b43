"""Settings of data diodes (网闸): what an edge writes, and from which edges a hub takes files. Off until set."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator, model_validator

from hub.setting_types import Section

NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"


class DiodeEdge(Section):
    """An edge whose files a hub takes."""

    name: str = Field(pattern=NAME)
    keys: tuple[str, ...] = Field(min_length=1, max_length=8)
    """Its public keys, as `hub edges key` prints them. While a key is being changed: the new one, and the former one
    until the last file that it signed has come."""
    gap_after_s: float = Field(default=300, gt=0, le=604_800)
    """So long a number may be missing behind a higher one until that is an alert."""
    silent_after_s: float = Field(default=120, gt=0, le=604_800)
    """So long nothing of it may come until that is an alert."""


class Diode(Section):
    """Both ends. Each limit says what it protects from."""

    edge: str | None = Field(default=None, pattern=NAME)
    """Of an edge: its name at the hub. With it the role edge writes numbered files, and needs no Kafka."""
    key: SecretStr | None = None
    """Of an edge: its private key (Ed25519, PEM), which signs each file."""
    archive: Path | None = None
    """Of an edge: the folder in which each file is kept, whatever became of it behind the diode."""
    outbox: Path | None = None
    """Of an edge: the folder from which the diode takes files."""
    removes: bool = False
    """Of an edge: whether the diode removes from the outbox what it has taken. What lies there then is never deleted:
    at `keep_mb` the edge holds back instead."""
    post: str | None = Field(default=None, pattern=r"^https?://[^\s?#@]{1,500}$")
    """Of an edge: where each file is posted one-way; whatever is answered means nothing."""
    post_times: int = Field(default=2, ge=1, le=20)
    """How often each file is posted: what is lost in between is not told."""
    post_again_s: float = Field(default=30.0, ge=0, le=86_400)
    """Between two times."""
    mqtt: bool = True
    """Of an edge: whether it reads the broker of [mqtt]; not where cameras and stations alone come to it."""
    every_s: float = Field(default=0.25, ge=0.01, le=30)
    """Of an edge: how long messages wait for company; devices are acknowledged once their file is on the disk."""
    heartbeat_s: float = Field(default=10.0, ge=0.1, le=3600)
    """Of an edge: after so long without messages a file without any shows that it lives, and how far it has heard."""
    file_mb: int = Field(default=16, ge=1, le=64)
    """Of an edge: of the messages of one file; more go into several."""
    keep_days: float = Field(default=30, gt=0, le=3650)
    """How long an edge keeps what it wrote, and a hub the numbers and digests of what it took."""
    keep_mb: int = Field(default=10_000, ge=1)
    """Of an edge: of all files together; beyond it the oldest go, so that its disk is never full."""
    inbox: Path | None = None
    """Of a hub: the folder into which the diode puts files; those that are posted are put there, too."""
    inbox_mb: int = Field(default=2_000, ge=1)
    """Of a hub: of files that wait, that were taken, and that were set aside, each: the disk is not filled."""
    done_days: float = Field(default=1, ge=0, le=3650)
    """Of a hub: how long files stay after they are stored."""
    settle_s: float = Field(default=10.0, ge=0, le=3600)
    """Of a hub: a file that is cut short is set aside once it has not grown for so long."""
    edges: tuple[DiodeEdge, ...] = ()

    @field_validator("key")
    @classmethod
    def _not_empty(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not key.get_secret_value().strip():
            raise ValueError("is empty: `hub edges key` makes one")
        return key

    @model_validator(mode="after")
    def _an_edge_is_whole(self) -> "Diode":
        if self.edge is None:
            if self.archive or self.outbox or self.post or self.key:
                raise ValueError("edge names this edge at the hub: set it, or leave out key, archive, outbox and post")
        elif self.key is None or self.archive is None or not (self.outbox or self.post):
            raise ValueError("edge is set: it needs key (or key_file), archive, and outbox or post")
        return self

    @model_validator(mode="after")
    def _each_edge_has_its_name(self) -> "Diode":
        names = [each.name for each in self.edges]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two edges are called {min(twice)}: each has a name of its own")
        if self.edges and self.inbox is None:
            raise ValueError("edges are named, and nobody could hand a file over: set inbox")
        return self
