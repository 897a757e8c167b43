"""The hub's Kafka topics: names and creation."""

import logging
from collections.abc import Iterable, Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code
from aiokafka.errors import TopicAlreadyExistsError as AlreadyExists

from hub.errors import BrokerUnavailable
from hub.settings import Kafka
from ingest.kafka.security import connection_options, tls_fault

MESSAGE_BYTES = 2 << 20
"""What topics must take: the largest message that is read has 1 MiB."""

log = logging.getLogger(__name__)


def raw_topic(kafka: Kafka) -> str:
    """Topic of raw messages, written by edges and read by workers."""
    return f"{kafka.prefix}.raw"


def alerts_topic(kafka: Kafka) -> str:
    """Topic of alert changes, written for consumers of kind kafka."""
    return f"{kafka.prefix}.alerts"


def readings_topic(kafka: Kafka, target: str) -> str:
    """Topic of readings that are forwarded to a target."""
    return f"{kafka.prefix}.readings.{target}"


def forms_of(kafka: Kafka) -> Mapping[str, str]:
    """Third-party topics and the payload form of each."""
    return {f"{kafka.prefix}.telemetry": "telemetry", f"{kafka.prefix}.events": "event"}


async def ensure_topics(kafka: Kafka, topics: Iterable[str]) -> None:
    """Create missing topics; BrokerUnavailable if that is currently impossible.

    What third parties publish is stamped by Kafka's clock, because the stamp stands in where a record has no time.
    Messages of the bus bring their time of arrival. Nothing but time removes what was not read yet.
    """
    config = {
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MESSAGE_BYTES),
    }
    if kafka.replication >= 3:
        config["min.insync.replicas"] = "2"
    wanted = [NewTopic(topic, kafka.partitions, kafka.replication, topic_configs=config) for topic in topics]
    admin = AIOKafkaAdminClient(**connection_options(kafka))
    try:
        await admin.start()
        there = set(await admin.list_topics())
        missing = [topic for topic in wanted if topic.name not in there]
        if missing:
            answer = await admin.create_topics(missing)
            for name, code, *_ in answer.topic_errors:
                if code and for_code(code) is not AlreadyExists:
                    raise BrokerUnavailable(f"cannot make the topic {name}: {for_code(code).__name__}")
                log.info("created the topic %s with %d partitions", name, kafka.partitions)
    except (KafkaError, OSError) as error:
        told = f"Kafka at {kafka.servers}: {error}"
        if kafka.username is not None:  # aiokafka tells only its log why it could not log in
            told += ", or it refuses kafka.username, kafka.password or kafka.mechanism"
        raise BrokerUnavailable(await tls_fault(kafka) or told) from error
    finally:
        await admin.close()
