"""Housekeeping of the store: retention and timeouts. Safe to run in any number of processes."""

from app.serve.calendars import watch_calendars
from app.serve.overdue import watch_timers
from app.serve.pictures_sweep import keep_sweeping
from app.serve.retention import keep_forgetting
from devices.camera_state.states import watch as watch_cameras
from devices.catalogue.counts import count_all
from devices.commands.timeouts import keep_settling
from devices.vocabulary import MOMENTARY
from hub.alerts.channel_watch import watch_channels
from hub.alerts.drills import drills
from hub.alerts.release import release
from hub.alerts.shelf import unshelve_due
from hub.alerts.summaries import summarise
from hub.audit.head import daily
from hub.audit.journal import keep_settling as keep_settling_journal
from hub.audit.retention import keep_audit
from hub.audit.sealing import sealer as audit_sealer
from hub.audit.syslog import keep_sending
from hub.cases.from_alerts import follow_alerts
from hub.cases.overdue import watch_cases
from hub.lifecycle import Named
from hub.secrets.sealed import Secrets
from hub.secrets.stored import sealer
from hub.settings import Settings
from hub.store.expiry import keep_expiring
from hub.store.leader import lead
from hub.store.pool import Pool
from hub.store.rebuild import Rebuild
from hub.warnings.telling import tell_consumers
from ingest.diode.watch import watch as watch_diode
from ingest.networks.listening import watch as watch_networks
from ingest.warnings.stale import watch as watch_warnings


def housekeeping(settings: Settings, pool: Pool) -> list[Named]:
    """Background tasks by name."""
    audit = settings.audit
    folder = settings.pictures.folder
    swept = [("pictures swept", keep_sweeping(pool, folder))] if folder is not None else []
    sinks = [("audit syslog", keep_sending(settings.database.url, audit.syslog, audit.tls))] if audit.syslog else []
    return [
        *sinks,
        *swept,
        ("retention", keep_forgetting(pool, settings)),
        ("expiry", keep_expiring(pool, settings.dead_letters)),
        ("commands", keep_settling(pool, settings.commands)),
        ("silences", lead(settings.database.url, "silences", release)),
        ("warnings told", lead(settings.database.url, "warnings told", tell_consumers)),
        ("warnings", lead(settings.database.url, "warnings", watch_warnings(settings.warnings.sources))),
        ("drills", lead(settings.database.url, "drills", drills(MOMENTARY))),
        ("summaries", lead(settings.database.url, "summaries", summarise)),
        ("edges", lead(settings.database.url, "edges", watch_diode(settings.diode))),
        ("networks", lead(settings.database.url, "networks", watch_networks())),
        ("shelf", lead(settings.database.url, "shelf", unshelve_due)),
        ("calendars", lead(settings.database.url, "calendars", watch_calendars)),
        ("cases of alerts", lead(settings.database.url, "cases of alerts", follow_alerts)),
        ("cases", lead(settings.database.url, "cases", watch_cases)),
        ("channels", lead(settings.database.url, "channels", watch_channels)),
        ("camera states", lead(settings.database.url, "camera states", watch_cameras)),
        ("catalogue", lead(settings.database.url, "catalogue", count_all)),
        ("audit", lead(settings.database.url, "audit", audit_sealer(audit.hash))),
        ("audit head", lead(settings.database.url, "audit head", daily(audit.signing_key_file))),
        ("audit journal", keep_settling_journal(pool, settings.audit_journal)),
        ("audit retention", keep_audit(pool, audit.keep_days)),
        ("secrets", lead(settings.database.url, "secrets", sealer(Secrets(settings.secrets)))),
        ("timers", watch_timers(pool)),
        ("rollups", lead(settings.database.url, "rollups", Rebuild())),
    ]
