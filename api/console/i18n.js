// The page's words in English and Chinese, and how numbers, ages and units are written.

const WORDS = {
  en: {
    language: '中文', language_label: '切换到中文', tagline: "A hub for a city's senses", skip: 'Skip to alerts',
    connecting: 'Connecting', live: 'Live', down: 'Reconnecting',
    banner_down: 'The connection to the hub is lost; what you see is of {time}. Trying again.',
    banner_trouble: 'The hub is in trouble: {reasons}',
    figures: 'At a glance', readings_rate: 'Readings per second', messages_rate: 'Messages per second',
    stored: 'Stored readings', series: 'series', devices: 'Devices', pending: 'deliveries waiting',
    letters: 'Dead letters', letters_note: 'refused, with a reason', active: 'Active alerts',
    alerts: 'Alerts', alerts_count: '{active} active, {over} ended, not yet seen to',
    alerts_none: 'All quiet: no alert is open.', latest: 'Latest readings', device: 'Device', metric: 'Metric',
    value: 'Value', time: 'Time', readings_none: 'No reading yet: publish one and it shows here.',
    letters_recent: 'Recent dead letters', letters_none: 'None: every message could be stored.',
    spark: 'Readings per second over the last minutes, now {now}',
    red: 'Red', orange: 'Orange', yellow: 'Yellow', blue: 'Blue',
    open: 'Open', acknowledged: 'Acknowledged', dispatched: 'Dispatched', handled: 'Handled', verified: 'Verified',
    closed: 'Closed', cleared: 'Ended', false_alarm: 'False alarm', merged: 'Merged',
    step_acknowledged: 'Acknowledge', step_closed: 'Close', step_false_alarm: 'False alarm', step_for: '{step}: {title}',
    limit_above: 'limit {value}', limit_below: 'minimum {value}', over: 'condition ended',
    announce: '{level} alert: {title}, {device}', failed: 'That did not work: {problem}',
    late: 'late', out_of_range: 'out of range', s: '{n} s', min: '{n} min', h: '{n} h', d: '{n} d', now: 'now',
    token_title: 'This hub asks for a token', token: 'Token', token_go: 'Continue',
    token_note: "It is api.token in the hub's settings. It is kept until this tab is closed.",
    token_wrong: 'That token is not right.',
  },
  zh: {
    language: 'English', language_label: 'Switch to English', tagline: '城市感知中枢', skip: '跳到告警',
    connecting: '正在连接', live: '实时', down: '正在重连',
    banner_down: '与中枢的连接已断开，当前显示的是 {time} 的数据，正在重连。',
    banner_trouble: '中枢运行异常：{reasons}',
    figures: '概览', readings_rate: '读数/秒', messages_rate: '消息/秒',
    stored: '已存读数', series: '条序列', devices: '设备', pending: '条推送待送达',
    letters: '死信', letters_note: '被拒收，均注明原因', active: '活动告警',
    alerts: '告警', alerts_count: '{active} 条活动，{over} 条已解除待处理',
    alerts_none: '一切正常，没有未结告警。', latest: '最新读数', device: '设备', metric: '指标',
    value: '数值', time: '时间', readings_none: '还没有读数，设备上报后即显示在这里。',
    letters_recent: '最近的死信', letters_none: '没有死信，所有消息均已入库。',
    spark: '最近每秒读数，当前 {now}',
    red: '红色', orange: '橙色', yellow: '黄色', blue: '蓝色',
    open: '待确认', acknowledged: '已确认', dispatched: '已派遣', handled: '已处置', verified: '已核查',
    closed: '已结案', cleared: '已解除', false_alarm: '误报', merged: '已并案',
    step_acknowledged: '确认', step_closed: '结案', step_false_alarm: '误报', step_for: '{step}：{title}',
    limit_above: '阈值 {value}', limit_below: '下限 {value}', over: '异常已解除',
    announce: '{level}告警：{title}，{device}', failed: '操作未成功：{problem}',
    late: '迟到', out_of_range: '超出量程', s: '{n} 秒', min: '{n} 分钟', h: '{n} 小时', d: '{n} 天', now: '刚刚',
    token_title: '访问此中枢需要令牌', token: '令牌', token_go: '继续',
    token_note: '即中枢配置中的 api.token，仅保存到此标签页关闭。',
    token_wrong: '令牌不正确。',
  },
};

const KEY = 'ganzhi.language';
const UNITS = { 'ug/m3': 'µg/m³', 'mg/m3': 'mg/m³', Cel: '°C', K: 'K', 1: '', deg: '°', 'm3/s': 'm³/s', 'dB[SPL]': 'dB',
  'dB(A)': 'dB(A)', '[ppm]': 'ppm', 'm/s2': 'm/s²', 'W/m2': 'W/m²', Ohm: 'Ω', m3: 'm³', '%[RH]': '%RH' };

function remembered() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

export let language = remembered() ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');
if (!WORDS[language]) language = 'en';

export function setLanguage(wanted) {
  language = wanted;
  try { localStorage.setItem(KEY, wanted); } catch { /* private mode: it lasts for this visit */ }
}

export function t(key, values = {}) {
  const text = WORDS[language][key] ?? WORDS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

export function translatePage() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
}

const locale = () => (language === 'zh' ? 'zh-CN' : 'en-GB');

export function number(value, digits = 2) {
  if (value === null || value === undefined) return '–';
  const small = Math.abs(value) < 1 && value !== 0;
  const shape = small ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(), shape).format(value);
}

export function unit(code) {
  return code === null || code === undefined ? '' : UNITS[code] ?? code;
}

export function clockTime(date) {
  return date.toLocaleTimeString(locale(), { hour12: false });
}

export function moment(date, now) {
  const sameDay = date.toDateString() === now.toDateString();
  return sameDay ? clockTime(date) : date.toLocaleDateString(locale(), { month: 'short', day: 'numeric' }) + ' ' + clockTime(date);
}

export function age(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return t('s', { n: s });
  if (s < 3600) return t('min', { n: Math.floor(s / 60) });
  if (s < 172800) return t('h', { n: Math.floor(s / 3600) });
  return t('d', { n: Math.floor(s / 86400) });
}
