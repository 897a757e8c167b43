"""Areas and shares from the command line, against a real API."""

import asyncio
import json
from pathlib import Path

from typer.testing import CliRunner

from app.main import app
from tests.support.served_api import PREFIX, api_context, client_of, register, served

SQUARE = [[120.0, 30.0], [120.2, 30.0], [120.2, 30.2], [120.0, 30.2], [120.0, 30.0]]


async def test_areas_are_drawn_and_shares_are_decided(database: str, tmp_path: Path) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as base:

        async def hub(*words: str, status: int = 0) -> str:
            env = {"HUB_URL": base, "COLUMNS": "200"}
            told = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=env)
            assert told.exit_code == status, told.output
            return told.stdout if status == 0 else told.stderr

        await register(client, 0)
        for code, lon, organisation in (("in-1", 120.1, "eco"), ("out-1", 120.3, "water")):
            body = {"name": code, "profile": "air", "lon": lon, "lat": 30.1, "organisation": organisation}
            (await client.put(f"/devices/{code}", json=body)).raise_for_status()
        shape = {"type": "Polygon", "coordinates": [SQUARE]}
        file = tmp_path / "zone.geojson"
        file.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": shape}), encoding="utf-8")
        assert "1 devices  高新区" in await hub("areas", "put", "zone", "--name", "高新区", "--outline", str(file))
        assert "there is no grid 'zone'" in await hub("areas", "put", "a", "--name", "a", "--cell", "zone", status=1)
        await hub("areas", "put", "cell", "--name", "网格", "--grid", "--outline", str(file))
        assert "1 devices" in await hub(
            "areas", "put", "both", "--name", "b", "--cell", "cell", "--until", "2099-01-01T00:00:00Z"
        )
        assert "is no division" in await hub("areas", "put", "b", "--name", "b", "--division", "33011", status=1)
        file.write_text(json.dumps({"type": "MultiPolygon", "coordinates": []}), encoding="utf-8")
        assert "holds a MultiPolygon" in await hub("areas", "put", "b", "--name", "b", "--outline", str(file), status=1)
        file.write_text("{", encoding="utf-8")
        assert "is no GeoJSON" in await hub("areas", "put", "b", "--name", "b", "--outline", str(file), status=1)
        shape["coordinates"] = [SQUARE[:-1]]
        file.write_text(json.dumps(shape), encoding="utf-8")
        assert "must end where it begins" in await hub(
            "areas", "put", "b", "--name", "b", "--outline", str(file), status=1
        )
        listed = await hub("areas", "list")
        assert [line.split()[0] for line in listed.splitlines() if not line.startswith(" ")] == ["both", "cell", "zone"]
        (
            await client.put("/devices/out-1", json={"name": "x", "profile": "air", "lon": 120.1, "lat": 30.1})
        ).raise_for_status()
        assert (await client.get("/areas/zone")).json()["devices"] == 2, "a device that is moved into it"
        await hub("areas", "delete", "cell")
        assert (await client.get("/areas/both")).json()["devices"] == 0

        ask = "shares", "ask", "eco", "--for", "water", "--purpose", "洪水", "--kind", "readings"
        asked = await hub(*ask, "--metric", "pm25", "--until", "2099-01-01T00:00:00Z")
        share = asked.split()[0]
        assert "asked     eco -> water" in asked
        assert "granted" in await hub("shares", "grant", share, "--note", "for the flood season")
        assert "no step leads to refused" in await hub("shares", "refuse", share, status=1)
        assert "metrics: pm25; until 2099-01-01" in await hub("shares", "list", "--state", "granted")
        assert "not used yet" in await hub("shares", "uses", share)
        assert "revoked" in await hub("shares", "revoke", share)
        assert "there is no organisation 'nobody'" in await hub("shares", "ask", "nobody", *ask[3:], status=1)
        assert (await client.get(f"http://127.0.0.1{PREFIX}/shares/{share}")).json()["note"] == ""
