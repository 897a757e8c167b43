"""Coverage-guided fuzzing of one target with atheris, in a process of its own: libFuzzer ends its process.

Run by tests/bench/fuzz.py as: python -m tests.support.fuzz_guided NAME RUNS SEED FOLDER
Inputs that raised or were slow go to FOLDER/suspects, a line of hex each: the caller, whose code is not slowed down by
counting branches, judges them.
"""

import importlib.util
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAX_LEN = 8_192
"""Of a guided input: what is slow or fat by its size is for the monsters."""
SUSPECT_S = 0.001
MAX_SUSPECTS = 500
INSTRUMENTED = ["devices", "ingest"]
OWN_MUTATIONS = 0.3
"""Share of mutations that know what JSON is; the others are libFuzzer's."""


def available() -> bool:
    """Whether atheris is there for this interpreter."""
    return importlib.util.find_spec("atheris") is not None


def guided(name: str, runs: int, seed: int, seeds: list[bytes]) -> tuple[int, int, list[bytes]]:
    """Inputs run, branches reached, and suspects of a target."""
    from tests.support.fuzz_inputs import TOKENS  # not above: what is imported there is not instrumented in `main`

    with tempfile.TemporaryDirectory(prefix="ganzhi-fuzz-") as name_of_folder:
        folder = Path(name_of_folder)
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, payload in enumerate(seeds):
            (corpus / f"{number:04}").write_bytes(payload)
        words = "".join(_word(token) for token in TOKENS if len(token) <= 64)
        (folder / "words").write_text(words, encoding="ascii")
        (folder / "suspects").touch()
        command = [sys.executable, "-m", "tests.support.fuzz_guided", name, str(runs), str(seed), str(folder)]
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        done = re.findall(r"^#(\d+)\s+DONE\s+cov: (\d+)", ended.stderr, re.MULTILINE)
        if not done:
            raise RuntimeError(f"the guided run of {name} broke off: {ended.stderr[-2_000:]}")
        lines = (folder / "suspects").read_text(encoding="ascii").split("\n")
        return int(done[0][0]), int(done[0][1]), [bytes.fromhex(line) for line in lines if line]


def _word(token: bytes) -> str:
    """A line of a libFuzzer dictionary."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n'


def main() -> None:
    """The process of one guided run."""
    import atheris

    name, runs, seed, folder = sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.support.fuzz_inputs import Mutator
        from tests.support.fuzz_targets import TARGETS
    target = TARGETS[name]
    mutator = Mutator(target.seeds, random.Random(int(seed)), MAX_LEN)
    slowest, told = 0.0, 0
    suspects = (folder / "suspects").open("a", encoding="ascii")

    def one(payload: bytes) -> None:
        nonlocal slowest, told
        raised, began = False, time.process_time()
        try:
            target.read(payload)
        except target.refusals:
            pass
        except Exception:  # noqa: BLE001 that is what is looked for; the caller sees which
            raised = True
        spent = time.process_time() - began
        if told < MAX_SUSPECTS and (raised or spent > max(SUSPECT_S, slowest * 0.8)):
            told += 1
            slowest = max(slowest, spent)
            suspects.write(payload.hex() + "\n")
            suspects.flush()

    def mutate(payload: bytes, max_size: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() > OWN_MUTATIONS:
            return bytes(atheris.Mutate(payload, max_size))
        return mutator.mutated(payload)[:max_size]

    options = [f"-runs={runs}", f"-seed={seed}", f"-max_len={MAX_LEN}", f"-dict={folder / 'words'}", "-rss_limit_mb=0"]
    atheris.Setup([name, *options, "-len_control=0", str(folder / "corpus")], one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
