"""The sentences of a diagnosis, in English and in Chinese; see refusal_words.py for why messages are refused."""

from collections.abc import Mapping
from typing import Literal

from devices.diagnosis.diagnosis import Level

Lang = Literal["en", "zh"]
LANGS: tuple[Lang, ...] = ("en", "zh")

SENTENCES: Mapping[str, Mapping[Lang, tuple[str, str]]] = {
    "state_active": {
        "en": ("{code} ({name}) is registered with profile {profile}, and active.", ""),
        "zh": ("{code}（{name}）已注册，物模型 {profile}，状态为启用。", ""),
    },
    "state_pending": {
        "en": (
            "{code} is registered, but pending: its messages are refused until somebody activates it.",
            "Check what it is and where it stands, then activate it: hub devices step {code} active",
        ),
        "zh": (
            "{code} 已注册，但待启用：启用之前其消息一律拒收。",
            "核对设备与位置后启用：hub devices step {code} active",
        ),
    },
    "state_suspended": {
        "en": (
            "{code} is suspended: its messages are refused.",
            "When the reason is gone, activate it: hub devices step {code} active",
        ),
        "zh": ("{code} 已停用：其消息一律拒收。", "停用原因消除后重新启用：hub devices step {code} active"),
    },
    "state_retired": {
        "en": (
            "{code} is retired: its messages are refused, for good.",
            "A device that stands in its place gets a code of its own: register that one.",
        ),
        "zh": ("{code} 已报废：其消息不再接收。", "替换设备请使用新的编码注册。"),
    },
    "maintenance": {
        "en": ("It is in maintenance until {until}. {note}", ""),
        "zh": ("正在维护，至 {until} 结束。{note}", ""),
    },
    "refused": {
        "en": ("{count} refused ({reason}), the last {at}: {detail}{place}.{mended}", "{remedy}"),
        "zh": ("{count}被拒收（{reason}，{reason_name}），最近一条 {at}：{detail}{place}。{mended}", "{remedy}"),
    },
    "mistyped": {
        "en": (
            "{count} came under the code {other}, which is not registered, the last {at} on {topic}.{mended}",
            "Did you mean {code}? Then publish to {own} instead of {topic}.",
        ),
        "zh": (
            "{count}使用了未注册的编码 {other}，最近一条 {at}，主题 {topic}。{mended}",
            "是否应为 {code}？请改为发布到 {own}，而不是 {topic}。",
        ),
    },
    "bad_topic": {
        "en": ("{count} came on a topic that names no device, {topic}, the last {at}.{mended}", "Publish to {own}."),
        "zh": ("{count}的主题 {topic} 不含有效设备编码，最近一条 {at}。{mended}", "请发布到 {own}。"),
    },
    "never_heard": {
        "en": (
            "Nothing has ever arrived from {code}.",
            (
                "See whether it reaches the broker, with its own code and on {topic}: a broker drops without a word "
                "what is published under another code than that of its user. From where it stands: "
                "mosquitto_pub -h BROKER -u {code} -P PASSWORD -q 1 -t {topic} -m {example}. "
                "hub devices tail {code} shows each message as it comes."
            ),
        ),
        "zh": (
            "从未收到 {code} 的任何消息。",
            (
                "检查设备能否连上消息服务器、编码与主题 {topic} 是否正确："
                "以其他编码发布的消息会被服务器直接丢弃。可在现场试发："
                "mosquitto_pub -h 服务器 -u {code} -P 密码 -q 1 -t {topic} -m {example}。"
                "用 hub devices tail {code} 实时查看消息。"
            ),
        ),
    },
    "only_connected": {
        "en": (
            "It says on its status topic that it is online, for {lasting}; readings or events of it have not come yet.",
            "Let it publish its readings to {topic}; hub devices tail shows whether they reach the broker.",
        ),
        "zh": (
            "其状态主题显示已在线 {lasting}，但尚未收到任何读数或事件。",
            "请将读数发布到 {topic}；用 hub devices tail 查看是否到达消息服务器。",
        ),
    },
    "never_taken": {
        "en": (
            "Messages have come from it, and nothing has been stored since it is registered.",
            "Let it send again, or replay what was refused: hub dead-letters replay --device {code}",
        ),
        "zh": (
            "收到过消息，但注册以来尚未入库任何数据。",
            "请让设备重新上报，或重放：hub dead-letters replay --device {code}",
        ),
    },
    "silent": {
        "en": (
            "It is silent: the last message came {at}{expected}.",
            "Check its power and its network; hub devices tail {code} shows when it speaks again.",
        ),
        "zh": ("设备无消息：最近一条 {at}{expected}。", "检查供电与网络；用 hub devices tail {code} 查看是否恢复。"),
    },
    "offline": {
        "en": (
            "It has been offline for {lasting}: {cause}. The last message came {at}.",
            "Check its power, its network and its credentials.",
        ),
        "zh": ("设备已离线 {lasting}（{cause}）。最近一条消息 {at}。", "检查供电、网络与接入凭据。"),
    },
    "heard": {
        "en": ("The last message came {at}{expected}.", ""),
        "zh": ("最近一条消息 {at}{expected}。", ""),
    },
    "online": {"en": ("It has been connected for {lasting}.", ""), "zh": ("已在线 {lasting}。", "")},
    "credential_none": {
        "en": (
            "It has no credential of its own.",
            "Unless it speaks through a gateway, the broker refuses it: hub devices credential issue {code}",
        ),
        "zh": ("尚未签发接入凭据。", "除非经由网关接入，否则将被服务器拒绝：hub devices credential issue {code}"),
    },
    "credential_revoked": {
        "en": (
            "Its credentials are revoked, the last {at}: the broker refuses it.",
            "Issue a new one: hub devices credential issue {code}",
        ),
        "zh": ("接入凭据已被吊销（{at}），服务器将拒绝连接。", "重新签发：hub devices credential issue {code}"),
    },
    "credential_unused": {
        "en": (
            "Its credential ({username}) has not been seen in use yet.",
            "Set this user name and its password in the device; if the password is lost, rotate it.",
        ),
        "zh": ("接入凭据（{username}）尚未使用过。", "请在设备中填写该用户名和密码；若密码遗失，请轮换。"),
    },
    "credential_ok": {"en": ("It has a valid credential ({kind}).", ""), "zh": ("接入凭据有效（{kind}）。", "")},
    "gateway_inactive": {
        "en": ("Its gateway {parent} is {state}.", "Activate {parent} first: what it carries is refused."),
        "zh": ("所属网关 {parent} 的状态为 {state}。", "请先启用 {parent}：其转发的消息会被拒收。"),
    },
    "gateway_offline": {
        "en": (
            "Its gateway {parent} is offline; it was last heard {at}.",
            "Look at the gateway first: hub devices diagnose {parent}",
        ),
        "zh": ("所属网关 {parent} 离线；最近一次消息 {at}。", "请先检查网关：hub devices diagnose {parent}"),
    },
    "gateway_ok": {"en": ("Its gateway {parent} is active.", ""), "zh": ("所属网关 {parent} 正常。", "")},
    "clock_ahead": {
        "en": (
            "Its clock is {offset} ahead of the hub's{zone_hint}.",
            "Set its clock (NTP) and its time zone. Beyond {max_future} ahead its readings are refused.",
        ),
        "zh": (
            "设备时钟比平台快 {offset}{zone_hint}。",
            "请校时（NTP）并检查时区；超前 {max_future}以上的数据会被拒收。",
        ),
    },
    "clock_behind": {
        "en": (
            "Its times are {offset} behind the hub's clock{zone_hint}.",
            "Set its clock (NTP) and its time zone; if it saves readings up and sends them later, this is right.",
        ),
        "zh": ("设备时间比平台慢 {offset}{zone_hint}。", "请校时（NTP）并检查时区；若设备缓存后补传数据，则属正常。"),
    },
    "clock_ok": {
        "en": ("Its clock is right, to {offset}.", ""),
        "zh": ("设备时钟正常，偏差 {offset}。", ""),
    },
    "metric_never": {
        "en": (
            "Never received: {metrics}. Profile {profile} has {them}.",
            "Let the device send {them} by exactly {these_names}, or take {them} out of the profile.",
        ),
        "zh": ("从未收到指标：{metrics}（物模型 {profile} 中有定义）。", "请以完全相同的名称上报，或从物模型中删除。"),
    },
    "metric_stopped": {
        "en": (
            "{metric} has stopped: its last reading is from {at}, while others go on.",
            "Check this sensor and its cable.",
        ),
        "zh": ("指标 {metric} 已停止：最近一次读数 {at}，其他指标仍在上报。", "检查该传感器及其接线。"),
    },
    "metrics_ok": {"en": ("All its metrics arrive ({number}).", ""), "zh": ("全部指标（{number} 项）均已收到。", "")},
    "out_of_range": {
        "en": (
            "{metric} was outside {low} to {high} in {count} of its last {of} readings; the newest is {value}.",
            "Check the sensor, and that it sends {unit}: such readings are stored and flagged; they raise no alert.",
        ),
        "zh": (
            "指标 {metric} 最近 {of} 个读数中有 {count} 个超出物理量程 {low} 至 {high}；最新值 {value}。",
            "检查传感器以及单位是否为 {unit}：此类读数会保存并标记，但不会触发告警。",
        ),
    },
    "late": {
        "en": (
            "{count} of the last {of} readings of {metric} came late, after newer ones.",
            "Send them in the order of their time; late readings are stored, and never raise an alert.",
        ),
        "zh": (
            "指标 {metric} 最近 {of} 个读数中有 {count} 个晚到（早于已收到的数据）。",
            "请按时间顺序上报；晚到数据会保存，但不会触发告警。",
        ),
    },
    "untimed": {
        "en": (
            "{count} of the last {of} readings of {metric} tell no time: the time of arrival stands in.",
            'Send "ts" with each message: then one that is sent again is not stored twice.',
        ),
        "zh": (
            "指标 {metric} 最近 {of} 个读数中有 {count} 个未带时间，以到达时间代替。",
            '请在每条消息中带上 "ts"，重发时便不会重复入库。',
        ),
    },
    "rate_low": {
        "en": (
            "In the last hour {received} readings came, {wanted} were expected (one every {interval}).",
            "Look for a weak network; check the interval that the device is set to.",
        ),
        "zh": (
            "近一小时收到 {received} 个读数，应有 {wanted} 个（每 {interval}一个）。",
            "检查网络质量以及设备的上报间隔设置。",
        ),
    },
    "rate_high": {
        "en": (
            "In the last hour {received} readings came, only {wanted} were expected (one every {interval}).",
            "Set the device to the interval of its profile, or the profile to that of the device.",
        ),
        "zh": (
            "近一小时收到 {received} 个读数，仅应有 {wanted} 个（每 {interval}一个）。",
            "请使设备上报间隔与物模型一致。",
        ),
    },
    "rate_ok": {
        "en": ("It sends as often as expected: {received} readings in the last hour, one every {interval}.", ""),
        "zh": ("上报频率正常：近一小时 {received} 个读数，每 {interval}一个。", ""),
    },
    "day_low": {
        "en": (
            "Of the last whole day {share:.0f} % arrived: {received} of {expected}.",
            "Look for gaps in its network or power on that day.",
        ),
        "zh": ("前一日数据完整率 {share:.0f}%：应收 {expected}，实收 {received}。", "检查当日网络或供电是否中断。"),
    },
    "alert_open": {
        "en": ("An alert of it has been open for {lasting}: {title} ({level}).", ""),
        "zh": ("有一条未关闭的告警，始于 {at}：{title}（{level}）。", ""),
    },
}
"""By finding: what, and what to do. `refused_*` are all `refused`, with the remedy of their reason."""

CAUSES: Mapping[Lang, Mapping[str | None, str]] = {
    "en": {
        "silence": "it is silent",
        "status": "its status topic, or the broker by its last will, says so",
        "gateway": "its gateway is offline",
    },
    "zh": {"silence": "无消息", "status": "状态主题或遗嘱消息", "gateway": "所属网关离线"},
}
"""Why a device counts as offline."""

VERDICTS: Mapping[Level, Mapping[Lang, str]] = {
    "ok": {"en": "{code} works.", "zh": "{code} 工作正常。"},
    "warning": {"en": "{code} works, but not all is well.", "zh": "{code} 基本正常，但有问题需要处理。"},
    "fault": {"en": "{code} does not work.", "zh": "{code} 工作不正常。"},
}

UNREGISTERED: Mapping[Lang, tuple[str, str, str, str]] = {
    "en": (
        "No device {code} is registered.",
        "Did you mean {near}?",
        "If {near} is meant: correct the code in the device's topic.",
        "Register it (PUT /api/v1/devices/{code}, or hub devices import); then let it send again, or replay what came.",
    ),
    "zh": (
        "设备 {code} 未注册。",
        "是否应为 {near}？",
        "若应为 {near}：请修正设备主题中的编码。",
        "请注册（PUT /api/v1/devices/{code} 或 hub devices import），然后让设备重新上报或重放已收到的消息。",
    ),
}
"""What is said of a code that is not registered: what, which may be meant, and what to do."""

ARRIVED: Mapping[Lang, tuple[str, str]] = {
    "en": ("Nothing has come under this code.", "{count} or more messages came under this code and were refused."),
    "zh": ("没有收到过使用该编码的消息。", "收到过使用该编码的消息（至少 {count} 条），均被拒收。"),
}
"""Whether something came under it: no, yes."""
