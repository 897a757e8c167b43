"""The simulator's publisher against a real broker: bounded, and nothing is left out when the broker restarts."""

import threading
from itertools import count, islice
from pathlib import Path

import pytest

from simulator.publisher import Broker, BrokerAbsentError, Publisher, StoppedError
from tests.support.broker import Mosquitto, publisher
from tests.support.process import free_port, wait_until


def test_each_message_is_acknowledged_once_though_the_broker_restarts(mosquitto: Mosquitto) -> None:
    got: list[int] = []
    with publisher(mosquitto.host, mosquitto.port, "listener") as listener:
        listener.on_message = lambda _client, _user, message: got.append(int(message.payload))
        listener.on_connect = lambda client, *_: client.subscribe("numbers", 1)
        listener.reconnect_delay_set(1, 1)
        listener.subscribe("numbers", 1)
        acknowledged: list[int] = []
        numbers = count()

        def send(sender: Publisher[int], messages: int) -> None:
            for number in islice(numbers, messages):
                sender.publish("numbers", str(number).encode(), number)

        with Publisher(Broker("127.0.0.1", mosquitto.port), "p", acknowledged.append, window=300) as sender:
            send(sender, 500)
            mosquitto.kill()
            wait_until(lambda: not sender.connected, "the connection is seen to be gone")
            assert sender.unacknowledged <= 300
            send(sender, 300 - sender.unacknowledged)
            mosquitto.start()
            send(sender, 500)
            assert sender.drain(20) == 0
        last = next(numbers) - 1
        assert sorted(acknowledged) == list(range(last + 1))
        wait_until(lambda: last in got, "the listener is back, too")


def test_a_full_window_waits_until_it_is_told_to_stop(mosquitto: Mosquitto) -> None:
    stopping = threading.Event()
    with Publisher[int](Broker("127.0.0.1", mosquitto.port), "p", lambda _: None, 3, stopping) as sender:
        mosquitto.kill()
        wait_until(lambda: not sender.connected, "the connection is seen to be gone")
        for number in range(3):
            sender.publish("numbers", b"", number)
        stopping.set()
        with pytest.raises(StoppedError):
            sender.publish("numbers", b"", 3)
        assert sender.unacknowledged == 3


def test_no_broker_is_told(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(BrokerAbsentError, match=f"no MQTT broker at 127.0.0.1:{port}"):
        Publisher(Broker("127.0.0.1", port), "p", lambda _: None).open(seconds=0.3)
