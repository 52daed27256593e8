// The drawing pad. view.py defines `data` and what is sent back: a small grey image, while the pen moves.

const PEN = 0.085; // thickness of a stroke on the screen, in sides of the square
const THICK = 0.16; // and in what is sent, in lengths of the drawing's longer side: as in the digits that we learn from
const SPAN = 0.75; // of the sent picture, taken by the longer side of the drawing
const SHARP = 512; // pixels of the canvas a side, whatever its size on the screen
const PAUSE = 40; // milliseconds of movement that are sent as one
const PATIENCE = 1500; // milliseconds after which an unanswered drawing counts as lost

export default function ({ data, parentElement, setStateValue }) {
  const pad = (parentElement.xferDrawingPad ??= new DrawingPad(parentElement));
  const turn = pad.update(data, setStateValue);
  // Streamlit calls this when the component goes away, but also for a call that a rerun overtook.
  return () => pad.leave(turn);
}

class DrawingPad {
  constructor(parent) {
    this.parent = parent;
    this.strokes = []; // lists of [x, y] in 0…1
    this.turn = 0;
    this.sent = this.heard = 0; // turns of pictures
    this.root = parent.appendChild(document.createElement("div"));
    this.root.className = "xfer-draw";
    this.root.innerHTML = `<div class="square"><canvas width="${SHARP}" height="${SHARP}" role="img" tabindex="0">
      </canvas><div class="hint"></div></div><div class="buttons"><button type="button"></button>
      <button type="button"></button></div>`;
    this.canvas = this.root.querySelector("canvas");
    this.hint = this.root.querySelector(".hint");
    [this.undo, this.clear] = this.root.querySelectorAll("button");
    this.undo.onclick = () => this.keep(this.strokes.slice(0, -1));
    this.clear.onclick = () => this.keep([]);
    this.root.onkeydown = (event) => {
      if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || !this.strokes.length) return;
      event.preventDefault();
      this.undo.click();
    };
    this.canvas.onpointerdown = (event) => this.begin(event);
    this.canvas.onpointermove = (event) => this.move(event);
    this.canvas.onpointerup = this.canvas.onpointercancel = (event) => this.end(event);
    this.paint();
  }

  update(data, setStateValue) {
    Object.assign(this, { data, setStateValue });
    this.hint.textContent = data.texts.hint;
    this.undo.textContent = data.texts.undo;
    this.clear.textContent = data.texts.clear;
    this.canvas.setAttribute("aria-label", data.texts.label);
    this.heard = data.heard;
    if (!this.turn && this.heard) {
      this.sent = this.heard; // a page comes back to the square of before: this one is empty, and the page must hear it
      this.dirty = true;
    }
    this.stopTimer();
    if (this.dirty) this.schedule();
    else this.root.ariaBusy = this.sent > this.heard;
    return ++this.turn;
  }

  leave(turn) {
    if (turn !== this.turn) return;
    this.stopTimer();
    this.root.remove();
    delete this.parent.xferDrawingPad;
  }

  // ---------------------------------------------------------------- drawing

  begin(event) {
    if (event.button || this.pointer !== undefined) return; // a second finger, or a hand beside the pen
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([]);
    this.add(event);
  }

  move(event) {
    if (event.pointerId === this.pointer) this.add(event);
  }

  end(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = undefined;
    this.changed();
  }

  add(event) {
    const box = this.canvas.getBoundingClientRect();
    const between = event.getCoalescedEvents?.() ?? [];
    for (const { clientX, clientY } of between.length ? between : [event]) {
      this.strokes.at(-1).push([(clientX - box.left) / box.width, (clientY - box.top) / box.height]);
    }
    this.changed();
  }

  keep(strokes) {
    this.strokes = strokes;
    this.changed();
  }

  changed() {
    this.paint();
    this.dirty = true;
    this.root.ariaBusy = true;
    this.schedule();
  }

  paint() {
    draw(this.canvas, this.strokes, ([x, y]) => [x * SHARP, y * SHARP], PEN * SHARP);
    this.hint.hidden = this.strokes.length > 0;
    this.undo.disabled = this.clear.disabled = !this.strokes.length;
  }

  // ---------------------------------------------------------------- sending

  // One drawing is sent at a time: the next waits for the predictions of the last. These call update(), which sends
  // what was drawn since.
  schedule() {
    if (this.timer) return;
    const waiting = this.sent > this.heard ? this.sentAt + PATIENCE - performance.now() : 0;
    this.timer = setTimeout(() => this.send(), Math.max(PAUSE, waiting));
  }

  stopTimer() {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  send() {
    this.stopTimer();
    this.dirty = false;
    this.sentAt = performance.now();
    this.sent += 1;
    const pixels = this.strokes.length ? this.pixels() : "";
    this.setStateValue("drawing", { turn: this.sent, pixels });
  }

  // The drawing is redrawn for sending in one size and with one pen; otherwise small drawings would have thick strokes.
  pixels() {
    const { side } = this.data;
    const points = this.strokes.flat();
    const [left, right] = range(points.map(([x]) => x));
    const [top, bottom] = range(points.map(([, y]) => y));
    const longest = Math.max(right - left, bottom - top, 0.02); // a dot remains a dot
    const scale = (SPAN * side) / longest;
    const place = ([x, y]) => [side / 2 + (x - (left + right) / 2) * scale, side / 2 + (y - (top + bottom) / 2) * scale];
    const small = document.createElement("canvas");
    small.width = small.height = side;
    draw(small, this.strokes, place, THICK * SPAN * side);
    const { data } = small.getContext("2d").getImageData(0, 0, side, side);
    return btoa(String.fromCharCode(...Array.from({ length: side * side }, (_, i) => data[4 * i])));
  }
}

function draw(canvas, strokes, place, thickness) {
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "black"; // white on black whatever the theme, as the networks know it
  pen.fillRect(0, 0, canvas.width, canvas.height);
  Object.assign(pen, { strokeStyle: "white", lineWidth: thickness, lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
    pen.beginPath();
    pen.moveTo(...place(stroke[0]));
    for (const point of stroke) pen.lineTo(...place(point));
    pen.stroke();
  }
}

function range(values) {
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}
