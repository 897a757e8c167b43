"""Passwords: what may be one, and how it is kept (argon2id)."""

import asyncio
import unicodedata
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.words.sentence import Sentence

SHORTEST, LONGEST = 12, 200
AT_ONCE = 2
"""Hashes at one time: each takes 64 MiB and a tenth of a second of a processor."""
WAITING, OF_ONE_ADDRESS = 32, 8
"""Further ones that may wait, in all and of one client: a flood of logins is refused, and leaves others room."""
FEWEST_DIFFERENT = 5
"""Characters: aaaaaaaaaaaa and 121212121212 are tried first."""

_HASHER = PasswordHasher(time_cost=3, memory_cost=64 << 10, parallelism=2)
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=2$eCbi4tjvGyUHMQ9hNRXQog$deKdFry/pld19+YjuLfqaGvcKSSo451V2/m0a+LpZwI"
"""Checked for a name that is unknown, so that the answer takes as long as for one that is known; of no password."""


class TooManyHashesError(Exception):
    """More logins wait than there may, in all or from one address."""


class Passwords:
    """Hashes and verifies passwords in threads, AT_ONCE at a time.

    The threads are bounded, and not turns that are waited for: who leaves in the middle would give his turn back at
    once, while the thread goes on.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self._waiting: Counter[str] = Counter()

    async def hashed(self, password: str, address: str) -> str:
        """What is kept of a password. TooManyHashesError when too many wait."""
        with self._turn(address):
            return await asyncio.get_running_loop().run_in_executor(self._threads, hashed, password)

    async def verified(self, kept: str | None, password: str, address: str) -> bool:
        """Whether it is the password that was kept; without one it takes as long and is not. Raises as `hashed`."""
        with self._turn(address):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, _verified, kept or NOBODYS, password)

    @contextmanager
    def _turn(self, address: str) -> Iterator[None]:
        if self._waiting.total() >= WAITING or self._waiting[address] >= OF_ONE_ADDRESS:
            raise TooManyHashesError
        self._waiting[address] += 1
        try:
            yield
        finally:
            self._waiting[address] -= 1
            self._waiting += Counter()  # forgets who waits no more


def hashed(password: str) -> str:
    """What is kept of a password; takes a tenth of a second."""
    return _HASHER.hash(normal(password))


def _verified(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, normal(password))
    except (VerificationError, InvalidHashError):
        return False


def normal(password: str) -> str:
    """The same password however a keyboard composes its characters (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def refusal(password: str, name: str) -> Sentence | None:
    """Why it may not be the password of an account; None: it may. Length counts, and no rule asks for a digit."""
    given = normal(password)
    if not SHORTEST <= len(given) <= LONGEST:
        return Sentence("refusal.password.length", shortest=SHORTEST, longest=LONGEST)
    low = given.casefold()
    if name.casefold() in low or low in name.casefold():
        return Sentence("refusal.password.name")
    bare = low.strip("0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ")
    if len(set(low)) < FEWEST_DIFFERENT or low in _common() or bare in _common() or _runs(low):
        return Sentence("refusal.password.common")
    return None


def _runs(text: str) -> bool:
    """Whether it is but a run of the alphabet or the digits, up or down."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps <= {1, -1, -9, 9, 0}


@cache
def _common() -> frozenset[str]:
    return frozenset((files("hub.access") / "common_passwords.txt").read_text(encoding="utf-8").split())
