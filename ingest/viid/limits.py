"""How much view libraries may take up, each limit with the attack or fault that it protects from."""

REGISTERED = 20_000
"""Registrations: who has the password of all could invent numbers without end."""
MISSES = 3
"""Keepalives that may be missing."""
HOLD_S = 8.0
"""How long a request waits for its commit; then it is told to come again."""
SMALL_BYTES = 64 << 10
"""A body of who has not registered, and of system messages."""
DISCARD_BYTES = 64 << 20
"""Of a body about persons: it is read so that its sender has done with it, and nothing of it is kept."""
BODIES_BYTES = 128 << 20
"""Of all bodies that are being read; beyond it senders are told to come again."""
LETTERS_PER_S, LETTERS_ROOM = 0.1, 10
"""Messages of one address that cannot be read and are kept as letters."""
LETTERS_OF_ONE = 16
"""Letters about parts of one message."""
DROPPED_OF_ONE = 2_000
"""Objects that are counted of one message and device."""
TOLD_UNKNOWN = 4_000
"""Unknown platforms of which it is remembered that a letter tells of them."""
KEPT_BYTES = 4096
"""Of a message that is kept as a letter."""
