// What a desk hears: a new alert, a red one that nobody has acknowledged, a page that has lost its hub, "still there?".

const KEY = 'ganzhi.sound';
const AGAIN_MS = 15000; // so often an unacknowledged red alert, or a lost hub, is heard again
const TONES = { red: [988, 784, 988, 784, 988], orange: [784, 659, 784], yellow: [659, 784], blue: [659], lost: [330, 330] };
const TONE_S = 0.16;
const PEAK = 0.25;

let audio = null;
let wanted = true;
try { wanted = localStorage.getItem(KEY) !== 'off'; } catch { /* private mode: it lasts for this visit */ }
let lastAt = 0;

// on, off, or blocked: the browser wants a click before anything is heard.
export function sound() {
  if (!wanted) return 'off';
  return audio?.state === 'running' ? 'on' : 'blocked';
}

export function setSound(on) {
  wanted = on;
  try { localStorage.setItem(KEY, on ? 'on' : 'off'); } catch { /* see above */ }
  if (on) wake();
}

// Call it when somebody has clicked or typed: browsers let a page be heard from then on.
export function wake() {
  if (!wanted) return;
  audio ??= new AudioContext();
  if (audio.state !== 'running') audio.resume(); // settles when the browser allows it, which may be never
}

function play(tones) {
  if (sound() !== 'on') return;
  lastAt = Date.now();
  tones.forEach((pitch, place) => {
    const from = audio.currentTime + place * TONE_S;
    const tone = audio.createOscillator();
    const loudness = audio.createGain();
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0, from);
    loudness.gain.linearRampToValueAtTime(PEAK, from + 0.01);
    loudness.gain.linearRampToValueAtTime(0, from + TONE_S);
    tone.connect(loudness).connect(audio.destination);
    tone.start(from);
    tone.stop(from + TONE_S);
  });
}

export const ring = (level) => play(TONES[level]);

// Called each second: what must not be missed is heard again.
export function keepRinging({ lost, urgent, asked }) {
  if (Date.now() - lastAt < AGAIN_MS) return;
  if (lost) play(TONES.lost);
  else if (urgent) play(TONES.red);
  else if (asked) play(TONES.yellow);
}
