"""`hub audit` and the API below it: entries listed, exported, verified; the head signed."""

import asyncio
import csv
import io
import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from app.main import app
from hub.audit.head import load_key
from hub.audit.sealing import seal
from hub.audit_settings import Audit
from hub.errors import ConfigError
from hub.store.pool import connect
from tests.support.served_api import api_context, client_of, register, served


@pytest.fixture
def key(tmp_path: Path) -> Path:
    made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "audit.pem").write_bytes(made)
    return tmp_path / "audit.pem"


async def test_the_audit_from_the_command_line(database: str, key: Path, tmp_path: Path) -> None:
    async with api_context(database) as context:
        settings = context.settings.model_copy(update={"audit": Audit(signing_key_file=key)})
        context = replace(context, settings=settings)
        async with client_of(context) as client, served(context) as base:

            async def hub(*words: str, status: int = 0) -> str:
                env = {"HUB_URL": base, "HUB_DATABASE__URL": database, "COLUMNS": "80", "LANG": "C"}
                told = await asyncio.to_thread(CliRunner().invoke, app, ["audit", *words], env=env)
                assert told.exit_code == status, told.output
                return told.stderr if status and not told.stdout else told.stdout

            assert "Nothing is sealed yet" in await hub("head", status=1)
            assert "no sealed entry" in await hub("verify")
            assert "没有这样的记录" in await hub("list", "--lang", "zh")
            await register(client, 3)
            put = await client.put("/organisations/parks", json={"name": "=cmd()"})
            assert put.is_success, put.text
            async with await connect(database) as conn:
                while await seal(conn, "sm3"):
                    pass

            # Listed: who, what, to what, from where; narrowed; in pages.
            told = await hub("list")
            assert "organisation.put  parks" in told
            assert "local  from 127.0.0.1" in told
            assert "organisation.put" not in await hub("list", "--action", "devices")
            assert "no such entry" in await hub("list", "--actor", "nobody")
            assert "no such entry" in await hub("list", "--until", "2020-01-01")
            assert "There are more" in await hub("list", "--limit", "1")
            lines = [json.loads(line) for line in (await hub("list", "--json")).splitlines()]
            assert [line["seq"] for line in lines] == [7, 6, 5, 4, 3, 2, 1]
            first = (await client.get("/audit", params={"limit": 4})).json()
            rest = (await client.get("/audit", params={"limit": 4, "cursor": first["next"]})).json()
            assert [item["seq"] for item in first["items"] + rest["items"]] == [7, 6, 5, 4, 3, 2, 1]

            # The head: told, and signed with the key.
            noted = (await hub("head")).splitlines()[0]
            head = json.loads(await hub("head", "--json"))
            sealed = f"{head['sealed_at'][:19]}Z"
            assert noted == f"7:{head['hash']}@{sealed}"
            assert head["signed"] == f"ganzhi audit 7 sm3:{head['hash']} {sealed}"
            public = load_key(key).public_key()
            public.verify(b64decode(head["signature"]), head["signed"].encode())
            with pytest.raises(InvalidSignature):
                public.verify(b64decode(head["signature"]), b"ganzhi audit 5")

            # Exported: harmless to a spreadsheet, and noted itself.
            await hub("export", "--csv", str(tmp_path / "audit.csv"), "--action", "organisation")
            rows = list(csv.DictReader(io.StringIO((tmp_path / "audit.csv").read_text(encoding="utf-8-sig"))))
            assert [(row["action"], row["subject"], row["seq"]) for row in rows] == [("organisation.put", "parks", "7")]
            assert rows[0]["hash"] == head["hash"]
            answer = await client.get("/audit/export.csv")
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            assert [item["action"] for item in (await client.get("/audit")).json()["items"]][:2] == ["audit.export"] * 2

            # Verified: whole, then with one entry altered.
            assert "whole and unchanged" in await hub("verify", "--head", noted)
            assert "whole and unchanged" in await hub("verify", "--head", noted.partition("@")[0])
            for written in ("4", f"7:{head['hash']}@yesterday"):
                assert "--head is SEQ:HASH@TIME" in await hub("verify", "--head", written, status=1)
            assert "made anew" in await hub("verify", "--head", f"7:{'00' * 32}", status=1)
            with psycopg.connect(database) as owner:
                owner.execute("set session_replication_role = replica")
                owner.execute("update audit set subject = 'roads' where subject = 'parks' and action <> 'x'")
            told = await hub("verify", status=1)
            assert "seq 7, id 7," in told
            assert "local organisation.put: altered" in told
            assert "1 faults" in told
            assert "被改动" in await hub("verify", "--lang", "zh", status=1)


def test_a_key_that_is_none_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key", encoding="utf-8")
    with pytest.raises(ConfigError, match="openssl genpkey -algorithm ed25519"):
        load_key(tmp_path / "key")
    with pytest.raises(ConfigError, match="No such file"):
        load_key(tmp_path / "other")
