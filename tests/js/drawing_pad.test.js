import { beforeEach, expect, test, vi } from "vitest";
import mount from "component:drawing_pad";

const texts = { hint: "Draw a digit here", undo: "Undo last stroke", clear: "Clear", label: "Square to draw in" };
let parent, sent, pad;

function show(heard = 0) {
  const leave = mount({ data: { texts, side: 64, heard }, parentElement: parent, setStateValue: (_, value) => sent.push(value) });
  pad = parent.xferDrawingPad;
  pad.canvas.getBoundingClientRect = () => ({ left: 100, top: 50, width: 200, height: 200 });
  return leave;
}

const point = (x, y, more = {}) => ({ button: 0, pointerId: 1, clientX: 100 + 200 * x, clientY: 50 + 200 * y, ...more });

function stroke(...points) {
  pad.begin(point(...points[0]));
  for (const at of points.slice(1)) pad.move(point(...at));
  pad.end(point(0, 0));
}

beforeEach(() => {
  vi.useFakeTimers();
  parent = document.body.appendChild(document.createElement("div"));
  sent = [];
});

test("strokes are points of the square, whatever its size, and one pointer draws at a time", () => {
  show();
  pad.begin(point(0.25, 0.5));
  pad.begin(point(0.9, 0.9, { pointerId: 2 }));
  pad.move(point(0.9, 0.9, { pointerId: 2 }));
  pad.move({ ...point(0, 0), getCoalescedEvents: () => [point(0.5, 0.5), point(0.75, 1)] });
  pad.end(point(0, 0, { pointerId: 2 }));
  expect(pad.strokes).toEqual([[[0.25, 0.5], [0.5, 0.5], [0.75, 1]]]);
  expect(pad.pointer).toBe(1);
  pad.end(point(0, 0));
  pad.begin(point(0, 0, { button: 2 })); // the other mouse button
  expect(pad.strokes).toHaveLength(1);
});

test("undo takes back one stroke, also by the keyboard; clear takes all", () => {
  show();
  expect([pad.hint.hidden, pad.undo.disabled, pad.clear.disabled]).toEqual([false, true, true]);
  for (const x of [0.1, 0.2, 0.3]) stroke([x, x], [x, 0.9]);
  expect([pad.hint.hidden, pad.undo.disabled]).toEqual([true, false]);
  pad.undo.click();
  pad.root.dispatchEvent(new KeyboardEvent("keydown", { key: "z", ctrlKey: true }));
  pad.root.dispatchEvent(new KeyboardEvent("keydown", { key: "z" }));
  expect(pad.strokes).toEqual([[[0.1, 0.1], [0.1, 0.9]]]);
  pad.clear.click();
  expect(pad.strokes).toEqual([]);
  vi.advanceTimersByTime(40);
  expect(sent.at(-1)).toEqual({ turn: 1, pixels: "" });
});

test("what is sent is centred, and as large whatever the size of the drawing", () => {
  show();
  const lines = () => {
    const made = vi.spyOn(document, "createElement");
    const pixels = pad.pixels();
    expect(atob(pixels)).toHaveLength(64 * 64);
    return made.mock.results.at(-1).value.pen.calls.map(([, x, y]) => [x, y].map((value) => Math.round(value)));
  };
  stroke([0.1, 0.1], [0.2, 0.3]);
  const small = lines();
  expect(small).toEqual([[20, 8], [20, 8], [44, 56]]); // three quarters of 64 pixels high, in the middle
  pad.clear.click();
  vi.restoreAllMocks();
  stroke([0, 0], [0.5, 1]);
  expect(lines()).toEqual(small);
});

test("one drawing is sent at a time, and the next once its predictions are there", () => {
  show();
  stroke([0.1, 0.1], [0.2, 0.2]);
  vi.advanceTimersByTime(39);
  expect(sent).toHaveLength(0);
  vi.advanceTimersByTime(1);
  expect(sent.map(({ turn }) => turn)).toEqual([1]);
  stroke([0.3, 0.3], [0.4, 0.4]);
  vi.advanceTimersByTime(500);
  expect(sent).toHaveLength(1);
  expect(pad.root.ariaBusy).toBe("true");
  show(1);
  vi.advanceTimersByTime(40);
  expect(sent.map(({ turn }) => turn)).toEqual([1, 2]);
  show(2);
  expect(pad.root.ariaBusy).toBe("false");
});

test("a drawing that nobody answers is lost after a while", () => {
  show();
  stroke([0.1, 0.1], [0.2, 0.2]);
  vi.advanceTimersByTime(40);
  stroke([0.3, 0.3], [0.4, 0.4]);
  vi.advanceTimersByTime(1499);
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(sent).toHaveLength(2);
});

test("a page that comes back says that its square is empty", () => {
  show(7);
  vi.advanceTimersByTime(1500);
  expect(sent).toEqual([{ turn: 8, pixels: "" }]);
});

test("leaving removes it, but not for a call that a rerun overtook", () => {
  const early = show();
  const late = show();
  stroke([0.1, 0.1], [0.2, 0.2]);
  early();
  expect(parent.xferDrawingPad).toBe(pad);
  late();
  vi.advanceTimersByTime(5000);
  expect([parent.childElementCount, parent.xferDrawingPad, sent]).toEqual([0, undefined, []]);
});
