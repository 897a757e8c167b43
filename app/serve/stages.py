"""What a hub is made of: its stages, in the order in which they read and decide, write, and adopt."""

import math
from collections.abc import Callable, Sequence

from analytics.detection.stage import Detection
from analytics.reordering.judged import Reordered
from analytics.reordering.newest import NewestJudged
from analytics.reordering.stage import Reordering
from analytics.rules.flaps import Limits
from analytics.rules.reception import Nothing
from analytics.rules.rounds import RoundRule
from analytics.rules.rulebook import RuleBook
from devices.carriers.senders import Room, Senders
from devices.commands.replies import Replies
from devices.conflicts import ConflictLetters
from devices.episodes.stage import Episodes, Listening
from devices.floods import Floods
from devices.forwarding.alarms import AlarmForwarding
from devices.forwarding.stage import Forwarding
from devices.guards.stage import GuardStates
from devices.health.edge_heartbeats import Edges
from devices.health.heartbeat import Progress
from devices.health.last_seen import LastSeen
from devices.health.links import Links
from devices.health.statuses import Statuses
from devices.letters import gated
from devices.quality import QualityFlags
from devices.registry.registry import Registry
from devices.resolve import Dropped, DroppedPictures, Resolver
from devices.retained import Retained
from devices.unmapped_codes import UnmappedCodes
from devices.unused_members import UnusedMembers
from hub.alerts.stage import AlertChanges
from hub.models import Batch
from hub.repeats import Conflicting, Repeated
from hub.settings import Rules, Settings
from hub.stage import Stage
from hub.store.arrivals import Arrivals
from hub.store.clips import EventClips
from hub.store.dead_letter_stage import DeadLetters
from hub.store.events import Events
from hub.store.latest import Latest
from hub.store.pictures import EventPictures
from hub.store.positions import Positions
from hub.store.readings import Readings
from hub.store.replayed import ReplayedLetters
from hub.telemetry import Counters


class Count(Stage):
    """Counts committed data."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def adopt(self, batch: Batch) -> None:
        """Add a batch to the counters."""
        counters = self._counters
        counters.commits += 1
        counters.messages += len(batch.raws)
        counters.readings += len(batch.readings)
        counters.events += len(batch.events)
        counters.refused += sum(not letter.taken for letter in batch.refused.values())
        counters.repeated += len(batch.of(Repeated))
        counters.conflicting += len(batch.of(Conflicting))
        counters.judged_early += batch.of(Reordered).early
        counters.private += batch.of(Dropped)
        counters.private_pictures += batch.of(DroppedPictures)
        counters.alert_changes += len(batch.changes)


def flapping_of(rules: Rules) -> Limits | None:
    """What flapping is by the settings; None: nothing flaps."""
    if rules.flap_count is None:
        return None
    return Limits(rules.flap_count, round(rules.flap_within_s * 1_000_000), round(rules.flap_quiet_s * 1_000_000))


class HubStages:
    """The stages of a process that commits; a new kind of fact is one line here."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        counters: Counters,
        idle: Callable[[], bool],
    ) -> None:
        """`idle` tells whether nothing waits for its commit.

        The rules' hold times end by themselves once `rules.reception` tells of which devices everything is received.
        """
        stale_after_s = math.inf if settings.rules.stale_after_s is None else settings.rules.stale_after_s
        self.forwarding, self.alarm_forwarding = Forwarding(registry), AlarmForwarding()
        self.latest, self.arrivals, self.last_seen = Latest(), Arrivals(), LastSeen()
        self.progress, newest = Progress(idle), NewestJudged(self.latest)
        self.rules = rules = RuleBook(registry, stale_after_s, Nothing(), newest, flapping_of(settings.rules))
        reordering = Reordering(registry, newest, rules.decided_until, lambda code: rules.reception.owns(code))
        self.detection = Detection(registry, lambda code: rules.reception.owns(code))
        listening = Listening(
            rules.decided_until, lambda: rules.reception.since(), lambda code: rules.reception.owns(code)
        )
        floods = Floods(settings.floods)
        self.ordered: Sequence[Stage] = (
            Positions(),
            Resolver(registry, self.arrivals.known, floods),
            RoundRule(stale_after_s),
            floods,
            UnusedMembers(),
            Senders(Room(settings.dead_letters.waiting)),
            UnmappedCodes(),
            QualityFlags(registry, self.latest, reordering.judged),
            Readings(registry.last_wins),
            self.forwarding,
            Episodes(registry, settings.events, listening),
            Events(registry.last_event_wins),
            self.alarm_forwarding,
            EventPictures(settings.pictures),
            EventClips(settings.pictures),
            ConflictLetters(registry),
            self.latest,
            reordering,
            self.detection,
            self.rules,
            GuardStates(registry, settings.guards, rules.decided_until, lambda code: rules.reception.owns(code)),
            Statuses(),
            Links(),
            Retained(),
            Edges(),
            self.last_seen,
            Replies(),
            DeadLetters(settings.dead_letters.per_minute, gated),
            self.arrivals,
            ReplayedLetters(),
            self.progress,
            Count(counters),
            AlertChanges(self.rules),
        )
