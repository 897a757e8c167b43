// Why a message became a dead letter, in words. The code itself is shown for a reason that is not here.

import { language } from './i18n.js';

const REASONS = {
  bad_topic: ['Wrong topic', '主题不符'],
  no_device: ['No device named', '未指明设备'],
  bad_device_code: ['Bad device code', '设备编码有误'],
  not_a_child: ['Not a child of this gateway', '不属于该网关'],
  unknown_device: ['Unknown device', '设备未登记'],
  inactive_device: ['Device not active', '设备未启用'],
  unknown_metric: ['Unknown metric', '指标未定义'],
  bad_metric_name: ['Bad metric name', '指标名有误'],
  unit_mismatch: ['Wrong unit', '单位不符'],
  not_json: ['Not JSON', '不是 JSON'],
  not_utf8: ['Not UTF-8', '不是 UTF-8 编码'],
  not_an_object: ['Not a JSON object', '不是 JSON 对象'],
  nul_character: ['Holds a NUL character', '含 NUL 字符'],
  no_values: ['No values in it', '没有数值'],
  value_not_a_number: ['Value is not a number', '数值无效'],
  value_not_finite: ['Value is not finite', '数值非有限数'],
  bad_time: ['Unreadable time', '时间无法识别'],
  time_out_of_range: ['Time out of range', '时间超出范围'],
  future_time: ['Too far in the future', '时间超前过多'],
  too_large: ['Too large', '报文过大'],
  too_large_image: ['Image too large', '图片过大'],
  bad_image: ['Unreadable image', '图片无法识别'],
  too_deep: ['Nested too deeply', '嵌套过深'],
  too_many_values: ['Too many values', '数值过多'],
  event_no_kind: ['Event without a kind', '事件缺少类型'],
  event_bad_attributes: ['Bad event attributes', '事件属性有误'],
  event_bad_id: ['Bad event id', '事件编号有误'],
  event_bad_level: ['Bad event level', '事件级别有误'],
  event_bad_state: ['Bad event state', '事件状态有误'],
  event_bad_text: ['Bad event text', '事件文本有误'],
  store_refused: ['Refused by the database', '数据库拒收'],
  internal_error: ['Fault of the hub', '中枢内部故障'],
};

export function inWords(reason) {
  const words = REASONS[reason] ?? (reason.startsWith('senml_') ? ['Bad SenML pack', 'SenML 有误'] : [reason, reason]);
  return words[language === 'zh' ? 1 : 0];
}
