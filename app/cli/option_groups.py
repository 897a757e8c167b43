"""Options that belong together are one parameter of a verb: a dataclass, each of whose fields is an option."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from typing import Any

Verb = Callable[..., None]


def spread(verb: Verb) -> Verb:
    """A verb that takes each field of its groups as an option, in the place of the group."""
    parameters = inspect.signature(verb, eval_str=True).parameters.values()
    groups: dict[str, type] = {each.name: each.annotation for each in parameters if _is_group(each.annotation)}
    options = list[inspect.Parameter]()
    for each in parameters:
        group = groups.get(each.name)
        within = [each] if group is None else inspect.signature(group, eval_str=True).parameters.values()
        options += within if group is None else [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in within]

    def run(**given: Any) -> None:
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        verb(**given, **made)

    return signed(run, verb, options) if groups else verb


def _is_group(annotation: object) -> bool:
    return isinstance(annotation, type) and is_dataclass(annotation)


def signed(run: Verb, verb: Verb, parameters: Iterable[inspect.Parameter]) -> Verb:
    """`run` under the name of a verb, with these parameters, which is where the command line looks for them."""
    run.__name__, run.__doc__ = verb.__name__, verb.__doc__
    run.__signature__ = inspect.Signature([*parameters])  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run
