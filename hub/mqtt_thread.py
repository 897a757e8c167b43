"""Ends a client of paho that has a thread of its own, as the simulator's and `hub check`'s have."""

from contextlib import suppress

import paho.mqtt.client as paho


def leave_broker(client: paho.Client) -> None:
    """Disconnect, and wait until its thread has ended."""
    client.disconnect()
    with suppress(AttributeError):  # paho 2.1: a thread that ends by itself between its look and its join is None
        client.loop_stop()
