"""Generated requests against every route of the API, with and without a login: ./run bench api-fuzz --examples 200."""

import argparse
import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path

from tests.support.api_fuzz import register
from tests.support.api_fuzz_spread import spread
from tests.support.broker import Mosquitto, find_mosquitto
from tests.support.hub import Hub
from tests.support.stores import open_any_store

TOKEN = "sesame"


def main() -> None:
    """A hub with a token on a database of its own; ends with 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="requests of each operation and login")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="that make them, beside the hub")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of a path")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    given = parser.parse_args()
    if given.examples < 1 or given.processes < 1:
        parser.error("--examples and --processes are 1 or more")
    if (program := find_mosquitto()) is None:
        sys.exit("mosquitto is not installed: apt-get install mosquitto mosquitto-clients")
    with open_any_store() as store, store.database() as url, tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(program, Path(folder))
        hub = Hub(url, broker.port, Path(folder), HUB_API__TOKEN=TOKEN)
        hub.api.headers["authorization"] = f"Bearer {TOKEN}"
        broker.start()
        try:
            hub.start()
            register(hub)
            base = f"http://127.0.0.1:{hub.port}"
            results = spread(base, TOKEN, given.examples, given.seed, given.only, given.processes)
        finally:
            hub.close()
            broker.stop()
    if given.json:
        print(json.dumps({name: dataclasses.asdict(result) for name, result in results.items()}))  # noqa: T201
    else:
        for name, result in results.items():
            print(f"{name}: {result.requests:,} requests of {result.operations} operations in {result.seconds} s")  # noqa: T201
            for operation, failure in result.failures.items():
                print(f"  {operation}\n{failure}")  # noqa: T201
    sys.exit(any(result.failures for result in results.values()))


if __name__ == "__main__":
    main()
