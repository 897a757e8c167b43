"""States of events: one table of what devices send for active and inactive. Pure.

A word that a kind lets be read either way is refused for that kind: "on" of a power loss may be the power, "open" of
a smoke detector its contact or its alarm. Nothing is guessed by likeness: inactive is as like active as a misspelling.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

from devices.codecs.jsontext import quoted
from devices.vocabulary import OTHER, kind_of
from hub.errors import DecodeError
from hub.words.sentence import Sentence

State = Literal["active", "inactive"]

_LONGEST = 32
"""Characters of a word that is looked up."""
_SPACES = re.compile(r"[\s_-]+")

_ACTIVE = """
active, on, true, yes, y, 1, alarm, alarming, alarmed, in alarm, alarm on, alarm active, alert, alerting, warning,
abnormal, not normal, not ok, triggered, trigger, tripped, trip, detected, occurred, occur, happened, raised, raise,
set, start, started, begin, began, firing, problem, emergency,
报警, 报警中, 正在报警, 告警, 告警中, 警报, 预警, 警告, 异常, 不正常, 触发, 已触发, 发生, 已发生,
产生, 出现, 开始, 是, 有, 真, 开, 动作, 激活, 检测到, 有报警, 有告警, 报警发生, 告警发生, 报警产生, 告警产生, 报警开始,
告警开始, 未恢复, 未解除, 未消除
"""
_INACTIVE = """
inactive, off, false, no, n, 0, normal, ok, okay, good, safe, idle, clear, cleared, no alarm, alarm off, alarm cleared,
alarm clear, alarm reset, non alarm, not active, not in alarm, not triggered, not detected, none detected, untriggered,
not abnormal, resolved, resolve, restored, restore, recovered, recover, recovery, reset, end, ended, stop, stopped,
finished, over, gone, back to normal,
恢复, 已恢复, 恢复正常, 报警恢复, 告警恢复, 正常, 解除, 已解除, 报警解除, 告警解除,
解除报警, 解除告警, 警报解除, 解除警报, 消除, 已消除, 报警消除, 告警消除, 消警, 已消警, 消失,
结束, 已结束, 报警结束, 告警结束, 停止,
复位, 已复位, 否, 无, 假, 关, 未激活, 未触发, 未报警, 未告警, 无报警, 无告警, 无异常, 未检测到,
未发生, 安全
"""

_OPEN, _CLOSED = "open, opened, 打开, 已打开, 开启, 敞开", "closed, close, shut, 关闭, 已关闭, 关上, 闭合"
_WET = (
    "wet, water, immersed, flooded, leak, leaking, 浸水, 有水, 进水",
    "dry, no water, no leak, 干, 干燥, 无水, 未浸水",
)
_OF_KIND: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("door_open", "cover_open", "tamper"), (_OPEN, _CLOSED)),
    **dict.fromkeys(("water_immersion", "flood"), _WET),
    **dict.fromkeys(("smoke",), ("有烟", "no smoke, 无烟")),
    **dict.fromkeys(("fire",), ("着火, 起火", "no fire, 无火")),
    **dict.fromkeys(("gas_leak",), ("leak, leaking, 泄漏, 泄露", "no leak, 无泄漏, 未泄漏")),
    **dict.fromkeys(("leakage_current",), ("leak, leakage", "no leakage, 无漏电, 未漏电")),
    **dict.fromkeys(("crowd",), ("crowded, 拥挤, 聚集", "not crowded, 不拥挤, 散去, 已散去")),
    **dict.fromkeys(("intrusion",), ("motion, occupied, 有人, 入侵", "no motion, unoccupied, 无人, 离开")),
    **dict.fromkeys(("manual_alarm",), ("pressed, press, 按下, 已按下", "released, release, 松开, 弹起, 未按下")),
    **dict.fromkeys(("tilt",), ("tilted, tilting", "upright, not tilted, 直立, 未倾斜")),
    **dict.fromkeys(("occlusion",), ("blocked, covered, occluded", "unblocked, uncovered, not blocked, 未遮挡")),
    **dict.fromkeys(("fault",), ("faulty, failed, failure, error, 有故障", "no fault, healthy, working, 无故障")),
    **dict.fromkeys(("offline",), ("disconnected, 掉线, 断线", "online, connected, 在线, 上线")),
    **dict.fromkeys(("power_loss",), ("lost, outage, 停电, 掉电", "powered, 来电, 已来电, 恢复供电")),
    **dict.fromkeys(("video_loss",), ("lost, 丢失", "")),
}  # fmt: skip
"""What more a kind understands, for active and for inactive."""
_TRUTH = frozenset(
    ("0", "1", "true", "false", "on", "off", "yes", "no", "y", "n", "开", "关", "有", "无", "是", "否", "真", "假")
)
_PRESENCE = _TRUTH | {"good", "ok", "okay"}
_LIMIT, _ARMING = frozenset({"over"}), frozenset({"set"})
_EITHER: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("power_loss", "video_loss", "offline", "object_removed"), _PRESENCE),
    **dict.fromkeys(("heat", "gas_leak", "flood", "water_immersion", "crowd", "leakage_current", "tilt"), _LIMIT),
    **dict.fromkeys(("intrusion", "line_crossing", "object_left", "tamper", "door_open", "cover_open"), _ARMING),
}
"""What may tell of the thing that is lost as well as of its loss, of a limit as well as of an end, of arming as well as
of an alarm."""


def _words(active: str, inactive: str) -> dict[str, State]:
    found: dict[str, State] = dict.fromkeys(re.split(r",\s*", active.strip()), "active")
    found |= dict.fromkeys(re.split(r",\s*", inactive.strip()), "inactive")
    found.pop("", None)
    return found


_TABLE = _words(_ACTIVE, _INACTIVE)
_OWN: Mapping[str, Mapping[str, State]] = {kind: _words(*both) for kind, both in _OF_KIND.items()}


def state_of(value: object, kind: str, *, of_alarm: bool = False) -> State:
    """The state that a device means: text in any case, a boolean, or 1 and 0.

    With `of_alarm` it is known to tell of the alarm, so that yes and no are not of the thing ("alarm": false).

    Raises DecodeError event_bad_state at "/state" for anything else: of an event nothing is known without its state.
    """
    word = _word(value)
    either = word in _EITHER.get(kind, ()) and not (of_alarm and word in _TRUTH)
    found = None if either else _OWN.get(kind, _TABLE).get(word) or _TABLE.get(word)
    if found is not None:
        return found
    if kind != OTHER and kind_of(word) == kind:  # power_loss: "断电"
        return "active"
    if word in _TABLE or any(word in words for words in _OWN.values()):
        sentence = Sentence("refusal.event.state_either", value=quoted(value), kind=quoted(kind))
    else:
        sentence = Sentence("refusal.event.state", value=quoted(value))
    raise DecodeError("event_bad_state", sentence, "/state")


def _word(value: object) -> str:
    """A state as the table writes it; empty for what is none."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return "1" if value == 1 else "0" if value == 0 else ""
    if type(value) is not str or len(value) > _LONGEST:
        return ""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", value).casefold()).strip()
