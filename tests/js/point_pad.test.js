import { beforeEach, expect, test, vi } from "vitest";
import mount from "component:point_pad";

const texts = new Proxy({ at: "{x}|{y}", count: "{count}/{most}", label: "{domain} {count}" },
  { get: (known, name) => known[name] ?? String(name) }); // any other is its own name
const colours = [["#0000ff", "#00ffff"], ["#ff0000", "#ffff00"], ["#00ff00", "#008800"]];
let parent, sent, pad;

function show(more = {}) {
  const data = { drawn: { source: [[-1, 0, 0], [1, 0, 1]], target: [] }, classes: ["a", "b", "c"], class_colours: colours,
    edge: 2, most: 6, texts, ...more };
  const leave = mount({ data, parentElement: parent, setStateValue: (_, value) => sent.push(value) });
  pad = parent.xferPointPad;
  pad.canvas.getBoundingClientRect = () => ({ left: 100, top: 50, width: 200, height: 200 });
  return leave;
}

const at = (x, y, more = {}) => ({ button: 0, pointerId: 1, clientX: 200 + 50 * x, clientY: 150 - 50 * y, ...more });
function stroke(...points) {
  pad.begin(at(...points[0]));
  for (const point of points.slice(1)) pad.move(at(...point));
  pad.end(at(0, 0));
}
const press = (key, more = {}, target = pad.canvas) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event.defaultPrevented;
};

beforeEach(() => {
  vi.useFakeTimers();
  parent = document.body.appendChild(document.createElement("div"));
  sent = [];
});

test("a stroke sets points apart, in units of the plane, and is sent once it is over", () => {
  show();
  pad.begin(at(0, 1));
  pad.move({ ...at(0, 0), getCoalescedEvents: () => [at(0.1, 1), at(0.5, 1), at(2.5, 1)] });
  pad.move(at(1, 1, { pointerId: 2 }));
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([]);
  pad.end(at(0, 0));
  vi.advanceTimersByTime(350);
  expect(sent).toEqual([{ source: [[-1, 0, 0], [1, 0, 1], [0, 1, 0], [0.5, 1, 0]], target: [] }]);
  show(); // the page answers: nothing is sent again, and nothing is lost
  vi.advanceTimersByTime(1000);
  expect(sent).toHaveLength(1);
  expect(pad.points.source).toHaveLength(4);
});

test("a drawing is full at its limit, and says so", () => {
  show();
  for (const y of [-1.5, -1, 0.5, 1, 1.5]) stroke([0, y]);
  expect(pad.points.source).toHaveLength(6);
  expect(pad.note.textContent).toBe("full");
});

test("a pen is there once the classes before it have points, and classes have no gaps", () => {
  show();
  expect(pad.classes.map(({ disabled }) => disabled)).toEqual([false, false, false]);
  pad.classes[2].click();
  stroke([0, 1]);
  pad.eraser.click();
  stroke([1, 0.1]);
  expect(pad.points.source).toEqual([[-1, 0, 0], [0, 1, 1]]);
  pad.clear.click();
  expect(pad.classes.map(({ disabled }) => disabled)).toEqual([false, true, true]);
  expect([pad.pen, pad.eraser.disabled, pad.clear.disabled, pad.note.textContent]).toEqual([0, true, true, "few"]);
});

test("undo goes back by strokes, also by the keyboard, and what changed nothing does not count", () => {
  show();
  expect(pad.undo.disabled).toBe(true);
  stroke([0, 1], [0, -1]);
  pad.eraser.click();
  stroke([1.9, 1.9]); // nothing is there
  pad.clear.click();
  pad.undo.click();
  expect(pad.points.source).toHaveLength(4);
  press("z", { ctrlKey: true }, pad.undo);
  expect(pad.points.source).toEqual([[-1, 0, 0], [1, 0, 1]]);
  expect(pad.undo.disabled).toBe(true);
});

test("the target is drawn beside the source, which stays", () => {
  show();
  pad.domains[1].click();
  expect(pad.domains.map((button) => button.getAttribute("aria-pressed"))).toEqual(["false", "true"]);
  expect(pad.note.textContent).toBe("same");
  stroke([0, 0]);
  expect(pad.note.textContent).toBe("few");
  expect(pad.canvas.getAttribute("aria-label")).toBe("target 1");
  expect(pad.points).toEqual({ source: [[-1, 0, 0], [1, 0, 1]], target: [[0, 0, 0]] });
});

test("the keyboard moves a crosshair, sets and removes points, and chooses a class", () => {
  show();
  const outside = vi.fn();
  document.addEventListener("keydown", outside);
  for (const key of ["ArrowRight", "ArrowUp"]) expect(press(key)).toBe(true);
  press("ArrowUp", { shiftKey: true });
  press("2");
  press("Enter");
  expect(outside).not.toHaveBeenCalled(); // the playground steps at an arrow key
  expect(pad.points.source.at(-1)).toEqual([0.1, 0.6, 1]);
  expect(pad.note.textContent).toBe("0.1|0.6 · 3/6");
  press("Delete");
  expect(pad.points.source).toHaveLength(2);
  for (let i = 0; i < 9; i++) press("ArrowLeft", { shiftKey: true });
  expect(pad.cross).toEqual([-2, 0.6]);
  expect(press("Tab")).toBe(false);
  expect(press("ArrowLeft", {}, pad.undo)).toBe(false);
  document.removeEventListener("keydown", outside);
});

test("leaving removes it, but not for a call that a rerun overtook", () => {
  const early = show();
  const late = show();
  stroke([0, 1]);
  early();
  expect(parent.xferPointPad).toBe(pad);
  late();
  vi.advanceTimersByTime(5000);
  expect([parent.childElementCount, parent.xferPointPad, sent]).toEqual([0, undefined, []]);
});
