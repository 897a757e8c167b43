// Talks to the hub: JSON calls and a stream of server-sent events, with the token where one is asked for.

const KEY = 'ganzhi.token';
const BASE = 'api/v1';
const SILENCE_MS = 12000; // the hub speaks once a second on this stream; silence means a dead connection

let token = null;
try { token = sessionStorage.getItem(KEY); } catch { /* private mode: kept in memory only */ }

export function setToken(wanted) {
  token = wanted;
  try { sessionStorage.setItem(KEY, wanted); } catch { /* see above */ }
}

export class HubProblem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function request(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = 'Bearer ' + token;
  const answer = await fetch(BASE + path, { ...options, headers });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new HubProblem(answer.status, problem.detail ?? answer.statusText);
  }
  return answer;
}

export async function get(path) {
  return (await request(path)).json();
}

export async function post(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  return (await request(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
}

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

// For ever: opened() after each connect, lost() when it drops, refused() waits for a token after a 401.
export async function follow(path, { opened, heard, lost, refused }) {
  let wait = 500;
  for (;;) {
    try {
      await listen(path, () => { wait = 500; opened(); }, heard);
    } catch (error) {
      if (error.status === 401) {
        await refused(token !== null);
        continue;
      }
      lost();
    }
    await new Promise((resume) => setTimeout(resume, wait * (0.5 + Math.random() / 2)));
    wait = Math.min(wait * 2, 8000);
  }
}
