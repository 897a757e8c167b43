"""A real Apache Kafka broker of a test: KRaft, one node, its jars resolved with Maven, on free ports of 127.0.0.1."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from tests.support.process import Process, free_port

VERSION = "4.1.0"
POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>ganzhi.tests</groupId><artifactId>kafka-broker</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.ms=-1
metadata.max.idle.interval.ms=0
"""

PASSWORD = "s3cret-of-tests"
SECURED = f"""ssl.keystore.type=PEM
ssl.keystore.location={{own}}
ssl.truststore.type=PEM
ssl.truststore.location={{authority}}
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
  username="broker" password="{PASSWORD}" user_broker="{PASSWORD}" user_hub="{PASSWORD}";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""

SHORT_LIVED = ("-Xmx512m", "-Xms512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Starts with half of the processor time; what runs for minutes is compiled better without it."""
LOADED = ("-Xmx1g", "-Xms1g")


class KafkaAbsentError(Exception):
    """No broker can be started here; the text says why."""


class KafkaBroker:
    """A broker with its own data; `start` after `kill` or `stop` goes on with the same data and port."""

    def __init__(
        self, libraries: Path, folder: Path, java: Sequence[str] = SHORT_LIVED, tls: tuple[Path, Path] | None = None
    ) -> None:
        """`java`: options of the virtual machine; `tls`: a file with key and certificate, and one with the authority.

        With `tls` it takes clients that log in (SASL) as hub with PASSWORD, and only them.
        """
        self.port, controller = free_port(), free_port()
        self.servers = f"127.0.0.1:{self.port}"
        self._libraries, self._java = libraries, ["java", *java, "-cp", f"{libraries}/*"]
        self._properties = folder / "server.properties"
        text = PROPERTIES.format(port=self.port, controller=controller, folder=folder)
        self._accounts: list[str] = []
        if tls is not None:
            text = text.replace("=PLAINTEXT://", "=SASL_SSL://").replace(
                "map=PLAINTEXT:PLAINTEXT", "map=SASL_SSL:SASL_SSL"
            )
            text = text.replace("name=PLAINTEXT", "name=SASL_SSL") + SECURED.format(own=tls[0], authority=tls[1])
            self._accounts = ["--add-scram", f"SCRAM-SHA-512=[name=hub,password={PASSWORD}]"]
        self._properties.write_text(text, encoding="utf-8")
        self._folder = folder
        self._process = Process([*self._java, "kafka.Kafka", self._properties], folder / "kafka.log")

    def create(self) -> "KafkaBroker":
        """Lay down a formatted storage and start.

        One is kept beside the jars for each way to format it: that takes a virtual machine of its own.
        """
        way = hashlib.sha256("\n".join([PROPERTIES, *self._accounts]).encode()).hexdigest()[:12]
        kept = self._libraries.with_name(f"{self._libraries.name}-storage-{way}")
        with _one_at_a_time(kept.parent):
            if not kept.exists():
                with tempfile.TemporaryDirectory(dir=kept.parent) as name:
                    self._format()
                    shutil.copytree(self._folder / "data", Path(name, "data")).rename(kept)
        shutil.copytree(kept, self._folder / "data", dirs_exist_ok=True)
        return self.start()

    def _format(self) -> None:
        options: list[str | Path] = ["format", "-t", "Z2FuemhpLWdhbnpoaS1nYQ", "-c", self._properties]
        options += self._accounts
        done = Process([*self._java, "kafka.tools.StorageTool", *options], self._folder / "format.log")
        status = done.start().wait(60)
        assert status == 0, f"formatting ended with {status}: {done.text()}"

    def start(self) -> "KafkaBroker":
        """Start and wait until it listens: a KRaft broker opens its port once it is ready."""
        self._process.start().wait_for_port(self.port, 60)
        return self

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def stop(self) -> None:
        """End it; a broker that does not end within 30 s is killed."""
        if self._process.running:
            try:
                self._process.terminate(30)
            except AssertionError:
                self._process.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.running


def kafka_libraries() -> Path:
    """The folder with the broker's jars, fetched with Maven unless they are there; KafkaAbsentError says why not."""
    java = _java_version()
    if java is None or java < 17:
        found = "there is no java" if java is None else f"java is {java}"
        raise KafkaAbsentError(f"Kafka needs Java 17, and {found}: apt-get install default-jre-headless")
    cache = user_cache_path("ganzhi", ensure_exists=True)
    ready = cache / f"kafka-{VERSION}"
    with _one_at_a_time(cache):
        if not ready.exists():
            _fetch(cache, ready)
    return ready


@contextmanager
def _one_at_a_time(cache: Path) -> Iterator[None]:
    """Two test runs at once: one waits for the other."""
    with (cache / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _java_version() -> int | None:
    if shutil.which("java") is None:
        return None
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    number = re.search(r'version "(\d+)', told)
    return int(number[1]) if number else None


def _fetch(cache: Path, ready: Path) -> None:
    if shutil.which("mvn") is None:
        raise KafkaAbsentError("Kafka's jars are fetched with Maven, and there is no mvn: apt-get install maven")
    with tempfile.TemporaryDirectory(dir=cache) as name:
        folder = Path(name)
        (folder / "pom.xml").write_text(POM, encoding="utf-8")
        command = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={folder / 'libs'}"]
        environment = {**os.environ, "MAVEN_ARGS": ""}
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise KafkaAbsentError(f"Maven cannot fetch Kafka's jars: {(done.stdout + done.stderr).strip()[:500]}")
        (folder / "libs").rename(ready)
