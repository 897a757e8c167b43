"""Settings: one TOML file, overridden by HUB_* environment variables; unknown keys are rejected."""

import os
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_state_path
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from hub.access_settings import Access
from hub.alert_settings import Alerts, Cases, Events, PathWatch, Warnings
from hub.audit_settings import Audit
from hub.crypto import Sealing
from hub.diode_settings import Diode
from hub.environment import PREFIX, unknown_variables
from hub.errors import ConfigError
from hub.forward_settings import Forwards
from hub.guard_settings import Guards
from hub.limit_settings import Floods, Limits, Outgoing, Provisioning
from hub.network_settings import Networks
from hub.oidc_settings import Oidc
from hub.picture_settings import Pictures
from hub.polling_settings import Polling
from hub.role_needs import unfit
from hub.session_settings import Session
from hub.setting_faults import explain, keys_of, unreadable, variable
from hub.setting_types import BrokerHost, DatabaseUrl, HeaderSecret, Host, Section, Servers
from hub.sip_settings import Sip
from hub.tls import ServerTls, Tls
from hub.video_settings import Video
from hub.viid_settings import Viid


class Database(Section):
    """The database."""

    tls: Tls | None = None
    """The server's certificate is checked, and for the host's name, as with sslmode=verify-full."""
    url: DatabaseUrl = Field(default="postgresql://postgres@127.0.0.1:5432/ganzhi", repr=False, validate_default=True)
    """Not in the repr of settings: it may hold a password. With `tls` it holds that too, as libpq reads it."""
    owner_url: DatabaseUrl | None = Field(default=None, repr=False)
    """As whom `hub migrate` connects, the owner of the tables; the role of `url` then gets what a hub needs, and cannot
    change the audit. None: as `url`."""
    mode: Literal["auto", "timescaledb", "postgresql"] = "auto"
    pool_size: int = Field(default=8, ge=4, le=100)
    retention_days: int | None = Field(default=None, ge=1, le=36_500)

    @field_validator("url", "owner_url")
    @classmethod
    def _with_tls(cls, url: str | None, info: ValidationInfo) -> str | None:
        tls: Tls | None = info.data.get("tls")
        if tls is None or url is None:
            return url
        if tls.server_name is not None:
            raise ValueError("database.tls has no server_name: reach the server by a name in its certificate")
        files = {"sslrootcert": tls.ca or "system", "sslcert": tls.certificate, "sslkey": tls.key}
        given = {name: str(value) for name, value in files.items() if value is not None}
        return make_conninfo(url, sslmode="verify-full", **given)


class Mqtt(Section):
    """The MQTT broker."""

    host: BrokerHost = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    tls: Tls | None = None
    tls_ca: Path | None = None
    """Before there was `tls`: its `ca`."""
    client_id: str = Field(default="ganzhi-hub", min_length=1, max_length=64)
    """Name of the session: hubs of one name share it, one of them holds it. Its client id is this with a random end."""
    version: Literal["3.1.1", "5"] = "3.1.1"
    """Of MQTT. 5 asks the broker to keep the session for ever, and lets it say that another client took it over."""
    session_secret: SecretStr | None = Field(default=None, min_length=16)
    """Of an edge without a database: what the end of its client id is derived from. Must not change: what the broker
    holds for the session would stay there."""
    prefix: str = Field(default="ganzhi/v1", pattern=r"^([^$#+\x00][^#+\x00]*)?[^$#+/\x00]$")
    keepalive_s: int = Field(default=30, ge=5, le=600)
    access: Literal["none", "dynsec", "http"] = "none"
    """Who tells the broker what devices may do: nobody, the hub by mosquitto's dynamic security plugin, or the hub
    when the broker asks at /api/v1/broker/auth and /acl (EMQX)."""
    access_secret: HeaderSecret | None = None
    """What a broker that asks sends as X-Ganzhi-Secret; not set: it sends the API's token."""
    bind_client_ids: bool = False
    """Whether accounts of devices that were issued without may use no client id but their user name either; those that
    are issued or rotated now always are so bound."""

    @model_validator(mode="after")
    def _dynsec_has_an_account(self) -> "Mqtt":
        if self.access == "dynsec" and self.username is None:
            raise ValueError("mqtt.access is dynsec: set mqtt.username to the account that may use $CONTROL")
        return self

    @model_validator(mode="after")
    def _one_authority(self) -> "Mqtt":
        if self.tls is not None and self.tls_ca is not None:
            raise ValueError("mqtt.tls_ca and the section mqtt.tls are both set: write the file into mqtt.tls.ca alone")
        return self

    @property
    def security(self) -> Tls | None:
        """How the connection is secured; None: not at all."""
        return self.tls if self.tls_ca is None else Tls(ca=self.tls_ca)

    @model_validator(mode="after")
    def _password_has_a_user(self) -> "Mqtt":
        if self.password is not None and not self.username:
            raise ValueError("mqtt.password is set, and no broker takes one without a name: set mqtt.username too")
        return self


class Kafka(Section):
    """Kafka: third-party topics, and the bus between edges and workers; unused unless `servers` is set."""

    servers: Servers | None = None
    """host:port, several with commas between."""
    tls: Tls | None = None
    username: str | None = None
    """With it the hub logs in (SASL)."""
    password: SecretStr | None = None
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """Of SASL."""
    prefix: str = Field(default="ganzhi", pattern=r"^[A-Za-z0-9._-]{1,200}$")
    group: str = Field(default="ganzhi-hub", min_length=1, max_length=200)
    """One for all hubs of a database: its table kafka_offset holds one offset a partition."""
    partitions: int = Field(default=12, ge=1, le=1000)
    """Of topics that the hub makes; as many workers can share the load. Must not change while a topic holds records."""
    replication: int = Field(default=1, ge=1, le=9)
    session_s: float = Field(default=10.0, ge=1, le=300)
    """A worker that is silent for so long loses its partitions to the others."""

    @model_validator(mode="after")
    def _whole_login(self) -> "Kafka":
        if (self.username is None) != (self.password is None):
            raise ValueError("kafka.username and kafka.password belong together: set both or none")
        return self


class Pipeline(Section):
    """Memory and timing limits; see docs/ARCHITECTURE.md."""

    batch_messages: int = Field(default=20_000, ge=1)
    waiting_messages: int = Field(default=40_000, ge=1)
    waiting_bytes: int = Field(default=64 << 20, ge=1 << 20)
    linger_ms: int = Field(default=20, ge=0, le=1000)


class Rules(Section):
    """When readings may raise alerts."""

    stale_after_s: float | None = Field(default=86_400, gt=0, le=315_360_000)
    """Readings older than this when they arrive never page, so that history can be filled in; None: any age may."""
    flap_count: int | None = Field(default=6, ge=2, le=100)
    """So many alerts of a rule at one target within `flap_within_s` become one that stays open; None: never."""
    flap_within_s: float = Field(default=3600, gt=0, le=86_400)
    flap_quiet_s: float = Field(default=900, gt=0, le=86_400)
    """So long its condition must be over before such an alert is cleared."""


class Api(Section):
    """The HTTP API and the page."""

    host: Host = "127.0.0.1"
    port: int = Field(default=8420, ge=0, le=65535)
    token: HeaderSecret | None = None
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s?#@]*[^\s?#@/]$", max_length=500)
    """Where people reach the page, such as https://ganzhi.example.org; alerts that go out then carry a link to it."""
    tls: ServerTls | None = None
    """HTTPS; a renewed certificate is taken while the hub runs."""
    fonts: Path | None = None
    """A folder with a font that has Chinese characters, for PDF documents, where the system has none."""

    @property
    def reached_by_others(self) -> bool:
        """Whether more than this machine reaches it."""
        return self.host not in ("127.0.0.1", "::1", "localhost")


class Http(Section):
    """HTTP ingest at the API's address; see docs/ARCHITECTURE.md for further limits."""

    requests_per_s: float = Field(default=2_000, gt=0)
    """Of one client address, on average; as many may come at once."""
    hold_back_s: float = Field(default=2.0, gt=0)
    """When a request has waited this long for its commit, further ones are refused until it has it."""
    answer_s: float = Field(default=30.0, gt=0, le=300)
    """How long a request that was taken waits for its commit; then its outcome is told to be unknown."""


class DeadLetters(Section):
    """Retention and sampling of dead letters."""

    keep_days: int = Field(default=30, ge=1, le=3650)
    keep: int = Field(default=1_000_000, ge=1)
    """Letters in all; beyond it the oldest go."""
    per_minute: int = Field(default=1_000, ge=1)
    """Letters of one reason that a process stores in a minute; those beyond it are counted only."""
    waiting: int = Field(default=200_000, ge=1)
    """Letters of devices that nobody knows yet that are kept of each subscription of a platform, of at most 256 MB, for
    they were acknowledged; beyond it the newest of a device displace its oldest."""


class Secrets(Section):
    """Secrets of others that the hub keeps: of consumers and of authenticators. Encrypted once there is a key."""

    key: SecretStr | None = None
    """Made by `hub secrets key`. Several with spaces or line ends between: the first one seals, the others are former
    ones, which are still read."""
    algorithm: Sealing = "aes-256-gcm"


class Health(Section):
    """Presence detection; a device's silence timeout comes from its profile."""

    every_s: float = Field(default=2.0, ge=0.05, le=60)
    """How often it is decided who is there."""
    seen_every_s: float = Field(default=5.0, ge=0.05, le=60)
    """How often a process tells the store whom it has heard."""
    status_hold_s: float = Field(default=30.0, ge=0, le=3600)
    """How long a device that says it is offline must not be heard until it counts."""
    least_silence_s: float = Field(default=60.0, gt=0, le=86400)
    """Three intervals of a profile count as at least this."""
    forget_s: float = Field(default=60.0, ge=1, le=3600)
    """A process of the hub that says nothing for so long has died: nothing is decided from silence until then."""
    keep_days: int = Field(default=400, ge=1, le=3650)
    """How long it is kept when devices came and went, when somebody worked on them, which of their members were not
    used, and how complete their days are."""

    @model_validator(mode="after")
    def _heard_before_forgotten(self) -> "Health":
        if self.forget_s < 2 * self.seen_every_s:
            raise ValueError(
                f"health.forget_s {self.forget_s:g} is less than twice health.seen_every_s {self.seen_every_s:g}: each "
                "process would be taken for dead between two signs of life, and no device would ever be offline"
            )
        return self


class Commands(Section):
    """Device commands."""

    keep_days: int = Field(default=365, ge=1, le=3650)
    """How long the history is kept."""


Role = Literal["direct", "edge", "worker", "api"]


class Hub(Section):
    """Roles of this process."""

    roles: tuple[Role, ...] = ("direct",)
    """direct: everything in one process. Or some of: edge (MQTT to Kafka, or to files for a data diode), worker (Kafka
    to the store), api."""
    monitor_host: Host = "127.0.0.1"
    monitor_port: int | None = Field(default=None, ge=1, le=65535)
    """Where this process tells whether it lives, works, and what it counts (/healthz, /readyz, /metrics), without a
    token; for processes without the role api, which tells the same. None: nowhere."""

    @model_validator(mode="after")
    def _direct_is_all(self) -> "Hub":
        if not self.roles or ("direct" in self.roles and len(self.roles) > 1):
            raise ValueError("hub.roles is direct alone, or some of edge, worker, api")
        return self


_PLACE = ("host", "hostaddr", "port", "dbname")  # what makes a database another one in its address


class Settings(BaseSettings):
    """All of a hub's settings. Environment: HUB_DATABASE__URL, HUB_MQTT__HOST, ..."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_parse_none_str="null",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    hub: Hub = Hub()
    database: Database = Database()
    mqtt: Mqtt = Mqtt()
    kafka: Kafka = Kafka()
    pipeline: Pipeline = Pipeline()
    rules: Rules = Rules()
    api: Api = Api()
    http: Http = Http()
    access: Access = Access()
    oidc: Oidc | None = None
    outgoing: Outgoing = Outgoing()
    limits: Limits = Limits()
    provisioning: Provisioning = Provisioning()
    dead_letters: DeadLetters = DeadLetters()
    audit: Audit = Audit()
    secrets: Secrets = Secrets()
    floods: Floods = Floods()
    guards: Guards = Guards()
    commands: Commands = Commands()
    events: Events = Events()
    alerts: Alerts = Alerts()
    path_watch: PathWatch = PathWatch()
    warnings: Warnings = Warnings()
    networks: Networks = Networks()
    diode: Diode = Diode()
    cases: Cases = Cases()
    polling: Polling = Polling()
    pictures: Pictures = Pictures()
    video: Video = Video()
    health: Health = Health()
    forwards: Forwards = Forwards()
    session: Session = Session()
    sip: Sip = Sip()
    viid: Viid = Viid()
    drain_s: float = Field(default=10.0, ge=0, le=300)
    """After SIGTERM: how long what was taken may need to be committed and settled."""

    @model_validator(mode="after")
    def _demo_is_for_this_machine(self) -> "Settings":
        if self.access.demo and self.api.reached_by_others:
            raise ValueError("access.demo lets in who asks: api.host must be a loopback address")
        return self

    @model_validator(mode="after")
    def _provider_leads_back(self) -> "Settings":
        if self.oidc is not None and self.api.public_url is None:
            raise ValueError("[oidc] needs api.public_url: the provider sends people back to it")
        return self

    @model_validator(mode="after")
    def _bus_has_kafka(self) -> "Settings":
        if wrong := unfit(self.hub.roles, self.diode, kafka=self.kafka.servers is not None):
            raise ValueError(wrong)
        return self

    @property
    def audit_journal(self) -> Path:
        """The file of audit.journal: hubs of another database must not append what waits in it."""
        if self.audit.journal is not None:
            return self.audit.journal
        place = {name: value for name, value in conninfo_to_dict(self.database.url).items() if name in _PLACE}
        return (
            user_state_path("ganzhi") / f"audit-{sha256(repr(sorted(place.items())).encode()).hexdigest()[:8]}.journal"
        )

    @classmethod
    def settings_customise_sources(cls, *args: Any, **sources: Any) -> tuple[Any, ...]:
        return sources["env_settings"], sources["init_settings"]


def load_settings(path: Path | None = None) -> Settings:
    """Load settings from a TOML file (None: defaults) and the environment; ConfigError names key and line."""
    text = ""
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: not UTF-8 at byte {error.start}") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    if unknown := unknown_variables(os.environ, map(variable, keys_of(Settings))):
        raise ConfigError("; ".join(unknown))
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigError("; ".join(explain(Settings, path, text, item) for item in error.errors())) from None
    except SettingsError as error:
        raise ConfigError(unreadable(Settings, str(error))) from None


def with_roles(settings: Settings, roles: str | None) -> Settings:
    """Settings with other roles ("edge,worker"; None: unchanged); ConfigError for an invalid combination."""
    if roles is None:
        return settings
    try:
        hub = Hub.model_validate(settings.hub.model_dump() | {"roles": [role.strip() for role in roles.split(",")]})
    except ValidationError as error:
        raise ConfigError(f"--roles {roles}: {error.errors()[0]['msg']}") from error
    changed = settings.model_copy(update={"hub": hub})
    if wrong := unfit(hub.roles, changed.diode, kafka=changed.kafka.servers is not None):
        raise ConfigError(f"--roles {roles}: {wrong}")
    return changed
