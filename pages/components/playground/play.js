// The playground in the browser: reads frames and scalars of up to four runs from two event streams, draws them as they
// come, and goes back through them. view.py defines `data`, xfer_core/runs/frames.py a frame. The other files of this
// folder are the rest of this script: view.py joins them, because a component takes one script.

export default function ({ data, parentElement, setTriggerValue }) {
  const view = (parentElement.xferPlayground ??= new Playground(parentElement));
  const turn = view.update(data, setTriggerValue);
  // Streamlit calls this when the component goes away, but also for a call that a rerun overtook.
  return () => view.leave(turn);
}

const ENDED = ["finished", "failed", "stopped", "interrupted"];
const QUIET = 4000; // milliseconds without a message after which a paused playground hangs up
const PATIENCE = 20_000; // or without a single frame of a run
const UNANSWERED = 2000; // after which a press counts as lost
const BURST = 12; // more frames in one message are the past: only the last is shown
const CALM = 500; // between two pictures, for those who want less motion
const STALE = 700; // that the picture of the run before stays, when others take its place
const DESCRIBE = 2000; // between two changes of what is read aloud
const MOST_POINTS = 2000; // of a scalar
const REPLAY = [3000, 12_000]; // the shortest and the longest replay

class Playground {
  constructor(parent) {
    this.parent = parent;
    this.root = add(parent, "div", "xfer-play");
    this.note = add(this.root, "div", "note");
    this.note.setAttribute("role", "status");
    this.bar = new Bar(this, this.root);
    this.legend = add(this.root, "div", "legend");
    this.grid = add(this.root, "div", "grid");
    this.columns = [];
    this.runs = new Map(); // id → {history, pace, shown, series, status}
    this.past = null; // the step that the slider went back to
    this.turn = this.sent = this.heard = this.waitingSteps = 0;
    this.shownAt = this.describedAt = -Infinity;
    this.onVisibility = () => (document.hidden ? this.hangUp() : (this.listen(), this.request()));
    this.onHide = () => this.hangUp(); // a page that is kept for the way back must not keep a connection
    this.onKey = (event) => this.key(event);
    document.addEventListener("visibilitychange", this.onVisibility);
    document.addEventListener("keydown", this.onKey);
    addEventListener("pagehide", this.onHide);
    addEventListener("pageshow", this.onVisibility);
    this.onResize = () => this.place();
    addEventListener("resize", this.onResize);
    this.resized = new ResizeObserver(this.onResize);
    this.resized.observe(this.root);
  }

  update(data, setTriggerValue) {
    Object.assign(this, { data, setTriggerValue, texts: data.texts, theme: readTheme(this.root) });
    this.number = (value, options) => new Intl.NumberFormat(data.texts.locale, options).format(value);
    this.isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.note.textContent = data.texts.reconnecting;
    this.root.classList.toggle("plain", data.plain);
    this.heard = Math.max(this.heard, data.heard);
    if (!this.isUnanswered) Object.assign(this, { playing: data.playing, speed: data.speed });
    if (this.waitingSteps && this.heard >= this.sent) this.sendSteps();
    this.updateLook();
    this.updateRuns();
    this.updateColumns();
    this.bar.set();
    this.tick();
    return ++this.turn;
  }

  updateLook() {
    const { data, theme } = this;
    const key = JSON.stringify([theme.key, data.class_colours, data.colours]);
    if (key === this.lookKey) return;
    this.lookKey = key;
    const background = rgbOf(theme.background);
    const classes = data.class_colours.map((pair) => this.colour(pair));
    const own = Object.fromEntries(Object.entries(data.colours).map(([name, pair]) => [name, this.colour(pair)]));
    this.look = {
      ...theme, ...own, classes,
      paper: `rgb(${background.join(" ")} / 0.8)`,
      palette: shades(classes.map(rgb), background),
      ramp: ramp(rgbOf(theme.text), background),
      frozenRamp: ramp(rgb(own.frozen), background),
    };
  }

  updateRuns() {
    const ids = this.data.runs.map(({ id }) => id);
    for (const id of this.runs.keys()) if (!ids.includes(id)) this.runs.delete(id);
    for (const { id, status } of this.data.runs) {
      const known = this.runs.get(id);
      if (known) known.status = known.isHeard ? known.status : status;
      else this.runs.set(id, { history: new History(), pace: new Pace(this.data.rate), series: new Map(), status });
    }
    const key = JSON.stringify([ids, this.data.frames, this.data.stream]);
    if (key === this.streamed) return;
    this.streamed = key;
    this.past = this.replay = null;
    this.askedAt = performance.now();
    this.hangUp();
    clearTimeout(this.stale);
    this.stale = setTimeout(() => this.request(), STALE);
    this.listen();
  }

  // The same places with other runs are the same columns: their canvases stay.
  updateColumns() {
    const { data } = this;
    const points = JSON.stringify([data.domains, data.range, data.joined, data.class_colours]);
    if (points !== this.pointsKey) {
      this.pointsKey = points;
      this.domains = data.domains.map(decodeDomain);
    }
    const names = data.domains.map(({ key, role, title }) => [key, role, title]);
    const layout = JSON.stringify([data.runs.length, names.length, names.map(([, role]) => role), data.joined, data.show,
      data.texts, data.plain]);
    if (layout !== this.layout) {
      this.layout = layout;
      for (const column of this.columns) column.remove();
      this.columns = data.runs.map((_, index) => new Column(this, index));
    } else this.columns.forEach((column, index) => column.setRun(data.runs[index]));
    this.updateLegend();
    this.place();
  }

  // Pictures as large as fit the view.
  place() {
    const { data, grid } = this;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    const main = this.root.closest(".stMain");
    const top = grid.getBoundingClientRect().top + (main?.scrollTop ?? 0);
    const { columns, across, side, aside } = arrange({
      runs: data.runs.length,
      pictures: data.joined ? 1 : data.domains.length,
      sections: data.plain ? 0 : data.show.length,
      numbers: Math.max(0, ...data.runs.map(({ numbers }) => numbers.length)),
      width: grid.clientWidth,
      height: innerHeight - top,
      rem,
      plain: data.plain,
    });
    grid.classList.toggle("aside", aside);
    grid.style.setProperty("--columns", columns);
    grid.style.setProperty("--across", across);
    grid.style.setProperty("--side", side === undefined ? "1fr" : `${Math.max(40, side)}px`);
  }

  updateLegend() {
    const { data, texts, look } = this;
    const key = JSON.stringify([this.lookKey, data.classes, data.joined, data.show, texts]);
    if (key === this.legendKey) return;
    this.legendKey = key;
    this.legend.replaceChildren();
    const entry = (label, way, words) => {
      const item = add(this.legend, "span");
      addMark(item, label, way, look);
      add(item, "span", "", words);
    };
    data.classes.forEach((name, label) => entry(label, "filled", name));
    if (data.joined) entry(0, "ring", texts["mark.ring"]);
    entry(0, "hollow", data.show.includes("features") ? texts["mark.hollow_both"] : texts["mark.hollow"]);
  }

  // ---------------------------------------------------------------- the streams

  // A browser has six connections per host for all tabs, so only a visible page listens, and a paused one until it has
  // heard everything.
  listen() {
    if (this.streams || document.hidden || !this.runs.size) return this.rest();
    const ids = [...this.runs.keys()].join(",");
    const known = [...this.runs].filter(([, { history }]) => history.newest);
    const after = known.map(([id, { history }]) => `${id}=${history.newest.step}`).join(",");
    const rate = this.isCalm ? Math.min(1000 / CALM, this.data.rate) : this.data.rate;
    const cursors = [...this.runs].filter(([, { cursor }]) => cursor).map(([id, { cursor }]) => `${id}=${cursor}`);
    this.streams = [
      this.open(`${this.data.frames}?runs=${ids}&rate=${rate}&after=${encodeURIComponent(after)}`, "hearFrames"),
      this.open(`${this.data.stream}?runs=${ids}&after=${encodeURIComponent(cursors.join(";"))}`, "hearScalars"),
    ];
    this.rest();
  }

  open(url, hear) {
    const source = new EventSource(url);
    source.onopen = () => this.note.classList.remove("shown");
    source.onmessage = (event) => this[hear](event);
    source.addEventListener("end", () => source.close());
    source.onerror = () => {
      this.note.classList.add("shown");
      if (source.readyState !== EventSource.CLOSED) return; // the browser connects again by itself
      clearTimeout(this.retry);
      this.retry = setTimeout(() => (this.hangUp(), this.listen()), 3000);
    };
    return source;
  }

  hangUp() {
    clearTimeout(this.retry);
    clearTimeout(this.quiet);
    for (const source of this.streams ?? []) source.close();
    this.streams = null;
    for (const state of this.runs.values()) state.isHeard = false; // the page knows better from now on
    this.note.classList.remove("shown");
  }

  // While nothing plays, the streams are closed once they are silent.
  rest() {
    clearTimeout(this.quiet);
    if (this.isMoving) return;
    this.quiet = setTimeout(() => {
      const isWhole = [...this.runs.values()].every(({ history }) => history.newest);
      if (isWhole || performance.now() - this.askedAt > PATIENCE) this.hangUp();
      else this.rest();
    }, QUIET);
  }

  hearFrames({ data }) {
    const message = parsed(data);
    const state = this.runs.get(message?.run);
    if (!state || !Array.isArray(message.frames)) return;
    const frames = message.frames.map(decodeFrame).filter(Boolean);
    if (!frames.length) return;
    for (const frame of frames) state.history.add(frame);
    state.pace.push(frames.length > BURST || !state.shown ? frames.slice(-1) : frames, performance.now());
    this.rest();
    if (this.past === null) this.wake();
    else this.request();
  }

  hearScalars({ data, lastEventId }) {
    const message = parsed(data);
    const state = this.runs.get(message?.run);
    if (!state) return;
    for (const part of (lastEventId ?? "").split(";")) {
      const [id, cursor] = part.split("=");
      if (this.runs.has(id)) this.runs.get(id).cursor = cursor;
    }
    const resumed = (message.events ?? []).filter(({ kind }) => kind === "resumed");
    for (const { step } of resumed) for (const series of state.series.values()) series.cut(step);
    for (const [name, points] of Object.entries(message.points ?? {})) {
      if (!state.series.has(name)) state.series.set(name, new Series());
      const series = state.series.get(name);
      for (const [step, value] of points) series.add(step, value);
      thin(series);
    }
    const isOther = state.status !== message.status;
    Object.assign(state, { status: message.status, isHeard: true });
    // Nobody looked for a while, so that it was paused: who is back wants to see it go on.
    if (isOther && message.status === "paused" && this.isMoving) this.press("play");
    if (isOther) this.rest();
    this.request();
  }

  // ---------------------------------------------------------------- drawing

  get isMoving() {
    return this.playing && !this.isEnded;
  }

  get isEnded() {
    return this.runs.size > 0 && [...this.runs.values()].every(({ status }) => ENDED.includes(status));
  }

  get isShownPlaying() {
    return Boolean(this.replay) || this.isMoving;
  }

  get newest() {
    return Math.max(0, ...[...this.runs.values()].map(({ history }) => history.newest?.step ?? 0));
  }

  get stepShown() {
    return Math.round(this.past ?? Math.max(0, ...[...this.runs.values()].map(({ shown }) => shown?.step ?? 0)));
  }

  // At most one drawing per refresh of the screen, none while the tab is hidden.
  request() {
    if (this.asked || document.hidden) return;
    this.asked = requestAnimationFrame(() => this.tick());
  }

  // Draw again when the next frame is due.
  wake() {
    clearTimeout(this.alarm);
    const now = performance.now();
    let due = Math.min(...[...this.runs.values()].map(({ pace }) => pace.next));
    if (this.past !== null) due = this.replay ? now + 1000 / this.data.rate : Infinity;
    if (this.isCalm) due = Math.max(due, this.shownAt + CALM);
    if (due < Infinity) this.alarm = setTimeout(() => this.request(), Math.max(0, due - now));
  }

  tick() {
    if (this.asked) cancelAnimationFrame(this.asked);
    this.asked = 0;
    const now = performance.now();
    if (this.replay) this.advance(now);
    if (this.past === null && !(this.isCalm && now < this.shownAt + CALM)) this.takeFrames(now);
    for (const column of this.columns) {
      const state = this.runs.get(column.run.id);
      const frame = this.past === null ? state.shown : state.history.nearest(this.past);
      const isStale = now - this.askedAt >= STALE;
      column.show(frame ?? (isStale ? null : column.frame), this.past ?? frame?.step ?? -1);
    }
    this.bar.update();
    this.describe(now);
    this.wake();
  }

  takeFrames(now) {
    for (const state of this.runs.values()) {
      const frame = state.pace.take(now);
      if (!frame) continue;
      state.shown = frame;
      this.shownAt = now;
    }
  }

  describe(now) {
    clearTimeout(this.describing);
    const wait = DESCRIBE - (now - this.describedAt);
    if (wait > 0) {
      this.describing = setTimeout(() => this.describe(performance.now()), wait);
      return;
    }
    this.describedAt = now;
    for (const column of this.columns) column.describe();
  }

  // ---------------------------------------------------------------- presses

  get isUnanswered() {
    return this.sent > this.heard && performance.now() - this.sentAt < UNANSWERED;
  }

  press(kind, value = null) {
    this.sentAt = performance.now();
    this.setTriggerValue("press", { kind, value, n: ++this.sent });
    this.listen();
    this.bar.update();
  }

  toggle() {
    if (this.replay) this.replay = null;
    else if (this.isMoving) {
      this.playing = false;
      this.press("pause");
    } else if (this.isEnded && this.newest) this.startReplay();
    else {
      this.past = null;
      this.playing = true;
      this.press("play");
    }
    this.request();
  }

  // Steps that are pressed faster than the page answers are sent as one press of several.
  step() {
    this.past = this.replay = null;
    this.playing = false;
    this.waitingSteps++;
    if (!this.isUnanswered) this.sendSteps();
    else if (!this.stepping) this.stepping = setTimeout(() => this.sendSteps(), UNANSWERED);
    this.request();
  }

  sendSteps() {
    clearTimeout(this.stepping);
    this.stepping = undefined;
    const steps = this.waitingSteps;
    this.waitingSteps = 0;
    if (steps) this.press("step", steps);
  }

  reset() {
    this.past = this.replay = null;
    this.playing = false;
    this.press("reset");
    this.request();
  }

  setSpeed(speed) {
    this.speed = speed;
    this.press("speed", speed);
  }

  // The slider: the nearest earlier frame of every run. Training pauses, so that "now" does not run away.
  goTo(step) {
    this.replay = null;
    this.past = step < this.newest ? step : null;
    if (this.isMoving && this.past !== null) {
      this.playing = false;
      this.press("pause");
    }
    this.request();
  }

  // When every run has ended, Play shows what was recorded once more.
  startReplay() {
    const from = this.past !== null && this.past < this.newest ? this.past : 0;
    const frames = Math.max(...[...this.runs.values()].map(({ history }) => history.frames.length));
    const whole = Math.min(REPLAY[1], Math.max(REPLAY[0], (1000 * frames) / this.data.rate));
    this.replay = { from, began: performance.now(), milliseconds: whole * (1 - from / this.newest) };
    this.past = from;
  }

  advance(now) {
    const { from, began, milliseconds } = this.replay;
    const done = (now - began) / milliseconds;
    if (this.isCalm && done < 1 && now < this.shownAt + CALM) return;
    this.shownAt = now;
    this.past = from + (this.newest - from) * done;
    if (done >= 1) this.past = this.replay = null;
  }

  // Space plays, → and . step; on the slider arrows go to the next frame.
  key(event) {
    const { key, target } = event;
    const isInside = this.root.contains(target);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!isInside && target !== document.body) return;
    const isOnButton = target.tagName === "BUTTON";
    const direction = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[key];
    if (target === this.bar.slider && direction) this.goBy(direction);
    else if (key === " " && !isOnButton) event.repeat || this.toggle();
    else if (!this.data.plain && (key === "." || key === "ArrowRight")) this.step();
    else return;
    event.preventDefault();
  }

  goBy(direction) {
    const steps = [...this.runs.values()].map(({ history }) => history.neighbour(this.stepShown, direction));
    const there = steps.filter((step) => step !== undefined);
    if (there.length) this.goTo(direction > 0 ? Math.min(...there) : Math.max(...there));
  }

  // ----------------------------------------------------------------

  colour(given) {
    return Array.isArray(given) ? given[this.theme.dark ? 1 : 0] : given;
  }

  leave(turn) {
    if (turn !== this.turn) return;
    this.hangUp();
    for (const timer of [this.alarm, this.describing, this.stepping, this.stale]) clearTimeout(timer);
    cancelAnimationFrame(this.asked);
    document.removeEventListener("visibilitychange", this.onVisibility);
    document.removeEventListener("keydown", this.onKey);
    removeEventListener("pagehide", this.onHide);
    removeEventListener("pageshow", this.onVisibility);
    removeEventListener("resize", this.onResize);
    this.resized.disconnect();
    for (const column of this.columns) column.remove();
    this.columns = [];
    this.root.remove();
    delete this.parent.xferPlayground;
  }
}

// Every second point goes where there are many: a playground that runs for an hour needs no more memory.
function thin(series) {
  if (series.x.length <= MOST_POINTS) return;
  const last = series.x.length - 1;
  const isKept = (_, index) => index % 2 === 0 || index === last;
  series.x = series.x.filter(isKept);
  series.y = series.y.filter(isKept);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
