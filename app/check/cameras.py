"""`hub check` for cameras: who is registered and who has not come back, two of one number, who says it is faulty."""

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

SHOWN = 20


async def check_cameras(settings: Settings) -> list[Finding]:
    """What somebody should look at; nothing where no camera ever registered or was connected."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                persons = await (await conn.execute(SQL.persons, {"limit": SHOWN})).fetchall()
                [(libraries,)] = await (await conn.execute(SQL.libraries)).fetchall()
                [(registered, over, up, down)] = await (await conn.execute(SQL.counted)).fetchall()
                twins = await (await conn.execute(SQL.twins, {"limit": SHOWN})).fetchall()
                coarse = await (await conn.execute(SQL.coarse, {"limit": SHOWN})).fetchall()
                held = await (await conn.execute(SQL.held, {"limit": SHOWN})).fetchall()
                faulty = await (await conn.execute(SQL.faulty, {"limit": SHOWN})).fetchall()
    except HubError:  # told by the findings about the database
        return []
    findings = []
    if registered or over:
        findings.append(Finding("ok", f"cameras and platforms registered over SIP: {registered:,}"))
    if settings.viid.listen is not None:
        findings.append(Finding("ok", f"view libraries (GA/T 1400) that are registered: {libraries:,}"))
        if settings.viid.channel_profile is None:
            what = "devices that view libraries list are not registered: viid.channel_profile is not set"
            findings.append(Finding("warn", what, "docs/cameras/gat1400.md"))
    for id_, dropped in persons:
        what = f"the view library {id_} sends of persons or vehicles: {dropped:,} objects, all dropped"
        findings.append(Finding("warn", what, "switch off what it sends up of them: docs/cameras/gat1400.md"))
    if over:
        what = f"{over:,} registrations ended within a week and were not renewed"
        findings.append(Finding("warn", what, "hub cameras registrations --over"))
    if up or down:
        findings.append(Finding("ok", f"cameras that are asked: {up:,} answer, {down:,} do not"))
    for id_, (newer, older), at in twins:
        what = f"two devices register with {id_}, from {newer} and from {older} ({at:%Y-%m-%d %H:%M} UTC)"
        findings.append(Finding("warn", what, "give one of them another number, and a device of its own"))
    findings += [_held(*each) for each in held]
    findings += _coarse(settings, [code for (code,) in coarse])
    for id_, status, devices in faulty:
        what = f"{id_} says of itself: {status}{'' if not devices else ', faulty: ' + ', '.join(devices)}"
        findings.append(Finding("warn", what, f"hub cameras registrations | grep {id_}"))
    return findings


def _held(place: str, cameras: int) -> Finding:
    what = f"{cameras:,} cameras on patrol do not answer together, and are as they were: {place}"
    return Finding("warn", what, "look at the network, the DNS or the recorder (hub video patrol --status)")


def _coarse(settings: Settings, codes: list[str]) -> list[Finding]:
    if not (codes and settings.pictures.processes):
        return []
    hours = settings.pictures.occasions * settings.pictures.occasion_s / 3600
    what = f"the place is not known yet, so pictures and clips are coarse, of {', '.join(codes)}"
    return [Finding("ok", f"{what}: {hours:.1f} h of pictures are needed (docs/PRIVACY.md)")]
