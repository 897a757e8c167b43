"""Takes what outside case systems tell of their cases: what is said again, late or out of order changes nothing.

What does not fit is a conflict, which is kept until a person decides.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid4, uuid5

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from hub.cases.apply import apply
from hub.cases.files import File
from hub.cases.files import known as has
from hub.cases.outside_way import TARGETS, Standing, Way, no_way, steps_to, way
from hub.cases.step import Report, Step
from hub.cases.transitions import HUB
from hub.errors import PermanentError
from hub.store.statements import statements
from hub.words.sentence import Sentence, written

SQL = statements(__name__)

Outcome = Literal["applied", "unchanged", "older", "repeated", "conflict"]
_NAMESPACE = UUID("5f1f6a0e-2a3c-5c0e-9d0b-8b2a43c0a1d7")


class OutsideRefused(PermanentError):
    """A post cannot be taken as it is"""

    def __init__(self, sentence: Sentence, pointer: str, missing: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.pointer, self.missing = sentence, pointer, missing
        """`missing`: the case that it names is not there."""


class System(NamedTuple):
    """A row of outside_system, without its secret."""

    code: str
    organisation: str | None
    responsible: str | None
    states: Mapping[str, str]
    """By its word for a state: one of TARGETS."""
    categories: Mapping[str, Mapping[str, str]]
    """By its code of a category: {kind, code}."""

    @property
    def actor(self) -> str:
        """Who its steps are by."""
        return f"outside:{self.code}"

    def tells_of(self, case: Standing) -> bool:
        """Whether a case is a matter of its organisation."""
        return self.organisation is None or self.organisation in (case.organisation, case.responsible)


class Post(NamedTuple):
    """What a system tells of one of its cases."""

    key: str
    """Of the post: its id, and what it says."""
    id: str
    """What the system calls the case."""
    state: str
    at: datetime
    """Since when it is so there, by its clock, which may be ahead: what is newer, and what is the same."""
    step_at: datetime
    """The same, and not in the future: the time of the steps."""
    case: str | None
    """Ours that it is about: number or id."""
    title: str | None
    region: str | None
    category: str | None
    lon: float | None
    lat: float | None
    note: str | None


class Answer(NamedTuple):
    """What came of a post."""

    outcome: Outcome
    case_id: UUID
    number: str
    stage: str
    reason: Sentence | None = None
    """Of a conflict."""


def key_of(id: str, body: bytes) -> str:  # noqa: A002 the specification's word
    """The key of a post: one id with another content is another post."""
    return f"{id}\n{sha256(body).hexdigest()}"


async def take(conn: psycopg.AsyncConnection, system: System, post: Post) -> Answer:
    """Take a post inside the caller's transaction, to be committed at once; OutsideRefused when it cannot be taken."""
    target = system.states.get(post.state)
    if target is None or target not in TARGETS:
        raise OutsideRefused(Sentence("outside.state", state=post.state, system=system.code), "/state")
    await conn.execute(SQL.lock)
    post_id = uuid5(_NAMESPACE, f"{system.code}\n{post.key}")
    known = await _row(conn, SQL.known, {"system": system.code, "outside_id": post.id, "post_id": post_id})
    case_id = await _linked(conn, system, post, post_id) if known is None else known["case_id"]
    case, visited = await _case(conn, case_id)
    if known is not None and (known["taken"] or (known["told_at"] == post.at and post.state in known["told"])):
        return Answer("repeated", case.id, case.number, case.stage)
    if known is not None and known["told_at"] is not None and post.at < known["told_at"]:
        return Answer("older", case.id, case.number, case.stage)
    found = way(case, target, post.at, system.actor, visited)
    if found.outcome == "conflict" and known is not None and known["told_at"] == post.at and target in visited:
        return Answer("older", case.id, case.number, case.stage)  # two states of a moment, out of order
    if found.outcome in ("steps", "conflict") and await _echoes(conn, system, post, case, target):
        return Answer("older", case.id, case.number, case.stage)
    if found.outcome == "steps" and not system.tells_of(case):
        found = Way("conflict", reason=Sentence("outside.not_theirs", organisation=system.organisation or ""))
    new = known is None and post.case is None
    outcome: Outcome = "applied" if found.outcome == "steps" or new else found.outcome
    reason = found.reason
    if found.outcome == "steps":
        reason = await _all(conn, [*_steps(system, post, post_id, case.id, found.steps)])
    if reason is not None:
        outcome = "conflict"
        await _contradict(conn, system, post, post_id, case, target, reason)
    told = {"system": system.code, "outside_id": post.id, "at": post.at, "state": post.state}
    await conn.execute(SQL.tell, told)
    case, _ = await _case(conn, case.id)
    return Answer(outcome, case.id, case.number, case.stage, reason)


async def _echoes(conn: psycopg.AsyncConnection, system: System, post: Post, case: Standing, target: str) -> bool:
    """Whether a state is what the system had heard from us at its time, while the case went on here.

    It says nothing new, and is about to hear, or heard after that time, how the case went on. Not so where it has told
    another state since, or moved the case.
    """
    asked = {
        "system": system.code, "actor": system.actor, "case_id": case.id, "state": post.state, "target": target,
        "at": post.at,
    }  # fmt: skip
    return await _row(conn, SQL.echo, asked) is not None


async def take_file(conn: psycopg.AsyncConnection, system: System, outside_id: str, key: str, file: File) -> Answer:
    """Keep a file of a case that the system has told of, as `take`; one that the case has already changes nothing."""
    await conn.execute(SQL.lock)
    post_id = uuid5(_NAMESPACE, f"{system.code}\n{key}")
    found = await _row(conn, SQL.known, {"system": system.code, "outside_id": outside_id, "post_id": post_id})
    if found is None:
        raise OutsideRefused(Sentence("outside.no_file_case", id=outside_id), "/id", missing=True)
    case, _ = await _case(conn, found["case_id"])
    if found["taken"] or await has(conn, case.id, file):
        return Answer("repeated", case.id, case.number, case.stage)
    if not system.tells_of(case):
        raise OutsideRefused(Sentence("outside.not_theirs", organisation=system.organisation or ""), "/id")
    step = Step(
        post_id, case.id, "attached", datetime.now(UTC), system.actor, by_organisation=system.organisation,
        note=file.name,
    )  # fmt: skip
    [result] = await apply(conn, [step], {step.id: [file]})
    if result.reason is not None:
        raise OutsideRefused(result.reason, "/file")
    return Answer("applied", case.id, case.number, case.stage)


async def _linked(conn: psycopg.AsyncConnection, system: System, post: Post, post_id: UUID) -> UUID:
    """The case of an id that the system has not named before: ours that it names, or a new one."""
    if post.case is not None:
        named = {
            "system": system.code, "number": post.case, "id": _uuid(post.case), "organisation": system.organisation
        }  # fmt: skip
        found = await _row(conn, SQL.named, named)
        if found is None:
            raise OutsideRefused(Sentence("outside.no_case", case=post.case), "/case", missing=True)
        if found["outside_id"] is not None:
            called = Sentence("outside.called_otherwise", case=post.case, id=found["outside_id"])
            raise OutsideRefused(called, "/case")
        case_id: UUID = found["id"]
    elif post.title is None or post.region is None:
        raise OutsideRefused(Sentence("outside.unknown", id=post.id), "/id", missing=True)
    else:
        case_id = await _reported(conn, system, post, post_id, post.title)
    await conn.execute(SQL.link, {"system": system.code, "outside_id": post.id, "case_id": case_id})
    return case_id


def _uuid(told: str) -> UUID | None:
    try:
        return UUID(told)
    except ValueError:
        return None


async def _reported(conn: psycopg.AsyncConnection, system: System, post: Post, post_id: UUID, title: str) -> UUID:
    category = system.categories.get(post.category or "", {})
    version = await _row(conn, SQL.category_version, {"kind": category.get("kind"), "code": category.get("code")})
    known = version is not None
    unknown = Sentence("outside.category", category=post.category) if post.category and not known else None
    note = " ".join(text for text in (post.note, unknown) if text) or None
    report = Report(
        uuid5(post_id, "reported"), uuid4(), post.step_at, system.actor, title,
        "outside", post.region, system.organisation, by_organisation=system.organisation, note=note,
        category_kind=category["kind"] if known else None, category=category["code"] if known else None,
        category_version=None if version is None else version["version"], lon=post.lon, lat=post.lat,
    )  # fmt: skip
    [result] = await apply(conn, [report])
    if result.reason is not None:
        raise OutsideRefused(result.reason, "/id")
    return report.case_id


def _steps(system: System, post: Post, post_id: UUID, case_id: UUID, kinds: Iterable[str]) -> Iterator[Step]:
    """The steps of a post; the first has the id by which it is known again."""
    for number, kind in enumerate(kinds):
        id_ = post_id if number == 0 else uuid5(post_id, str(number))
        yield Step(
            id_, case_id, kind, post.step_at, system.actor, by_organisation=system.organisation, note=post.note,
            responsible=system.responsible if kind == "dispatched" else None,
        )  # fmt: skip


async def _all(conn: psycopg.AsyncConnection, steps: Sequence[Step]) -> Sentence | None:
    """Take all steps, or none: why one is refused."""
    async with conn.transaction() as savepoint:
        refused = next((each.reason for each in await apply(conn, steps) if each.outcome == "refused"), None)
        if refused is not None:
            raise psycopg.Rollback(savepoint)
    return refused


async def _contradict(
    conn: psycopg.AsyncConnection, system: System, post: Post, post_id: UUID, case: Standing, target: str,
    reason: Sentence,
) -> None:  # fmt: skip
    """Keep a conflict; one that is open already is told once more."""
    values = {
        "id": post_id, "system": system.code, "case_id": case.id, "state": post.state, "target": target,
        "stage": case.stage, "at": post.at, "note": post.note, "reason": str(reason), "words": Jsonb(written(reason)),
    }  # fmt: skip
    await conn.execute(SQL.contradict, values)


async def _case(conn: psycopg.AsyncConnection, case_id: UUID) -> tuple[Standing, list[str]]:
    """Where a case is, the stages in which it has been, and its steps back."""
    found = await _row(conn, SQL.standing, {"id": case_id})
    if found is None:
        raise LookupError(str(case_id))
    visited = found.pop("visited")
    return Standing(**found), visited


async def _row(conn: psycopg.AsyncConnection, statement: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchone()


class Decider(NamedTuple):
    """The person who decides a conflict."""

    actor: str
    principal: UUID | None
    organisation: str | None
    note: str


async def resolve(
    conn: psycopg.AsyncConnection, id_: UUID, as_: Literal["theirs", "ours"], by: Decider
) -> Sentence | None:
    """Decide an open conflict that the connection sees, with the steps to their state, or none; why that cannot be.

    What is decided for us is a step, too: their system hears of it, and of the state that holds.

    LookupError: there is no such conflict, or it is decided.
    """
    await conn.execute(SQL.lock)
    open_ = await _row(conn, SQL.open, {"id": id_})
    if open_ is None:
        raise LookupError(str(id_))
    if as_ == "theirs":
        if open_["superseded"]:
            return Sentence("outside.newer")
        case, _ = await _case(conn, open_["case_id"])
        target = open_["target"]
        kinds = () if case.stage == target else steps_to(case.stage, target, back=True)
        if kinds is None:
            return no_way(case, target)
        steps = [
            Step(
                uuid5(id_, f"theirs {number}"), case.id, kind, datetime.now(UTC), by.actor, principal=by.principal,
                by_organisation=by.organisation, note=by.note,
                responsible=open_["responsible"] if kind == "dispatched" else None,
            )
            for number, kind in enumerate(kinds)
        ]  # fmt: skip
    else:
        steps = [
            Step(
                uuid5(id_, "ours"), open_["case_id"], "upheld", datetime.now(UTC), by.actor, HUB,
                principal=by.principal, by_organisation=by.organisation, note=by.note,
            )
        ]  # fmt: skip
    if (refused := await _all(conn, steps)) is not None:
        return refused
    await conn.execute(SQL.resolve, {"id": id_, "as": as_, "by": by.actor, "note": by.note})
    return None
