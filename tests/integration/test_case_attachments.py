"""Pictures and papers of cases: through the gate, with a step or alone, from the alert, from and to outside systems."""

import asyncio
import json
import struct
import time
import zlib
from base64 import b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

import httpx

from api.push.file_link import FileLink, link_key
from api.push.signature import sign
from hub.cases.apply import apply
from hub.cases.step import Report
from tests.integration.test_case_deliveries import PAGE, SECRET, Office, office
from tests.integration.test_outside_cases import MAPPING, at
from tests.integration.test_outside_cases import SECRET as THEIRS
from tests.support.process import eventually
from tests.support.served_api import raise_alert, register

__all__ = ["office"]

JPEG = b"\xff\xd8\xff\xe1\x00\x0aEXIF GPS" + b"\xff\xda\x00\x05\1\1\0pixels\xff\xd9"
KEPT = b"\xff\xd8\xff\xda\x00\x05\1\1\0pixels\xff\xd9"
TEXT = {"content-type": "text/plain"}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


BOMB = (
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)) + chunk(b"IEND", b"")
)


def signed_by(secret: str, consumer: str, file: str) -> str:
    """A link that a consumer makes itself, with all that it knows."""
    until = int(time.time()) + 3600
    signature = FileLink(UUID(file), consumer, until).signature(link_key(b"", secret))
    return f"{PAGE}/api/v1/case-files/{file}?" + urlencode(
        {"consumer": consumer, "until": until, "signature": signature}
    )


def inside(content: bytes, media_type: str = "text/plain", name: str = "after.txt") -> dict[str, str]:
    return {"name": name, "media_type": media_type, "content": b64encode(content).decode()}


async def bring(office: Office, id_: str, content: bytes, key: str | None = None, **more: Any) -> httpx.Response:
    body = json.dumps({"id": id_, "file": inside(content, **more)}).encode()
    moment, key = int(time.time()), key or str(uuid4())
    signed = {
        "webhook-id": key, "webhook-timestamp": str(moment), "webhook-signature": sign(THEIRS, key, moment, body),
    }  # fmt: skip
    return await office.client.post("/outside-systems/city-ops/attachments", content=body, headers=signed)


async def test_they_go_through_the_gate_alone_and_with_a_step(office: Office) -> None:
    client, case = office.client, await office.desk.report()
    path = f"/cases/{case}/attachments"
    made = await client.post(path, params={"name": "现场.jpg"}, content=JPEG, headers={"content-type": "image/jpeg"})
    [kept] = made.json()["attachments"]
    assert (made.status_code, kept["seq"], kept["size"], kept["of_alert"]) == (201, 2, len(KEPT), None)
    last = made.json()["timeline"][-1]
    assert (last["kind"], last["note"], made.json()["stage"]) == ("attached", "现场.jpg", "reported")
    assert "attached" not in made.json()["steps"], "it is taken by bringing a file"
    got = await client.get(f"{path}/{kept['id']}")
    assert (got.content, got.headers["content-type"]) == (KEPT, "image/jpeg")
    assert got.headers["content-security-policy"].startswith("sandbox")
    assert await office.desk.run("select subject from audit where action = 'case_attachment.read'") == [(str(case),)]

    step = {"to": "accepted", "id": str(uuid4()), "files": [inside(JPEG, "image/jpeg"), inside(b"seen at 7:40")]}
    for _ in range(2):  # sent again it changes nothing
        taken = (await client.post(f"/cases/{case}/steps", json=step)).json()
        assert [(each["seq"], each["size"]) for each in taken["attachments"]] == [(2, 17), (3, 17), (3, 12)]
    bomb = {"to": "filed", "files": [inside(b"fine"), inside(BOMB, "image/png")]}
    refused = await client.post(f"/cases/{case}/steps", json=bomb)
    assert (refused.status_code, "60000 by 60000 pixels" in refused.text) == (422, True)
    assert refused.json()["errors"][0]["pointer"] == "/files/1/content"
    shown = (await client.get(f"/cases/{case}")).json()
    assert (shown["stage"], len(shown["attachments"])) == ("accepted", 3), "all of the step, or none of it"

    for content, kind, status in (
        (BOMB, "image/png", 422), (b"<svg/>", "image/svg+xml", 415), (b"x" * 5_000_001, "text/plain", 413),
        (b"", "text/plain", 422),
    ):  # fmt: skip
        assert (await client.post(path, content=content, headers={"content-type": kind})).status_code == status
    assert (await client.post(f"/cases/{uuid4()}/attachments", content=b"x", headers=TEXT)).status_code == 404
    assert (await client.get(f"{path}/{uuid4()}")).status_code == 404
    await office.desk.run(
        """insert into case_attachment (id, case_id, seq, name, media_type, content, digest)
           select gen_random_uuid(), %(case)s, 1, 'x', 'text/plain', 'x', 'x' from generate_series(1, 37)""",
        case=case,
    )
    full = await client.post(path, content=b"x", headers={**TEXT, "accept-language": "zh"})
    assert (full.status_code, "最多 40 个附件" in full.text) == (409, True)
    assert (await client.get(f"/cases/{case}")).json()["seq"] == 3, "and no step was taken"

    other, id_ = await office.desk.report(), str(uuid4())
    for _ in range(2):  # the first answer was lost
        sent = await client.post(f"/cases/{other}/attachments", params={"id": id_}, content=b"x", headers=TEXT)
        assert (sent.status_code, len(sent.json()["attachments"])) == (201, 1)
    assert (await client.post(path, params={"id": id_}, content=b"x", headers=TEXT)).status_code == 409


async def test_those_of_a_merged_case_are_found_in_the_one_it_went_on_in(office: Office) -> None:
    client, desk = office.client, office.desk
    first, then, last = [await desk.report() for _ in range(3)]
    for case, name in ((first, "a.txt"), (then, "b.txt"), (last, "c.txt")):
        sent = await client.post(
            f"/cases/{case}/attachments", params={"name": name}, content=b"x" + name.encode(), headers=TEXT
        )
        assert sent.status_code == 201, sent.text
    await desk.do(first, "merged", into=then)
    await desk.do(then, "merged", into=last)
    numbers = dict(await desk.run("select id, number from case_file"))
    files = (await client.get(f"/cases/{last}")).json()["attachments"]
    assert [(each["name"], each["of_case"]) for each in files] == [
        ("c.txt", None), ("b.txt", numbers[then]), ("a.txt", numbers[first]),
    ]  # fmt: skip
    assert (await client.get(f"/cases/{last}/attachments/{files[2]['id']}")).content == b"xa.txt"
    assert (await client.get(f"/cases/{first}/attachments/{files[0]['id']}")).status_code == 404, "not the other way"
    assert [each["name"] for each in (await client.get(f"/cases/{first}")).json()["attachments"]] == ["a.txt"]


async def test_those_of_the_alert_come_along_also_later_and_stay_with_the_case(office: Office) -> None:
    client = office.client
    await register(client)
    alert = await raise_alert(office.desk.pool)
    path = f"/alerts/{alert}/attachments"
    (await client.post(path, content=b"first", headers=TEXT)).raise_for_status()
    case = (await client.post("/cases", json={"alert": str(alert)})).json()
    [(one)] = case["attachments"]
    assert (one["seq"], one["size"], one["of_alert"] is not None) == (1, 5, True)
    (await client.post(path, content=b"second one", headers=TEXT)).raise_for_status()
    await office.desk.run("delete from alert_attachment")
    kept = (await client.get(f"/cases/{case['id']}")).json()["attachments"]
    assert [each["size"] for each in kept] == [5, 10], "an alert is kept for another time"
    got = await client.get(f"/cases/{case['id']}/attachments/{kept[1]['id']}")
    assert got.content == b"second one"


async def test_one_that_an_alert_gets_while_its_case_is_reported_reaches_the_case(office: Office) -> None:
    client, desk = office.client, office.desk
    await register(client)
    alert = await raise_alert(desk.pool)
    step = desk.step(await desk.report(), "accepted")
    waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    async with desk.pool.connection() as conn:
        async with conn.transaction():
            await apply(conn, [step, Report(uuid4(), uuid4(), desk.now, "desk", "t", "entered", None, None,
                                            alert_id=alert)])  # fmt: skip
            brought = asyncio.create_task(client.post(f"/alerts/{alert}/attachments", content=b"x", headers=TEXT))

            async def waiting() -> bool:
                return brought.done() or await desk.run(waits) == [(1,)]

            await eventually(waiting, "it waits for the case")
        assert (await brought).status_code == 201
    assert await desk.run("select length(content) from case_attachment") == [(1,)]


async def test_a_consumer_gets_links_that_are_its_own_and_end(office: Office) -> None:
    client, case = office.client, await office.desk.report(organisation="parks")
    await office.consumer("ops", ceiling="L3")
    await office.consumer("low", ceiling="L2")
    await office.consumer("parks", owner="parks")
    step = {"to": "accepted", "files": [inside(JPEG, "image/jpeg", "a.jpg")]}
    (await client.post(f"/cases/{case}/steps", json=step)).raise_for_status()
    [event] = await office.told("ops")
    [file] = event["data"]["attachments"]
    assert (file["name"], file["size"], file["sha256"]) == ("a.jpg", 17, sha256(KEPT).hexdigest())
    assert "attachments" not in (await office.told("low"))[0]["data"]

    async def follow(url: str) -> httpx.Response:
        assert url.startswith(PAGE)
        return await client.get("http://127.0.0.1" + urlsplit(url).path + "?" + urlsplit(url).query)

    got = await follow(file["url"])
    assert (got.status_code, got.content) == (200, KEPT)
    read = await office.desk.run("select actor, subject from audit where action = 'case_attachment.read'")
    assert read == [("consumer:ops", str(case))]
    for wrong in (
        file["url"].replace("consumer=ops", "consumer=low"), file["url"].replace(file["id"], str(uuid4())),
        file["url"].replace("until=", "until=1"), signed_by(SECRET, "ops", file["id"]),
        file["url"][:-4] + "AAAA", file["url"].replace("=ops", "=nobody"),
    ):  # fmt: skip
        assert (await follow(wrong)).status_code == 403, wrong
    [theirs] = (await office.told("parks"))[0]["data"]["attachments"]
    assert (await follow(theirs["url"])).status_code == 200
    await office.desk.run("update case_file set organisation = 'clean'")
    assert (await follow(theirs["url"])).status_code == 403, "its owner sees the case no more"
    for column, other, before in (
        ("ceiling", "L2", "L3"), ("secret", "whsec_" + b64encode(b"y" * 32).decode(), SECRET),
    ):  # fmt: skip
        await office.desk.run(f"update consumer set {column} = %(is)s where code = 'ops'", **{"is": other})
        assert (await follow(file["url"])).status_code == 403, column
        await office.desk.run(f"update consumer set {column} = %(is)s where code = 'ops'", **{"is": before})
        assert (await follow(file["url"])).status_code == 200
    await office.consumer("ops", {"filters": [{"region": "44"}]}, ceiling="L3")
    assert (await follow(file["url"])).status_code == 403, "it was told as what it is no more"
    told = len(await office.told("ops"))
    await office.desk.do(case, "filed")
    assert len(await office.told("ops")) == told, "nor does it hear how the case goes on"
    await office.exchange.context.refusals.write(office.desk.pool)
    refused = await office.desk.run(
        "select actor from audit where action = 'access.refused' and actor like 'consumer:%%'"
    )
    assert ("consumer:ops",) in refused


async def test_an_outside_system_brings_its_own_once_and_is_not_told_of_it(office: Office) -> None:
    await office.client.put("/outside-systems/city-ops", json=MAPPING)
    await office.consumer("city-ops", {"system": "city-ops"})
    await office.consumer("all")
    missing = await bring(office, "SZ-1", b"x")
    assert (missing.status_code, "post its state first" in missing.text) == (404, True)
    await office.exchange.new()
    [(case,)] = await office.desk.run("select id from case_file")
    outcomes = [(await bring(office, "SZ-1", JPEG, media_type="image/jpeg")).json()["outcome"] for _ in range(20)]
    assert outcomes == ["applied", *["repeated"] * 19], "the same bytes, however often"
    assert (await bring(office, "SZ-1", b"other")).json()["outcome"] == "applied"
    bomb = await bring(office, "SZ-1", BOMB, media_type="image/png")
    assert (bomb.status_code, bomb.json()["errors"][0]["pointer"]) == (422, "/file/content")
    assert (await bring(office, "SZ-1", b"x" * 6_000_000)).status_code == 413
    unsigned = await office.client.post("/outside-systems/city-ops/attachments", json={"id": "SZ-1"})
    assert unsigned.status_code == 401
    shown = (await office.client.get(f"/cases/{case}")).json()
    assert [(each["size"], each["seq"]) for each in shown["attachments"]] == [(17, 3), (5, 4)]
    assert [each["actor"] for each in shown["timeline"][2:]] == ["outside:city-ops"] * 2
    assert await office.kinds("city-ops") == []
    assert (await office.kinds("all"))[2:] == ["attached"] * 2
    await office.desk.run("update case_file set organisation = 'parks', responsible = null")
    lost = await bring(office, "SZ-1", b"late")
    assert (lost.status_code, "no matter of ops" in lost.text) == (422, True)


async def test_bad_posts_change_nothing_and_lose_nothing(office: Office) -> None:
    """The same state 1,000 times, one of the future, a case that there is not, a note of 1 MB."""
    exchange = office.exchange
    await office.client.put("/outside-systems/city-ops", json=MAPPING)
    await office.consumer("all")
    await exchange.new()
    body = {"id": "SZ-1", "state": "20", "at": at(5)}
    outcomes = [await exchange.tell(**body) for _ in range(100)]
    assert outcomes == ["applied", *["repeated"] * 99]
    future = await exchange.send(**{**body, "at": at(60 * 24 * 9), "state": "30"})
    assert (future.status_code, future.json()["errors"][0]["pointer"]) == (422, "/at")
    assert (await exchange.send(**{**body, "id": "SZ-9"})).status_code == 404
    assert (await exchange.send(**{**body, "id": "SZ-9", "case": "20260101-000001"})).status_code == 404
    assert (await exchange.send(**body, note="x" * 1_000_000)).status_code == 413
    assert (await exchange.send(**body, note="x" * 2_001)).status_code == 422
    [(case,)] = await office.desk.run("select id from case_file")
    long = {"to": "commented", "note": "字" * 400_000}
    assert (await office.client.post(f"/cases/{case}/steps", json=long)).status_code == 422
    assert await office.kinds("all") == ["reported", "accepted", "filed", "dispatched"]
