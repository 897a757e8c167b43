"""Types of the contract that one vocabulary holds: units, names of metrics, kinds of events."""

from typing import Annotated

from pydantic import AfterValidator

from api.contract_types import Metric, known
from devices.privacy import is_private
from devices.units import unit_problem
from devices.vocabulary import KINDS


def _unit(text: str) -> str:
    problem = unit_problem(text)
    if problem is not None:
        raise ValueError(problem)
    return text


def _public(name: str) -> str:
    if is_private(name):
        raise ValueError(f"'{name}' is about persons: the hub watches places and things, and drops such values")
    return name


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(known("kind of event", kind, sorted(KINDS)))
    return kind


Unit = Annotated[str, AfterValidator(_unit)]
MetricName = Annotated[Metric, AfterValidator(_public)]
Kind = Annotated[str, AfterValidator(_kind)]
