// Frames: decoded once, kept in a history that never grows beyond a number, and shown evenly spread over time.
// Part of the script that starts in play.js.

const MOST_FRAMES = 300; // of a run
const MOST_SIDE = 128; // cells of a picture
const MOST_UNITS = 64; // of a stage
const LEVELS = 32; // of confidence in a byte of the boundary

// A frame of the stream with bytes in place of base64; null if anything of it has the wrong length or is no number.
function decodeFrame(sent) {
  const { step, phase, size, boundary, units = [], features = {}, conflict = null } = sent ?? {};
  if (!isCount(step, 1e9) || !isCount(size, MOST_SIDE) || !size || !Array.isArray(units)) return null;
  const frame = { step, phase: String(phase ?? ""), size, boundary: bytesOf(boundary, size * size), units: [] };
  frame.features = new Map();
  if (!frame.boundary) return null;
  let before = 2; // x and y
  for (const unit of units) {
    const decoded = decodeUnits(unit, before);
    if (!decoded) return null;
    frame.units.push(decoded);
    before = decoded.count;
  }
  for (const [key, { points, labels } = {}] of Object.entries(features ?? {})) {
    const classes = bytesOf(labels);
    const places = classes && bytesOf(points, 2 * classes.length);
    if (!places) return null;
    frame.features.set(key, { points: new Int8Array(places.buffer), labels: classes });
  }
  frame.numbers = Object.fromEntries(Object.entries(sent).filter(([, value]) => Number.isFinite(value)));
  const isConflict = Array.isArray(conflict) && conflict.length === 3 && conflict.every(Number.isFinite);
  frame.conflict = isConflict ? conflict : null;
  return frame;
}

function decodeUnits(unit, before) {
  const { stage, frozen, size, count } = unit ?? {};
  if (!isCount(size, MOST_SIDE) || !size || !isCount(count, MOST_UNITS)) return null;
  const maps = bytesOf(unit.maps, count * size * size);
  const weights = bytesOf(unit.weights);
  // A stage without weights of its own (only an activation) has no connections to draw.
  if (!maps || !weights || ![0, before * count].includes(weights.length)) return null;
  return { stage: String(stage), frozen: Boolean(frozen), size, count, maps, weights };
}

function isCount(value, most) {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

// Base64 as Uint8Array, of this length if one is given; null if it is not.
function bytesOf(text, length) {
  if (typeof text !== "string") return null;
  try {
    const binary = atob(text);
    if (length !== undefined && binary.length !== length) return null;
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    return null;
  }
}

// The frames of one run, evenly thinned: when it is full, every second one goes, and then only every second new one
// stays. The newest is always there.
class History {
  frames = [];
  stride = 1;

  get newest() {
    return this.frames.at(-1);
  }

  add(frame) {
    while (this.newest?.step >= frame.step) this.frames.pop(); // the run went on from an earlier step
    frame.turn = this.newest ? this.newest.turn + 1 : 0;
    if (this.newest && this.newest.turn % this.stride) this.frames.pop();
    this.frames.push(frame);
    if (this.frames.length <= MOST_FRAMES) return;
    this.stride *= 2;
    this.frames = this.frames.filter((one) => one === frame || one.turn % this.stride === 0);
  }

  // The last frame at or before a step; the first if there is none.
  nearest(step) {
    return this.frames[Math.max(0, this.after(step) - 1)];
  }

  // The next frame's step in a direction (1, −1), undefined if there is none.
  neighbour(step, direction) {
    const at = this.after(direction > 0 ? step : step - 1);
    return this.frames[direction > 0 ? at : at - 1]?.step;
  }

  // How many frames are at or before a step.
  after(step) {
    let low = 0;
    let high = this.frames.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frames[middle].step <= step) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const LONGEST_GAP = 1500; // milliseconds between messages; a longer one is a pause
const AHEAD = 0.9; // of the usual gap, over which the frames of a message are shown: a delay grows smaller by itself

// When each frame is shown: those that came together one after the other, until the next are expected.
class Pace {
  queue = []; // [{frame, due}]
  shownAt = -Infinity;

  // rate: frames a second that are expected at first.
  constructor(rate) {
    this.gap = 1000 / rate;
  }

  push(frames, now) {
    const since = now - this.heardAt;
    if (since < LONGEST_GAP) this.gap += 0.3 * (since - this.gap);
    this.heardAt = now;
    const all = [...this.queue.map(({ frame }) => frame), ...frames];
    const each = (AHEAD * this.gap) / all.length;
    const first = Math.min(Math.max(now, this.shownAt + each), now + this.gap);
    this.queue = all.map((frame, index) => ({ frame, due: first + index * each }));
  }

  // The latest frame that is due, if there is one; earlier ones are left out.
  take(now) {
    let due;
    while (this.queue.length && this.queue[0].due <= now) due = this.queue.shift();
    if (due) this.shownAt = due.due;
    return due?.frame;
  }

  get next() {
    return this.queue[0]?.due ?? Infinity;
  }
}

// The last value of a scalar at or before a step.
function valueAt(series, step) {
  const at = series ? series.x.findLastIndex((x, index) => x <= step && Number.isFinite(series.y[index])) : -1;
  return at < 0 ? undefined : series.y[at];
}
