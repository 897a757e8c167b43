"""A real Kafka that takes TLS and logins only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.check.kafka import check_kafka
from hub.errors import BrokerUnavailable
from hub.settings import Kafka
from hub.tls import Tls
from ingest.kafka.topics import ensure_topics
from tests.support.certificates import Authority
from tests.support.kafka import PASSWORD, KafkaAbsentError, KafkaBroker, kafka_libraries


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Kafka]:
    """Of a hub that may use the broker."""
    try:
        libraries = kafka_libraries()
    except KafkaAbsentError as absent:
        pytest.skip(str(absent))
    authority = Authority(tmp_path)
    pair = authority.pair("kafka")
    own = tmp_path / "own.pem"
    own.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes())
    folder = tmp_path / "kafka"
    folder.mkdir()
    broker = KafkaBroker(libraries, folder, tls=(own, authority.file))
    try:
        servers = broker.create().servers
        login = {"username": "hub", "password": PASSWORD, "mechanism": "SCRAM-SHA-512"}
        yield Kafka.model_validate({"servers": servers, "tls": Tls(ca=authority.file), **login})
    finally:
        broker.stop()


@pytest.mark.heavy
async def test_the_hub_logs_in_over_tls(settings: Kafka, tmp_path: Path) -> None:
    for mechanism in ("SCRAM-SHA-512", "PLAIN"):
        await ensure_topics(settings.model_copy(update={"mechanism": mechanism}), ["ganzhi.raw"])
    assert next(each.level for each in await check_kafka(settings)) == "ok"
    wrong = settings.model_validate({**settings.model_dump(), "password": "not this one"})
    with pytest.raises(BrokerUnavailable, match=r"refuses kafka\.username"):
        await ensure_topics(wrong, ["ganzhi.raw"])
    stranger = settings.model_copy(update={"tls": Tls(ca=Authority(tmp_path, "nobody").file)})
    with pytest.raises(BrokerUnavailable, match="names no authority that is trusted here"):
        await ensure_topics(stranger, ["ganzhi.raw"])
