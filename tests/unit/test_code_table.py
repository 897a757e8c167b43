"""The tables of codes that are shipped: of one form, in the one vocabulary, each code once and with its clause."""

import json
from importlib.resources import files
from typing import Any

import pytest

from api.code_body import CodesBody
from devices.codecs.code_table import table_of
from devices.codecs.code_tables import TABLES
from devices.codecs.metric import is_metric
from devices.units import unit_problem
from devices.vocabulary import KINDS

FILES = {
    "gb26875": "gb26875/codes.json",
    "gb28181": "gb28181/codes.json",
    "hj212": "hj212/codes.json",
    "isapi": "isapi/codes.json",
    "onvif": "onvif/codes.json",
    "sl651": "sl651/codes.json",
    "szy206": "szy206.json",
    "video": "video/codes.json",
}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    assert sorted(set(names)) == sorted(names), [name for name in names if names.count(name) > 1]
    return dict(pairs)


def faults(table: dict[str, Any]) -> list[str]:
    """What is wrong with a table."""
    found = []
    for code, each in table["metrics"].items():
        if not is_metric(each["metric"]) or (each["unit"] is not None and unit_problem(each["unit"])):
            found.append(f"{code}: {each['metric']} in {each['unit']}")
        if not each["clause"] or not each["name"]:
            found.append(f"{code}: no clause or name")
    for code, each in table["states"].items():
        if {each["kind"], *each.get("ends", ())} - KINDS or not each["clause"]:
            found.append(f"{code}: {each['kind']}")
    return found


@pytest.mark.parametrize("protocol", TABLES)
def test_each_table_is_in_the_vocabulary(protocol: str) -> None:
    path = files("devices.codecs").joinpath(FILES[protocol])
    table = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    assert table == TABLES[protocol]()
    assert table["protocol"] == protocol
    assert faults(table) == []
    CodesBody.model_validate({name: table[name] for name in ("metrics", "states")})  # operators write the same form


def test_the_check_finds_a_kind_and_a_unit_that_are_none() -> None:
    metric = {"metric": "cod", "unit": "mg per L", "name": "COD", "clause": "1"}
    assert len(faults({"metrics": {"1": metric}, "states": {"2": {"kind": "blaze", "clause": "1"}}})) == 2


def test_a_table_tells_divisors_states_of_numbers_and_what_ends() -> None:
    told = {
        "metrics": {"3": {"metric": "temperature", "unit": "Cel", "scale": 1}},
        "states": {"Alarm=7": {"kind": "other", "code": "normal", "ends": ["smoke", "muted"]}},
    }
    table = table_of(told)
    assert table.metrics["3"].divisor == 10.0
    assert table.states["Alarm=7"].ends == ("smoke", "muted")
    assert table.valued == {"Alarm"}
