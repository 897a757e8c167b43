// The clip of an event: an animated WebP, played on a canvas, since the page may load none from a blob; with a button and a slider,
// for which a browser has nothing in pictures that move. Each frame inside it is a WebP of its own.

import { drawn } from './case_files.js';
import { t } from './i18n.js';
import { element } from './shapes.js';

const ANIMATED = 2; // of the flags of the file
const ALONE = 2; // of the flags of a frame: it is not laid over what is under it
const CLEARED = 1; // what it covered is empty before the next one

const word = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));
const three = (bytes, at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
const length = (bytes, at) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);

// Chunks of a RIFF file: [name, where its content begins, how long it is].
function* chunks(bytes, from, end) {
  for (let at = from; at + 8 <= end;) {
    const size = length(bytes, at + 4);
    if (at + 8 + size > end) return;
    yield [word(bytes, at), at + 8, size];
    at += 8 + size + (size % 2);
  }
}

// { width, height, frames: [{ x, y, width, height, ms, alone, cleared, content }] }; null for what is no animation.
export function framesOf(bytes) {
  if (bytes.length < 30 || word(bytes, 12) !== 'VP8X' || !(bytes[20] & ANIMATED)) return null;
  const frames = [];
  for (const [name, at, size] of chunks(bytes, 12, bytes.length)) {
    if (name !== 'ANMF' || size < 24) continue;
    frames.push({
      x: 2 * three(bytes, at), y: 2 * three(bytes, at + 3), width: 1 + three(bytes, at + 6), height: 1 + three(bytes, at + 9),
      ms: three(bytes, at + 12), alone: Boolean(bytes[at + 15] & ALONE), cleared: Boolean(bytes[at + 15] & CLEARED),
      content: still(bytes.subarray(at + 16, at + size), bytes.subarray(at + 6, at + 12)),
    });
  }
  return frames.length ? { width: 1 + three(bytes, 24), height: 1 + three(bytes, 27), frames } : null;
}

// A frame as a file. `sides`: its width and height, as both files write them.
function still(data, sides) {
  const extended = new Uint8Array(18);
  extended.set([0x56, 0x50, 0x38, 0x58, 10, 0, 0, 0, 0x10, 0, 0, 0]); // VP8X, 10 bytes, with transparency
  extended.set(sides, 12);
  const parts = word(data, 0) === 'ALPH' ? [extended, data] : [data];
  const head = new Uint8Array(12);
  const size = 4 + parts.reduce((sum, part) => sum + part.length, 0);
  head.set([0x52, 0x49, 0x46, 0x46, size & 255, (size >> 8) & 255, (size >> 16) & 255, size >>> 24, 0x57, 0x45, 0x42, 0x50]);
  return new Blob([head, ...parts], { type: 'image/webp' });
}

class Player {
  constructor(clip, name, beforeS) {
    this.clip = clip;
    this.at = -1; // the frame that is shown
    this.playing = false;
    this.turn = Promise.resolve(); // frames are drawn one after the other
    this.canvas = element('canvas');
    Object.assign(this.canvas, { width: clip.width, height: clip.height });
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', name);
    this.button = element('button', '', t('clip_play'));
    this.button.type = 'button';
    this.slider = element('input');
    Object.assign(this.slider, { type: 'range', min: 0, max: clip.frames.length - 1, value: 0 });
    this.slider.setAttribute('aria-label', t('clip_place'));
    this.time = element('span', 'small');
    this.beforeMs = 1000 * beforeS;
    this.button.addEventListener('click', () => (this.playing ? this.pause() : this.play()));
    this.slider.addEventListener('input', () => {
      this.pause();
      this.show(Number(this.slider.value));
    });
  }

  // Draws a frame, after what is drawn now.
  show(index) {
    this.turn = this.turn.then(() => this.draw(index));
    return this.turn;
  }

  async draw(index) {
    const context = this.canvas.getContext('2d');
    if (index < this.at) this.at = -1;
    while (this.at < index) {
      const frame = this.clip.frames[this.at + 1];
      const picture = await createImageBitmap(frame.content);
      const before = this.clip.frames[this.at];
      if (!before) context.clearRect(0, 0, this.clip.width, this.clip.height);
      else if (before.cleared) context.clearRect(before.x, before.y, before.width, before.height);
      if (frame.alone) context.clearRect(frame.x, frame.y, frame.width, frame.height);
      context.drawImage(picture, frame.x, frame.y);
      picture.close();
      this.at += 1;
    }
    this.slider.value = index;
    const ms = this.clip.frames.slice(0, index).reduce((sum, frame) => sum + frame.ms, -this.beforeMs);
    this.time.textContent = `${ms < 0 ? '−' : '+'}${(Math.abs(ms) / 1000).toFixed(1)} s`;
    this.slider.setAttribute('aria-valuetext', this.time.textContent);
  }

  async play() {
    this.playing = true;
    this.button.textContent = t('clip_pause');
    let next = this.at + 1 < this.clip.frames.length ? this.at + 1 : 0;
    while (this.playing && this.canvas.isConnected && next < this.clip.frames.length) {
      await this.show(next);
      await new Promise((done) => { setTimeout(done, this.clip.frames[next].ms); });
      next = this.at + 1;
    }
    this.pause();
  }

  pause() {
    this.playing = false;
    this.button.textContent = t('clip_play');
  }
}

// What plays a clip; `beforeS`: seconds of it that lie before the event. Its first frame is there, or an Error.
export async function played(content, name, beforeS) {
  const clip = framesOf(new Uint8Array(await content.arrayBuffer()));
  if (clip === null) return drawn(content, name); // nothing moves in it
  const player = new Player(clip, name, beforeS);
  await player.show(0).catch(() => { throw new Error(t('clip_unreadable')); });
  const bar = element('div', 'player');
  bar.append(player.button, player.slider, player.time);
  const whole = element('div', 'clip');
  whole.append(player.canvas, bar);
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) setTimeout(() => player.play());
  return whole;
}
