// Talks to the hub: JSON calls and a stream of server-sent events, with the token where one was given; a session's cookie
// goes along by itself.

import { t } from './i18n.js';

const KEY = 'ganzhi.token';
const BASE = 'api/v1';
const SILENCE_MS = 12000; // the hub speaks once a second on this stream; silence means a dead connection

let token = null;
try { token = sessionStorage.getItem(KEY); } catch { /* private mode: kept in memory only */ }

export function setToken(wanted) {
  token = wanted;
  try {
    if (wanted === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, wanted);
  } catch { /* see above */ }
}

export class HubProblem extends Error {
  constructor(status, detail, errors) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }
}

export async function request(path, options = {}) {
  const headers = { 'Accept-Language': document.documentElement.lang, ...options.headers };
  if (token) headers.Authorization = 'Bearer ' + token;
  const answer = await fetch(BASE + path, { ...options, headers }).catch((error) => {
    throw error instanceof TypeError ? new TypeError(t('unreachable'), { cause: error }) : error;
  });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new HubProblem(answer.status, problem.detail ?? answer.statusText, problem.errors);
  }
  return answer;
}

export async function get(path, headers = {}) {
  return (await request(path, { headers })).json();
}

// Saves what a path answers as a file, with the token or the cookie, which a link would not have.
export async function download(path, name) {
  save(await (await request(path)).blob(), name);
}

export function save(content, name) {
  const address = URL.createObjectURL(content);
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

// What it answers; null where that is nothing.
export async function send(method, path, body) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await request(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
}

export const post = (path, body) => send('POST', path, body);

// One connection: calls opened() once and heard(event, data) for each event; ends by throwing.
async function listen(path, opened, heard) {
  const abort = new AbortController();
  let watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
  try {
    const answer = await request(path, { signal: abort.signal, headers: { Accept: 'text/event-stream' } });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    opened();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error('the stream ended');
      clearTimeout(watchdog);
      watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop();
      for (const block of blocks) dispatch(block, heard);
    }
  } finally {
    clearTimeout(watchdog);
    abort.abort();
  }
}

function dispatch(block, heard) {
  let event = 'message';
  const data = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) event = line.slice(7);
    else if (line.startsWith('data: ')) data.push(line.slice(6));
  }
  if (data.length) heard(event, JSON.parse(data.join('\n')));
}

// For ever: opened() after each connect, lost() when it drops, refused() waits for somebody who may after a 401 or 403.
export async function follow(path, { starting, opened, heard, lost, refused }) {
  let wait = 500;
  let started = false;
  for (;;) {
    try {
      if (!started) await starting();
      started = true;
      await listen(path, () => { wait = 500; opened(); }, heard);
    } catch (error) {
      if (error.status === 401 || error.status === 403) {
        await refused();
        continue;
      }
      lost();
    }
    await new Promise((resume) => setTimeout(resume, wait * (0.5 + Math.random() / 2)));
    wait = Math.min(wait * 2, 8000);
  }
}
