"""Made-up warnings in the forms of their sources."""

import json
from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 7, 9, 1, 0, tzinfo=UTC)
CITY = "33010041600000_20260709074400"
UPDATED = "33010041600000_20260709084400"
CANCELLED = "33010041600000_20260709094400"
CAP_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"


def national(
    identifier: str = CITY,
    type_: str = "Alert",
    sent: str = "2026-07-09 07:44:00+08:00",
    references: str = "",
    severity: str = "ORANGE",
    geocode: str = "330100000000,330106000000,330106000000",
    status: str = "Actual",
    extra: str = "",
    headline: str = "示例市气象局发布暴雨橙色预警",
    office: str = "33010041600000",
) -> str:
    """The XML of the national platform (12379); the sender's name is a person's."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert><identifier>{identifier}</identifier><sender>示例市气象局</sender><senderCode>{office}</senderCode>
<sendTime>{sent}</sendTime><status>{status}</status><msgType>{type_}</msgType><scope>Public</scope>
<references>{references}</references>
<info><language>zh-CN</language><eventType>11B03</eventType><severity>{severity}</severity>
<effective>{sent}</effective><senderName>示例某</senderName><headline>{headline}</headline>
<description>过去一小时降雨 50 毫米</description><instruction>请注意防范</instruction>{extra}
<area><areaDesc>示例市</areaDesc><geocode>{geocode}</geocode></area></info></alert>"""


def cap(
    identifier: str = CITY, type_: str = "Alert", sent: str = "2026-07-09T07:44:00+08:00", references: str = "",
    area: str = "<geocode><valueName>CPEAS Geographic Code</valueName><value>330100000000</value></geocode>",
    infos: str = "",
) -> str:  # fmt: skip
    """CAP 1.2 in the profile of the CMA, in two languages."""
    both = infos or "".join(
        f"""<info><language>{lang}</language><category>Met</category><event>{event}</event><urgency>Unknown</urgency>
        <severity>Severe</severity><certainty>Unknown</certainty><expires>2026-07-09T13:44:00+08:00</expires>
        <headline>{headline}</headline><area><areaDesc>示例市</areaDesc>{area}</area></info>"""
        for lang, event, headline in (
            ("en-US", "rainstorm", "Orange rainstorm warning"),
            ("zh-CN", "暴雨", "暴雨橙色预警"),
        )
    )
    return f"""<alert xmlns="{CAP_NAMESPACE}"><identifier>{identifier}</identifier><sender>office</sender>
<sent>{sent}</sent><status>Actual</status><msgType>{type_}</msgType><scope>Public</scope>
<references>{references}</references>{both}</alert>"""


def nmc(*identifiers: str, count: int | None = None) -> str:
    """A page of the NMC's list."""
    items = [
        {"alertid": each, "issuetime": "2026/07/09 07:44", "title": "示例市气象台发布暴雨橙色预警信号", "url": "/x"}
        for each in identifiers
    ]
    page = {"list": items, "count": len(items) if count is None else count}
    return json.dumps({"msg": "success", "code": 0, "data": {"page": page}}, ensure_ascii=False)


def qweather(*identifiers: str, **changed: Any) -> str:
    """What QWeather answers for a place."""
    alerts = [
        {
            "id": each, "senderName": "示例市气象台", "issuedTime": "2026-07-09T07:44+08:00",
            "messageType": {"code": "alert", "supersedes": []}, "eventType": {"name": "暴雨", "code": "1003"},
            "severity": "severe", "color": {"code": "orange"}, "onsetTime": "2026-07-09T07:44+08:00",
            "expireTime": "2026-07-09T19:44+08:00", "headline": "示例市气象台发布暴雨橙色预警",
            "description": "雨", "instruction": "防范", **changed,
        }
        for each in identifiers
    ]  # fmt: skip
    return json.dumps({"metadata": {"tag": "t", "zeroResult": not alerts}, "alerts": alerts}, ensure_ascii=False)


def quake(**changed: Any) -> str:
    """A report of Wolfx."""
    given = {
        "type": "sc_eew", "EventID": "sc-1", "ReportNum": 1, "ReportTime": "2026-07-09 08:44:20",
        "OriginTime": "2026-07-09 08:44:12", "HypoCenter": "示例县", "Latitude": 28.509, "Longitude": 104.687,
        "Magunitude": 5.1, "Depth": None, "MaxIntensity": 7.1,
    }  # fmt: skip
    return json.dumps(given | changed, ensure_ascii=False)
