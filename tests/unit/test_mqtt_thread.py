"""A client of paho ends, whenever its thread does."""

import threading

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from hub.mqtt_thread import leave_broker


class Ending(paho.Client):
    """Its thread is there when it is looked for, and has gone when it is joined."""

    def __init__(self, looks: int) -> None:
        self._looks, self._ended = looks, threading.Thread()
        self._ended.start()
        super().__init__(CallbackAPIVersion.VERSION2)

    @property
    def _thread(self) -> threading.Thread | None:
        self._looks -= 1
        return self._ended if self._looks >= 0 else None

    @_thread.setter
    def _thread(self, thread: threading.Thread | None) -> None:
        """It is as it is."""


@pytest.mark.parametrize("looks", range(4))
def test_a_thread_that_ends_by_itself_meanwhile_is_no_error(looks: int) -> None:
    leave_broker(Ending(looks))
