// The live view in the browser: reads the event stream and appends points to the curves. view.py defines `data`,
// streaming/feed.py a message. The other files of this folder are the rest of this script: view.py joins them, because
// a component takes one script.

export default function ({ data, parentElement, setTriggerValue }) {
  const view = (parentElement.xferLiveView ??= new LiveView(parentElement));
  const turn = view.update(data, setTriggerValue);
  // Streamlit calls this when the component goes away, but also for a call that a rerun overtook.
  return () => view.leave(turn);
}

const MORE = "xfer.live.more"; // whether this visitor wants the further charts

class LiveView {
  constructor(parent) {
    this.parent = parent;
    this.root = add(parent, "div", "xfer-live");
    this.head = add(this.root, "div", "head");
    this.note = add(this.root, "div", "note");
    this.note.setAttribute("role", "status");
    this.grid = add(this.root, "div", "grid");
    this.open = localStorage.getItem(MORE) === "yes";
    this.spoken = add(this.root, "div", "spoken");
    this.spoken.setAttribute("aria-live", "polite");
    this.charts = [];
    this.runs = new Map(); // id → what the stream sent: {status, progress, result, reason, series}
    this.cursors = new Map(); // id → seq, what a new stream need not repeat
    this.turn = 0;
    this.rest = 0;
    this.onVisibility = () => (document.hidden ? this.closeStream() : this.openStream());
    this.onHide = () => this.closeStream(); // a page that is kept for the way back must not keep a connection
    document.addEventListener("visibilitychange", this.onVisibility);
    addEventListener("pagehide", this.onHide);
    addEventListener("pageshow", this.onVisibility);
  }

  update(data, setTriggerValue) {
    Object.assign(this, { data, setTriggerValue, texts: data.texts, theme: readTheme(this.root) });
    this.root.className = `xfer-live ${data.layout}`;
    this.note.textContent = data.texts.reconnecting;
    this.number = (value, options) => new Intl.NumberFormat(data.texts.locale, options).format(value);
    this.updateRuns();
    this.cards = data.layout === "race" ? buildCards(this) : buildHeader(this);
    this.updateCharts();
    this.draw();
    return ++this.turn;
  }

  updateRuns() {
    const ids = this.data.runs.map((run) => run.id);
    for (const id of this.runs.keys()) if (!ids.includes(id)) this.runs.delete(id), this.cursors.delete(id);
    for (const run of this.data.runs) {
      if (!this.runs.has(run.id)) this.runs.set(run.id, { given: true, series: new Map(), story: [] });
      const state = this.runs.get(run.id);
      if (state.given) Object.assign(state, { status: run.status, progress: run.progress });
    }
    const wanted = [...ids].sort().join(",");
    if (wanted === this.streamed) return;
    this.streamed = wanted;
    this.openStream();
  }

  // ---------------------------------------------------------------- the stream

  // A browser has six connections per host for all tabs, so only a visible page listens; it continues from its cursors.
  openStream() {
    this.closeStream();
    if (!this.streamed || document.hidden) return;
    const after = [...this.cursors].map(([id, seq]) => `${id}=${seq}`).join(";");
    const source = new EventSource(`${this.data.stream}?runs=${this.streamed}&after=${encodeURIComponent(after)}`);
    source.onopen = () => this.note.classList.remove("shown");
    source.onmessage = (event) => this.hear(event);
    source.addEventListener("end", () => source.close());
    source.onerror = () => {
      this.note.classList.add("shown");
      // The browser reconnects by itself, except after an answer that was no stream (a proxy without its server).
      if (source.readyState === EventSource.CLOSED) this.retry = setTimeout(() => this.openStream(), 3000);
    };
    this.source = source;
  }

  closeStream() {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
    this.note.classList.remove("shown");
  }

  hear(event) {
    const message = JSON.parse(event.data);
    const state = this.runs.get(message.run);
    if (!state) return;
    for (const part of event.lastEventId.split(";")) this.cursors.set(...part.split("="));
    for (const happened of message.events) {
      keepStory(state, happened);
      // Points after this step and all test results are invalid; what follows was measured after it.
      if (happened.kind !== "resumed") continue;
      for (const [name, series] of state.series) series.cut(name.endsWith("/test") ? -1 : happened.step);
    }
    for (const [name, points] of Object.entries(message.points)) {
      if (!state.series.has(name)) state.series.set(name, new Series());
      const series = state.series.get(name);
      for (const [step, value] of points) series.add(step, value);
    }
    const before = state.status;
    const { status, progress, result, reason } = message;
    Object.assign(state, { status, progress, result, reason, given: false });
    if (before && before !== status) this.tellStatus(message.run, status);
    this.schedule();
  }

  tellStatus(id, status) {
    const run = this.data.runs.find((candidate) => candidate.id === id);
    this.spoken.textContent = `${run.title}: ${this.texts[`status.${status}`] ?? status}`;
    if (run.status === status) return; // the page knows it already
    clearTimeout(this.telling);
    // A start changes little on a page, and its rerun would hold up the first points.
    const delay = status === "running" ? 3000 : 150;
    this.telling = setTimeout(() => this.setTriggerValue("status", { run: id, status }), delay);
  }

  // ---------------------------------------------------------------- drawing

  schedule() {
    if (this.waiting) return;
    this.waiting = true;
    const frame = () => {
      this.waiting = false;
      const start = performance.now();
      this.draw();
      // Drawing gets a few hundredths of a core: on a laptop the network trains on the same cores.
      this.rest = Math.min(2000, 24 * (performance.now() - start));
    };
    setTimeout(() => requestAnimationFrame(frame), this.rest);
  }

  draw() {
    for (const card of this.cards) card(this);
    const moving = [...this.runs.values()].some(({ status }) => status === "queued" || status === "running");
    for (const chart of this.charts) if (chart.seen || !moving) chart.draw();
  }

  // The further charts of a panel exist only while they are shown.
  showMore(open) {
    this.open = open;
    localStorage.setItem(MORE, open ? "yes" : "no");
    this.updateCharts();
    if (open) this.charts[1].card.scrollIntoView({ block: "nearest", behavior: "smooth" });
    this.draw();
  }

  updateCharts() {
    const folds = this.data.layout === "panel" && this.data.charts.length > 1;
    const wanted = folds && !this.open ? this.data.charts.slice(0, 1) : this.data.charts;
    this.folds = folds;
    while (this.charts.length > wanted.length) this.charts.pop().remove();
    // Charts that differ only in the run are the same charts: they exist before the run does.
    const places = [...new Set(wanted.flatMap(({ traces }) => traces.map(({ run }) => run)))];
    wanted.forEach((definition, index) => {
      const traces = definition.traces.map((trace) => ({ ...trace, run: places.indexOf(trace.run) }));
      const story = places.indexOf(definition.story);
      const key = JSON.stringify([{ ...definition, traces, story }, this.data.height, this.data.layout, this.texts.steps]);
      const chart = this.charts[index];
      if (chart?.key === key) chart.follow(definition), chart.paint();
      else {
        this.charts[index] = new (definition.matrix.length ? Matrix : Chart)(this, definition, key, index);
        if (chart) this.grid.replaceChild(this.charts[index].card, chart.card), chart.remove();
      }
    });
  }

  leave(turn) {
    if (turn !== this.turn) return;
    this.closeStream();
    document.removeEventListener("visibilitychange", this.onVisibility);
    removeEventListener("pagehide", this.onHide);
    removeEventListener("pageshow", this.onVisibility);
    clearTimeout(this.telling);
    for (const chart of this.charts) chart.remove();
    this.charts = this.cards = [];
    this.root.remove();
    delete this.parent.xferLiveView;
  }

  colour(given) {
    return Array.isArray(given) ? given[this.theme.dark ? 1 : 0] : given;
  }
}
