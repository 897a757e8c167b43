"""Why messages are refused: each reason's Chinese name, and the remedy in English and Chinese."""

from collections.abc import Mapping

Remedies = tuple[str, str]
"""English, Chinese; they may use the values of a finding: {topic}, {ahead}, {max_future}, {did_you_mean}."""

_CHECK: Remedies = (
    "Correct the payload; try it without a device: hub frame check --form {form} FILE",
    "请修正报文；可离线检查：hub frame check --form {form} 文件",
)
_TELEMETRY: Remedies = (
    'Send {{"ts": 1767225600000, "values": {{"pm25": 35.2}}}}; try it without a device: hub frame check FILE',
    '请按 {{"ts": 1767225600000, "values": {{"pm25": 35.2}}}} 格式上报；可离线检查：hub frame check 文件',
)
_TIME: Remedies = (
    "Send ts as epoch milliseconds (13 digits today) or as ISO 8601 with an offset; SenML times are in seconds.",
    "ts 请用毫秒时间戳（目前为 13 位）或带时区的 ISO 8601；SenML 的时间单位为秒。",
)
_NUMBER: Remedies = (
    "Send each value as a JSON number without quotes; leave it out when nothing was measured.",
    "数值请用不带引号的 JSON 数字；未测得时不要上报该项。",
)
_SMALLER: Remedies = ("Send several smaller messages.", "请拆分为多条较小的消息。")
_EVENT: Remedies = (
    'Send {{"kind": "smoke", "state": "active", "level": "red"}}; see hub frame check --form event FILE',
    '请按 {{"kind": "smoke", "state": "active", "level": "red"}} 格式上报；可用 hub frame check --form event 文件 检查',
)
_SENML: Remedies = (
    "Correct the SenML record (RFC 8428); hub frame check --form senml FILE shows which one.",
    "请修正 SenML 记录（RFC 8428）；用 hub frame check --form senml 文件 定位。",
)
_MAPPING: Remedies = (
    "Compare the message with the mapping of its profile; hub frame check --device {code} FILE shows what it makes.",
    "请对照物模型的映射检查报文；用 hub frame check --device {code} 文件 查看映射结果。",
)
_REPLY: Remedies = (
    'Send {{"id": "<id of the command>", "result": {{}}}} as the reply to a command.',
    '请以 {{"id": "<命令标识>", "result": {{}}}} 回复命令。',
)
_TOPIC: Remedies = ("Publish to {topic}.", "请发布到 {topic}。")

REASONS: Mapping[str, tuple[str, Remedies]] = {
    "not_json": ("不是合法的 JSON", _CHECK),
    "not_utf8": (
        "编码不是 UTF-8",
        ("Send UTF-8, not GBK or binary data.", "请使用 UTF-8 编码，不要使用 GBK 或二进制。"),
    ),
    "too_large": ("报文过大", _SMALLER),
    "too_many_values": ("数据项过多", _SMALLER),
    "too_many_faults": ("错误过多", _CHECK),
    "too_deep": ("嵌套过深", ("Send a flat object.", "请使用扁平结构。")),
    "not_an_object": ("结构不符", _CHECK),
    "no_values": ("没有数据", _TELEMETRY),
    "bad_time": ("时间无法识别", _TIME),
    "time_out_of_range": ("时间超出范围", _TIME),
    "future_time": (
        "时间超前",
        (
            "Its clock is {ahead} ahead{zone_hint}. Set its clock (NTP) and its time zone; {max_future} are allowed.",
            "设备时钟超前 {ahead}{zone_hint}。请校时（NTP）并检查时区；最多允许超前 {max_future}。",
        ),
    ),
    "unknown_metric": (
        "物模型中没有该指标",
        (
            "{did_you_mean}Let the device send the names of its profile, or add the metric to the profile.",
            "{did_you_mean}请按物模型中的名称上报，或在物模型中添加该指标。",
        ),
    ),
    "too_many_metrics": (
        "指标数量超出上限",
        (
            "Send fewer metrics, or raise max_metrics of its profile.",
            "请减少上报的指标，或调高物模型的 max_metrics。",
        ),
    ),
    "bad_metric_name": ("指标名称不合法", _CHECK),
    "bad_unit": (
        "单位不符",
        ("Send the unit of the profile, or one that can be converted to it.", "请使用物模型规定的单位或可换算的单位。"),
    ),
    "value_not_a_number": ("数值不是数字", _NUMBER),
    "value_not_finite": ("数值不是有限数", _NUMBER),
    "unknown_device": (
        "设备未注册",
        (
            "These came before it was registered: hub dead-letters replay --reason unknown_device --device {code}",
            "这些消息在注册之前到达：可用 hub dead-letters replay --reason unknown_device --device {code} 重放",
        ),
    ),
    "inactive_device": (
        "设备未启用",
        (
            "Activate it, then replay these: hub dead-letters replay --reason inactive_device --device {code}",
            "启用设备后可重放：hub dead-letters replay --reason inactive_device --device {code}",
        ),
    ),
    "not_a_child": (
        "不是该网关的子设备",
        (
            "Register the gateway that speaks for it as its parent, or let it publish to {topic}",
            "请在注册信息中将其上级设为该网关，或直接发布到 {topic}",
        ),
    ),
    "bad_topic": ("主题不符", _TOPIC),
    "bad_device_code": ("设备编码不合法", _TOPIC),
    "no_device": ("未指明设备", _TOPIC),
    "several_devices": ("含多个设备的数据", ("Send one record a device.", "每条记录只能包含一个设备的数据。")),
    "device_mismatch": (
        "设备编码不一致",
        ('Make the key of the record and "device" in it the same.', "请使记录的键与其中的 device 一致。"),
    ),
    "nul_character": ("含空字符", _CHECK),
    "bad_image": ("图片无效", ("Send a JPEG as base64 text.", "请以 base64 文本发送 JPEG 图片。")),
    "too_large_image": ("图片过大", ("Send a smaller picture.", "请发送更小的图片。")),
    "event_no_kind": ("缺少事件类型", _EVENT),
    "event_bad_text": ("事件文本不合法", _EVENT),
    "event_bad_id": ("事件标识不合法", _EVENT),
    "event_bad_state": ("事件状态不合法", _EVENT),
    "event_bad_level": ("事件级别不合法", _EVENT),
    "event_bad_attributes": ("事件属性不合法", _EVENT),
    "senml_not_a_pack": ("不是 SenML 包", _SENML),
    "senml_bad_version": ("SenML 版本不支持", _SENML),
    "senml_bad_field": ("SenML 字段不合法", _SENML),
    "senml_no_name": ("SenML 缺少名称", _SENML),
    "senml_no_value": ("SenML 缺少数值", _SENML),
    "senml_two_values": ("SenML 含多个数值", _SENML),
    "senml_not_numeric": ("SenML 值不是数字", _SENML),
    "senml_sum_only": ("SenML 只有累计值", _SENML),
    "senml_other_device": ("SenML 含其他设备", _SENML),
    "senml_mandatory_label": ("SenML 含必须理解的标签", _SENML),
    "mapping_failed": ("物模型的映射执行失败", _MAPPING),
    "mapping_empty": ("物模型的映射未取到数据", _MAPPING),
    "mapping_too_costly": ("物模型的映射过于复杂", _MAPPING),
    "reply_no_id": ("回复缺少命令标识", _REPLY),
    "reply_bad_id": ("回复的命令标识不合法", _REPLY),
    "reply_bad_result": ("回复内容不合法", _REPLY),
    "unknown_command": ("没有该命令", _REPLY),
    "not_its_command": ("不是发给该设备的命令", _REPLY),
    "status_unknown": (
        "状态无法识别",
        ("Send online or offline on its status topic.", "状态主题请发送 online 或 offline。"),
    ),
}
"""By reason code."""

UNKNOWN_REASON: tuple[str, Remedies] = ("其他原因", _CHECK)
"""Of a reason that is not in the table: the sentence of the dead letter says what is wrong."""
