// The pad for points. view.py defines `data` and what is sent back: [x, y, class] of each point of both domains, a
// moment after the last change.

const SHARP = 560; // pixels of the canvas a side, whatever its size on the screen
const RADIUS = 11; // of a point, in these pixels
const APART = 0.22; // of two points of one stroke, in units of the plane
const REACH = 0.16; // of the eraser
const STEP = [0.1, 0.5]; // of the crosshair by an arrow key; with Shift
const PAUSE = 350; // milliseconds without a change before it is sent: every drawing starts all runs anew
const MOST_UNDONE = 100;

export default function ({ data, parentElement, setStateValue }) {
  const pad = (parentElement.xferPointPad ??= new PointPad(parentElement, data));
  const turn = pad.update(data, setStateValue);
  // Streamlit calls this when the component goes away, but also for a call that a rerun overtook.
  return () => pad.leave(turn);
}

class PointPad {
  constructor(parent, data) {
    this.parent = parent;
    this.turn = 0;
    this.points = structuredClone(data.drawn); // {source, target}: lists of [x, y, class]
    this.undone = []; // states of before, the latest last
    this.domain = "source";
    this.pen = 0; // class, or "eraser"
    this.cross = null; // where the keyboard draws
    this.root = add(parent, "div", "xfer-points");
    this.switches = this.addRow();
    this.domains = Object.keys(data.drawn).map((name) => this.addButton(this.switches, () => this.setDomain(name), name));
    this.canvas = add(this.root, "canvas", "plane");
    Object.assign(this.canvas, { width: SHARP, height: SHARP, tabIndex: 0 });
    this.canvas.setAttribute("role", "application"); // arrow keys reach it through a screen reader
    this.pens = this.addRow();
    this.classes = data.classes.map((_, label) => this.addButton(this.pens, () => this.setPen(label)));
    const row = this.addRow();
    this.eraser = this.addButton(row, () => this.setPen("eraser"));
    this.undo = this.addButton(row, () => this.goBack());
    this.clear = this.addButton(row, () => this.change(() => []));
    this.note = add(this.root, "div", "note");
    this.note.setAttribute("role", "status");
    this.canvas.onpointerdown = (event) => this.begin(event);
    this.canvas.onpointermove = (event) => this.move(event);
    this.canvas.onpointerup = this.canvas.onpointercancel = (event) => this.end(event);
    this.canvas.onblur = () => this.setCross(null);
    this.root.onkeydown = (event) => this.key(event);
  }

  addRow() {
    return add(this.root, "div", "row");
  }

  addButton(parent, press, name = "") {
    const button = add(parent, "button");
    Object.assign(button, { type: "button", name, onclick: press });
    return button;
  }

  update(data, setStateValue) {
    Object.assign(this, { data, setStateValue, texts: data.texts });
    const theme = readTheme(this.root);
    const classes = data.class_colours.map(([light, dark]) => (theme.dark ? dark : light));
    const key = JSON.stringify([theme.key, classes, data.texts]);
    if (key !== this.lookKey) {
      this.lookKey = key;
      this.look = { ...theme, classes, paper: theme.background };
      this.write();
    }
    this.paint();
    return ++this.turn;
  }

  leave(turn) {
    if (turn !== this.turn) return;
    clearTimeout(this.timer);
    this.root.remove();
    delete this.parent.xferPointPad;
  }

  write() {
    const { texts, data } = this;
    for (const group of [this.switches, this.pens]) group.setAttribute("role", "group");
    this.switches.setAttribute("aria-label", texts.domain);
    this.pens.setAttribute("aria-label", texts.pens);
    for (const button of this.domains) say(button, texts[button.name]);
    this.classes.forEach((button, label) => {
      button.replaceChildren();
      addMark(button, label, "filled", this.look);
      add(button, "span", "", data.classes[label]);
      button.setAttribute("aria-label", fill(texts.pen, { name: data.classes[label] }));
    });
    say(this.eraser, texts.eraser);
    say(this.undo, texts.undo);
    say(this.clear, texts.clear);
  }

  // ---------------------------------------------------------------- choosing

  setDomain(name) {
    this.domain = name;
    this.pen = 0;
    this.paint();
  }

  setPen(pen) {
    this.pen = pen;
    this.paint();
  }

  setCross(cross) {
    this.cross = cross;
    this.paint();
  }

  // ---------------------------------------------------------------- drawing

  begin(event) {
    if (event.button || this.pointer !== undefined) return; // a second finger, or a hand beside the pen
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.keepBefore();
    this.last = null;
    this.cross = null;
    this.follow(event);
  }

  move(event) {
    if (event.pointerId === this.pointer) this.follow(event);
  }

  end(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = undefined;
    this.changed();
  }

  follow(event) {
    const box = this.canvas.getBoundingClientRect();
    const { edge } = this.data;
    const between = event.getCoalescedEvents?.() ?? [];
    for (const { clientX, clientY } of between.length ? between : [event]) {
      const x = ((clientX - box.left) / box.width) * 2 * edge - edge;
      const y = edge - ((clientY - box.top) / box.height) * 2 * edge;
      this.touch(x, y);
    }
    this.paint();
  }

  // The pen, or the eraser, at a place.
  touch(x, y) {
    const { edge, most } = this.data;
    const near = ([a, b], reach) => Math.hypot(a - x, b - y) < reach;
    if (this.pen === "eraser") {
      this.points[this.domain] = this.points[this.domain].filter((point) => !near(point, REACH));
    } else if (Math.abs(x) <= edge && Math.abs(y) <= edge && !(this.last && near(this.last, APART))) {
      this.isFull = this.points[this.domain].length >= most;
      if (!this.isFull) this.points[this.domain].push([round(x), round(y), this.pen]);
      this.last = [x, y];
    }
  }

  key(event) {
    const { key } = event;
    if (key === "z" && (event.ctrlKey || event.metaKey)) this.goBack();
    else if (event.target !== this.canvas || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (key.startsWith("Arrow")) this.moveCross(key, STEP[Number(event.shiftKey)]);
    else if (key === "Enter" || key === " ") this.touchCross(this.pen);
    else if (key === "Delete" || key === "Backspace") this.touchCross("eraser");
    else if (this.classes[key - 1] && !this.classes[key - 1].disabled) this.setPen(key - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  moveCross(key, step) {
    const { edge } = this.data;
    const [right, up] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
    const keep = (value) => round(Math.min(Math.max(value, -edge), edge));
    const [x, y] = this.cross ?? [0, 0];
    this.setCross([keep(x + step * right), keep(y + step * up)]);
  }

  touchCross(pen) {
    const chosen = this.pen;
    this.keepBefore();
    this.cross ??= [0, 0];
    Object.assign(this, { pen, last: null });
    this.touch(...this.cross);
    this.pen = chosen;
    this.changed();
  }

  // ---------------------------------------------------------------- changes

  keepBefore() {
    this.undone = [...this.undone, structuredClone(this.points)].slice(-MOST_UNDONE);
  }

  change(made) {
    this.keepBefore();
    this.points[this.domain] = made();
    this.changed();
  }

  goBack() {
    if (!this.undone.length) return;
    this.points = this.undone.pop();
    this.changed();
  }

  // Classes are without gaps: where the last point of one goes, the later ones move up.
  changed() {
    const before = this.undone.at(-1);
    const points = this.points[this.domain];
    const used = [...new Set(points.map(([, , label]) => label))].sort();
    this.points[this.domain] = points.map(([x, y, label]) => [x, y, used.indexOf(label)]);
    if (before && JSON.stringify(before) === JSON.stringify(this.points)) this.undone.pop(); // nothing was changed
    else {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), PAUSE);
    }
    this.paint();
  }

  send() {
    if (this.pointer !== undefined) return; // the end of this stroke sends it
    this.setStateValue("drawing", structuredClone(this.points));
  }

  // ---------------------------------------------------------------- what is shown

  paint() {
    const { look, data, texts, points } = this;
    if (!look) return;
    const pen = this.canvas.getContext("2d");
    const own = points[this.domain];
    const kinds = new Set(own.map(([, , label]) => label)).size;
    if (this.pen !== "eraser") this.pen = Math.min(this.pen, kinds);
    pen.fillStyle = look.background;
    pen.fillRect(0, 0, SHARP, SHARP);
    this.paintLines(pen, [0, 0], look.border);
    pen.globalAlpha = 0.25; // the other domain, to be seen and not to be mistaken
    this.paintPoints(pen, points[this.domain === "source" ? "target" : "source"]);
    pen.globalAlpha = 1;
    this.paintPoints(pen, own);
    if (this.cross) this.paintLines(pen, this.cross, look.text);

    for (const button of this.domains) button.setAttribute("aria-pressed", button.name === this.domain);
    this.classes.forEach((button, label) => {
      button.setAttribute("aria-pressed", label === this.pen);
      button.disabled = label > kinds;
    });
    this.eraser.setAttribute("aria-pressed", this.pen === "eraser");
    this.eraser.disabled = this.clear.disabled = !own.length;
    if (this.eraser.disabled && this.pen === "eraser") this.setPen(0);
    this.undo.disabled = !this.undone.length;
    const values = { count: own.length, most: data.most, domain: texts[this.domain] };
    this.canvas.setAttribute("aria-label", fill(texts.label, values));
    const state = this.isFull && own.length >= data.most ? texts.full
      : !own.length && this.domain === "target" ? texts.same
      : kinds < 2 ? texts.few : fill(texts.count, values);
    const place = this.cross && fill(texts.at, { x: this.cross[0], y: this.cross[1] });
    say(this.note, place ? `${place} · ${state}` : state);
  }

  paintPoints(pen, points) {
    const radii = { filled: RADIUS };
    drawPoints(pen, points.map(([, , label]) => label), (at) => this.pixels(points[at]), () => "filled", radii, this.look);
  }

  paintLines(pen, place, colour) {
    const [x, y] = this.pixels(place);
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, SHARP);
    pen.moveTo(0, y);
    pen.lineTo(SHARP, y);
    pen.strokeStyle = colour;
    pen.lineWidth = 2;
    pen.stroke();
  }

  pixels([x, y]) {
    const { edge } = this.data;
    return [((x + edge) / (2 * edge)) * SHARP, ((edge - y) / (2 * edge)) * SHARP];
  }
}

function round(value) {
  return Math.round(value * 1000) / 1000;
}
