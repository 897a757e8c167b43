"""`hub check` for Kafka: reachability, topics and replication."""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from app.check.finding import Finding
from hub.settings import Kafka
from ingest.kafka.security import connection_options, tls_fault
from ingest.kafka.topics import MESSAGE_BYTES, forms_of, raw_topic

SETTINGS = ("min.insync.replicas", "max.message.bytes", "retention.ms")


async def check_kafka(kafka: Kafka) -> list[Finding]:
    """Findings; read-only. Kafka's protocol reveals supported API versions, not the server version."""
    admin = AIOKafkaAdminClient(**connection_options(kafka), request_timeout_ms=5000)
    where = f"kafka {kafka.servers}"
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
        names = [raw_topic(kafka), *forms_of(kafka)]
        there = [name for name in names if name in set(await admin.list_topics())]
        topics = await admin.describe_topics(there) if there else []
        configs = {name: await _config(admin, name) for name in there}
    except (KafkaError, OSError) as error:
        if told := await tls_fault(kafka):
            return [Finding("fail", f"kafka: {told}")]
        return [Finding("fail", f"{where}: {error or 'no answer'}", "check kafka.servers, and advertised.listeners")]
    finally:
        await admin.close()
    brokers = len(cluster["brokers"])
    findings = [Finding("ok", f"{where}: reachable, {brokers} broker{'s' if brokers != 1 else ''}")]
    absent = [name for name in names if name not in there]
    findings += [Finding("ok", f"{where}: topic {name} is not there yet; the hub makes it") for name in absent]
    for topic in topics:
        findings += _judge(where, topic, configs[topic["topic"]])
    return findings


async def _config(admin: AIOKafkaAdminClient, topic: str) -> dict[str, int]:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys(SETTINGS))
    (answer,) = await admin.describe_configs([resource])
    (told,) = answer.resources
    return {name: int(value) for name, value, *_ in told[4]}


def _judge(where: str, topic: dict[str, Any], config: dict[str, int]) -> list[Finding]:
    name, partitions = topic["topic"], topic["partitions"]
    copies = min(len(partition["replicas"]) for partition in partitions)
    in_sync = min(len(partition["isr"]) for partition in partitions)
    needed = config["min.insync.replicas"]
    told = f"{where}: topic {name}, {len(partitions)} partitions, {copies} copies, {in_sync} of them in step"
    if in_sync < needed:
        return [Finding("fail", told, f"{needed} must be (min.insync.replicas): until then nothing can be published")]
    findings = [Finding("ok", told)]
    if copies < 2 or needed < 2:
        advice = "kafka.replication = 3 and min.insync.replicas = 2: the loss of one broker's disk loses messages now"
        findings = [Finding("warn", told, advice)]
    if config["max.message.bytes"] < MESSAGE_BYTES:
        advice = f"set max.message.bytes = {MESSAGE_BYTES}: a message of 1 MiB would stop the edge"
        findings.append(Finding("warn", f"{where}: topic {name} takes {config['max.message.bytes']} bytes", advice))
    if 0 <= config["retention.ms"] < 86_400_000:
        advice = "set retention.ms to days: what is not read before is lost"
        findings.append(Finding("warn", f"{where}: topic {name} keeps {config['retention.ms'] // 1000} s", advice))
    return findings
