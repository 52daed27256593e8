import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import mount, * as play from "component:playground";

const SPECIAL = { locale: "en", at: "step {step}", conflict: "{angle}°", picture: "{title}, {domain}, {step}. {values}",
  "role.source": "Source", "role.target": "Target", "status.failed": "failed" };
const TEXTS = new Proxy(SPECIAL, { get: (texts, name) => texts[name] ?? String(name) }); // any other is its own name

const b64 = (values) => btoa(String.fromCharCode(...new Uint8Array(values.buffer ?? Uint8Array.from(values))));
const frame = (step, more = {}) => ({ step, phase: "target", size: 2, boundary: b64([31, 31, 63, 63]), units: [], features: {},
  conflict: null, ...more });
const stage = (more = {}) => ({ stage: "hidden1", frozen: false, size: 2, count: 1, maps: b64([0, 1, 2, 255]),
  weights: b64([9, 255]), ...more });
const run = (more = {}) => ({ id: "a", title: "DANN", colour: ["#111111", "#222222"], dash: "dot", status: "running",
  frozen: [], numbers: [{ label: "right", scalar: "accuracy", percent: true }], ...more });
const domain = (more = {}) => ({ key: "s", title: "Moons", role: "source", points: b64(new Float32Array([0, 0, 1, 1])),
  labels: b64([0, 1]), labelled: b64([1, 0]), ...more });
const data = (more = {}) => ({ runs: [run()], domains: [domain(), domain({ key: "t", role: "target" })], range: [-2, 2, -2, 2],
  classes: ["up", "down"], class_colours: [["#0000ff", "#00ffff"], ["#ff0000", "#ffff00"]],
  colours: { source: ["#000001", "#000001"], target: ["#000002", "#000002"], frozen: ["#000003", "#000003"] },
  frames: "/frames", stream: "/stream", rate: 8, speed: 0, playing: true, joined: false, show: [], plain: false, heard: 0,
  texts: TEXTS, ...more });

let parent, trigger, view;

function show(given = {}) {
  const leave = mount({ data: data(given), parentElement: parent, setTriggerValue: trigger });
  view = parent.xferPlayground;
  return leave;
}

const hear = (frames, id = "a") => view.hearFrames({ data: JSON.stringify({ run: id, frames }) });
const measure = (points, more = {}) =>
  view.hearScalars({ data: JSON.stringify({ run: "a", status: "running", events: [], points, ...more }), lastEventId: "a=5" });
const wait = (milliseconds) => vi.advanceTimersByTime(milliseconds);
const presses = () => trigger.mock.calls.map(([, { kind, value }]) => [kind, value]);
const shown = (index = 0) => view.columns[index].frame?.step;
const hide = (hidden) => {
  vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
  document.dispatchEvent(new Event("visibilitychange"));
};
const press = (key, target = document.body) =>
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));

beforeEach(() => {
  vi.useFakeTimers();
  parent = document.body.appendChild(document.createElement("div"));
  trigger = vi.fn();
});
afterEach(() => parent.xferPlayground?.leave(view.turn));

describe("a frame", () => {
  test("is decoded once, into bytes", () => {
    const features = { s: { points: b64(Int8Array.of(-127, 127)), labels: b64([1]) } };
    const decoded = play.decodeFrame(frame(7, { units: [stage()], features, conflict: [-1, 2, 3] }));
    expect([...decoded.boundary]).toEqual([31, 31, 63, 63]);
    expect([...decoded.units[0].maps]).toEqual([0, 1, 2, 255]);
    expect([...decoded.units[0].weights]).toEqual([9, 255]);
    expect([...decoded.features.get("s").points]).toEqual([-127, 127]);
    expect(decoded.conflict).toEqual([-1, 2, 3]);
    expect(play.decodeFrame(frame(7, { units: [stage({ weights: "" })] })).units).toHaveLength(1);
  });

  test.each([
    null, 5, "x", {}, frame(-1), frame(1.5), frame(null), frame(NaN), frame(1, { size: 3 }), frame(1, { size: 1e9 }),
    frame(1, { size: 0, boundary: "" }), frame(1, { boundary: "???" }), frame(1, { boundary: null }), frame(1, { units: 5 }),
    frame(1, { units: [null] }), frame(1, { units: [stage({ count: 2 })] }), frame(1, { units: [stage({ weights: b64([1]) })] }),
    frame(1, { features: { s: { points: b64([1]), labels: b64([1]) } } }), frame(1, { features: { s: {} } }),
  ])("that is damaged is dropped: %j", (sent) => expect(play.decodeFrame(sent)).toBeNull());

  test("brings numbers of its own", () => {
    expect(play.decodeFrame(frame(7, { distance: 0.25 })).numbers.distance).toBe(0.25);
    for (const distance of [null, "0.5", undefined]) {
      expect(play.decodeFrame(frame(7, { distance })).numbers.distance).toBeUndefined();
    }
  });

  test.each([[[NaN, 1, 1]], [[1, 1]], ["x"], [[null, 1, 1]]])("has no conflict where that is %j", (conflict) => {
    expect(play.decodeFrame(frame(1, { conflict })).conflict).toBeNull();
  });
});

describe("the history", () => {
  const full = (count, every = 10) => {
    const history = new play.History();
    for (let at = 0; at < count; at++) history.add({ step: every * at });
    return history;
  };

  test("is thinned evenly and never longer than its limit, the newest always there", () => {
    for (const count of [300, 301, 302, 599, 601, 5000]) {
      const { frames, newest } = full(count);
      expect(frames.length).toBeLessThanOrEqual(play.MOST_FRAMES);
      expect(frames.length).toBeGreaterThan(play.MOST_FRAMES / 2 - 1);
      expect([frames[0].step, newest.step]).toEqual([0, 10 * (count - 1)]);
      const gaps = frames.slice(1, -1).map(({ step }, at) => step - frames[at].step);
      expect(new Set(gaps).size).toBe(1);
    }
  });

  test("gives the nearest earlier frame, and the next one in a direction", () => {
    const history = full(5);
    expect([-5, 0, 9, 10, 39, 40, 1e6].map((step) => history.nearest(step).step)).toEqual([0, 0, 0, 10, 30, 40, 40]);
    expect([[0, 1], [5, 1], [40, 1], [40, -1], [35, -1], [0, -1]].map((at) => history.neighbour(...at))).toEqual(
      [10, 10, undefined, 30, 30, undefined]);
    expect(new play.History().nearest(3)).toBeUndefined();
  });

  test("forgets what came after a step from which the run went on", () => {
    const history = full(5);
    history.add({ step: 20 });
    expect(history.frames.map(({ step }) => step)).toEqual([0, 10, 20]);
  });
});

describe("the pace", () => {
  const steps = (pace, from, to) => {
    const seen = [];
    for (let now = from; now < to; now += 5) {
      const taken = pace.take(now);
      if (taken) seen.push([taken.step, now]);
    }
    return seen;
  };

  test("shows frames that came together one after the other, over the time until the next come", () => {
    const pace = new play.Pace(2);
    const seen = [0, 500, 1000].flatMap((now) => {
      pace.push([1, 2, 3, 4].map((at) => ({ step: now + at })), now);
      return steps(pace, now, now + 500);
    });
    expect(seen).toHaveLength(12); // none is left out
    const gaps = seen.slice(1).map(([, now], at) => now - seen[at][1]);
    expect(Math.min(...gaps)).toBeGreaterThan(80);
    expect(Math.max(...gaps)).toBeLessThan(170);
  });

  test("evens out frames that come early or late, without falling behind", () => {
    const pace = new play.Pace(8);
    const seen = [];
    for (let at = 0; at < 80; at++) {
      const now = 125 * at + (at % 2 ? 60 : 0);
      const next = 125 * (at + 1) + (at % 2 ? 0 : 60);
      pace.push([{ step: at }], now);
      seen.push(...steps(pace, now, next));
    }
    const gaps = seen.slice(20).map(([, now], at) => now - seen[19 + at][1]);
    expect(Math.min(...gaps)).toBeGreaterThan(80);
    expect(Math.max(...gaps)).toBeLessThan(180);
    expect(seen.at(-1)[1] - 125 * seen.at(-1)[0]).toBeLessThan(130);
  });

  test("is not stretched by a pause", () => {
    const pace = new play.Pace(8);
    pace.push([{ step: 1 }], 0);
    expect(pace.take(0).step).toBe(1);
    pace.push([{ step: 2 }], 60_000);
    expect(pace.gap).toBe(125);
    expect(pace.take(60_000).step).toBe(2);
  });
});

describe("a boundary", () => {
  test("has the class's colour, the stronger the more certain", () => {
    const classes = [[0, 0, 255], [255, 0, 0]];
    const white = [255, 255, 255];
    expect(play.shade(0, classes, white)).toEqual([235, 235, 255]); // 8 % of blue
    expect(play.shade(31, classes, white)).toEqual([153, 153, 255]); // 40 %
    expect(play.shade(32 + 31, classes, white)).toEqual([255, 153, 153]);
    expect(play.shade(7 * 32, classes, white)).toEqual(white); // of a class that there is not
    const bytes = new Uint8Array(play.shades(classes, white).buffer);
    expect([...bytes.slice(4 * 63, 4 * 64)]).toEqual([255, 153, 153, 255]);
    expect(play.rgb("#5780FD")).toEqual([0x57, 0x80, 0xfd]);
    expect(play.rgb("red")).toEqual([128, 128, 128]);
  });

  test("has a line where the class changes, nearer to the less certain cell", () => {
    const top = Uint8Array.of(31, 31, 32 + 31, 32 + 31);
    expect(play.boundaryLines(top, 2, 2)).toEqual([0.5, 1, 1.5, 1]);
    const tilted = play.boundaryLines(Uint8Array.of(0, 0, 63, 63), 2, 2);
    expect(tilted[1]).toBeLessThan(0.6);
    expect(play.boundaryLines(Uint8Array.of(31, 63, 63, 31), 2, 2)).toHaveLength(8); // a saddle has two
    expect(play.boundaryLines(Uint8Array.of(31, 20, 0, 1), 2, 2)).toEqual([]);
    expect(play.boundaryLines(Uint8Array.of(31, 63, 95, 95), 2, 3).length).toBeGreaterThan(4);
  });

  test("is drawn in the colours of the theme", () => {
    show();
    hear([frame(1)]);
    wait(50);
    view.columns[0].drawPlane(document.createElement("canvas").getContext("2d"), 100, view.columns[0].planes[0]);
    const [, { data: pixels }] = view.columns[0].ground.pen.calls.at(-1);
    expect([...pixels.slice(0, 4)]).toEqual([153, 153, 255, 255]);
  });
});

test("points are decoded; those that are no numbers are left out, and a damaged domain has none", () => {
  const points = b64(new Float32Array([1, 2, NaN, 0, 3, 4]));
  const decoded = play.decodeDomain(domain({ points, labels: b64([0, 1, 1]), labelled: b64([0, 1, 1]) }));
  expect([decoded.points, decoded.labels, decoded.labelled]).toEqual([[[1, 2], [3, 4]], [0, 1], [false, true]]);
  expect(play.decodeDomain(domain({ points: "??", labels: null })).points).toEqual([]);
  expect(play.decodeDomain(domain({ points: b64([1, 2, 3, 4, 5]) })).points).toEqual([]);
});

test.each([[1, 0], [0, 90], [-1, 180], [-1.00001, 180]])("gradients of cosine %d stand at %d degrees", (cosine, angle) => {
  expect(play.angleOf(cosine)).toBe(angle);
});

test("units stand in a column per stage, within the width", () => {
  const { side, columns } = play.unitPlaces([{ count: 8 }, { count: 2 }], 300);
  expect(columns.map((places) => places.length)).toEqual([2, 8, 2]);
  expect(Math.max(...columns.flat().map(([x]) => x + side))).toBeLessThanOrEqual(300);
});

describe("while it plays", () => {
  test("frames are shown as they come, with the numbers of their step", () => {
    show();
    measure({ accuracy: [[0, 0.5], [20, 0.75], [40, 0.9]] });
    hear([frame(25)]);
    wait(50);
    expect(shown()).toBe(25);
    expect(view.columns[0].values[0].node.textContent).toBe("75%");
    expect(view.bar.now.textContent).toBe("step 25");
  });

  test("a number can be one of the frame", () => {
    show({ runs: [run({ numbers: [{ label: "distance", scalar: "distance", percent: false, framed: true }] })] });
    const said = () => view.columns[0].values[0].node.textContent;
    expect(said()).toBe("–");
    hear([frame(1, { distance: 0.12345 })]);
    wait(50);
    expect(said()).toBe("0.123");
    hear([frame(2, { distance: 0 })]);
    wait(500);
    expect(said()).toBe("0.000"); // as wide as any other
    hear([frame(3, { distance: null })]);
    wait(500);
    expect([shown(), said()]).toEqual([3, "–"]);
  });

  test("of many frames at once, which are the past, the last is shown", () => {
    show();
    hear(Array.from({ length: 40 }, (_, at) => frame(at)));
    wait(50);
    expect([shown(), view.runs.get("a").history.frames.length]).toEqual([39, 40]);
  });

  test("messages that are damaged, or of another run, change nothing", () => {
    show();
    for (const sent of ["", "{", "null", "5", '{"run":"a"}', '{"run":"a","frames":[null,5,{"step":NaN}]}', '{"run":"b","frames":[]}']) {
      view.hearFrames({ data: sent });
      view.hearScalars({ data: sent, lastEventId: undefined });
    }
    hear([frame(3), frame(4, { boundary: "AA==" })]);
    wait(500);
    expect(shown()).toBe(3);
  });

  test("with less motion there are two pictures a second, and the server is asked for no more", () => {
    globalThis.calm = true;
    show();
    expect(EventSource.opened[0].url).toContain("rate=2");
    const seen = new Set();
    for (let at = 0; at < 40; at++) {
      hear([frame(at)]);
      wait(50);
      seen.add(shown());
    }
    expect(seen.size).toBeGreaterThan(2);
    expect(seen.size).toBeLessThanOrEqual(5);
  });

  test("nothing is drawn while the tab is hidden, and it listens to nothing", () => {
    show();
    hear([frame(1)]);
    wait(50);
    hide(true);
    expect(EventSource.opened.every(({ closed }) => closed)).toBe(true);
    hear([frame(2)]);
    wait(5000);
    expect(shown()).toBe(1);
    hide(false);
    wait(50);
    expect(shown()).toBe(2);
    expect(EventSource.opened).toHaveLength(4);
    expect(EventSource.opened[2].url).toBe(`/frames?runs=a&rate=8&after=${encodeURIComponent("a=2")}`);
  });

  test("another run in the same place has the old picture until it has its own, and the same canvases", () => {
    show();
    hear([frame(9)]);
    wait(50);
    const [canvas] = parent.querySelectorAll("canvas.plane");
    show({ runs: [run({ id: "b" })] });
    expect(shown()).toBe(9);
    expect(parent.querySelector("canvas.plane")).toBe(canvas);
    expect(parent.querySelector("dd").textContent).toBe("–");
    hear([frame(1)], "b");
    wait(50);
    expect(shown()).toBe(1);
    show({ runs: [run({ id: "c" })] });
    wait(1000);
    expect(view.columns[0].frame).toBeNull(); // nobody trains it yet
  });
});

describe("the bar", () => {
  const button = (kind) => parent.querySelector(`button.${kind}`);

  test("plays and pauses at once, and by the space bar", () => {
    show({ playing: false });
    button("play").click();
    expect(button("play").textContent).toBe("pause");
    press(" ");
    press(" ", parent.querySelector("input"));
    expect(presses()).toEqual([["play", null], ["pause", null], ["play", null]]);
    expect(new Set(trigger.mock.calls.map(([, { n }]) => n)).size).toBe(3);
    press(" ", document.body.appendChild(document.createElement("input"))); // typed elsewhere
    press(" ", button("play")); // the browser presses it
    expect(presses()).toHaveLength(3);
  });

  test("goes on for a viewer who is back after it was paused, once, and not if it was held", () => {
    show();
    measure({});
    measure({}, { status: "paused" });
    measure({}, { status: "paused" });
    measure({}, { status: "queued" });
    expect(presses()).toEqual([["play", null]]);
    button("play").click();
    measure({}, { status: "running" });
    measure({}, { status: "paused" });
    expect(presses()).toEqual([["play", null], ["pause", null]]);
  });

  test("a space bar that is held down is one press", () => {
    show({ playing: false });
    press(" ");
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: " ", repeat: true, bubbles: true, cancelable: true }));
    expect(presses()).toEqual([["play", null]]);
  });

  test("keeps its state against an answer that is older than the press", () => {
    show({ playing: false });
    button("play").click();
    show({ playing: false }); // a rerun for another reason
    expect(view.isShownPlaying).toBe(true);
    show({ playing: true, heard: 1 });
    show({ playing: false });
    expect(view.isShownPlaying).toBe(false);
  });

  test("steps by a button, → and a full stop; quick presses are sent together", () => {
    show({ playing: false });
    button("step").click();
    press(".");
    press("ArrowRight");
    expect(presses()).toEqual([["step", 1]]);
    show({ playing: false, heard: 1 });
    expect(presses()).toEqual([["step", 1], ["step", 2]]);
    press(".");
    wait(2100); // the page did not answer
    expect(presses().at(-1)).toEqual(["step", 1]);
  });

  test("resets, and sets the speed", () => {
    show();
    button("reset").click();
    parent.querySelector(".speeds button").click();
    expect(presses()).toEqual([["reset", null], ["speed", 20]]);
    expect(parent.querySelector(".speeds [aria-pressed=true]").textContent).toBe("speed.20");
  });

  test("has only play on a projector", () => {
    show({ plain: true, playing: false });
    expect([...parent.querySelectorAll(".bar > :not([hidden])")]).toEqual([button("play")]);
    press(".");
    expect(presses()).toEqual([]);
  });
});

describe("the slider", () => {
  const slide = (step) => {
    const slider = parent.querySelector("input");
    slider.value = step;
    slider.dispatchEvent(new Event("input"));
    wait(17);
  };

  test("goes back to the nearest earlier frame of every run, with its numbers; play returns to now", () => {
    show({ runs: [run(), run({ id: "b" })] });
    measure({ accuracy: [[0, 0.5], [20, 0.75]] });
    for (const step of [0, 10, 20]) hear([frame(step)]), hear([frame(step + 5)], "b"), wait(200);
    expect(parent.querySelector("input").max).toBe("25");
    slide(12);
    expect([shown(0), shown(1), view.bar.now.textContent]).toEqual([10, 5, "step 12"]);
    expect(view.columns[0].values[0].node.textContent).toBe("50%");
    expect(presses()).toEqual([["pause", null]]); // now does not run away
    hear([frame(30)]);
    wait(200);
    expect(shown()).toBe(10);
    parent.querySelector("button.play").click();
    wait(50);
    expect([shown(), presses().at(-1)]).toEqual([30, ["play", null]]);
  });

  test("goes from frame to frame with arrows", () => {
    show();
    for (const step of [0, 100, 200]) hear([frame(step)]), wait(200);
    for (const [key, step] of [["ArrowLeft", 100], ["ArrowLeft", 0], ["ArrowLeft", 0], ["ArrowRight", 100], ["ArrowRight", 200]]) {
      press(key, parent.querySelector("input"));
      wait(20);
      expect(shown()).toBe(step);
    }
    expect(view.past).toBeNull();
  });

  test("plays what was recorded once more when every run has ended", () => {
    show();
    for (let at = 0; at <= 20; at++) hear([frame(10 * at)]), wait(130);
    measure({}, { status: "finished" });
    wait(20);
    parent.querySelector("button.play").click();
    wait(1500);
    expect(trigger).not.toHaveBeenCalled();
    expect(shown()).toBeGreaterThan(50);
    expect(shown()).toBeLessThan(150);
    wait(2500);
    expect([shown(), view.isShownPlaying]).toEqual([200, false]);
  });
});

describe("its streams", () => {
  const open = () => EventSource.opened.filter(({ closed }) => !closed).length;

  test("are closed when nothing plays and every run has a frame, and opened again by play", () => {
    show({ playing: false });
    expect(open()).toBe(2);
    wait(5000);
    expect(open()).toBe(2); // no frame yet
    hear([frame(0)]);
    wait(5000);
    expect(open()).toBe(0);
    parent.querySelector("button.play").click();
    expect(open()).toBe(2);
    wait(60_000);
    expect(open()).toBe(2);
  });

  test("are closed when every run has ended", () => {
    show();
    hear([frame(0)]);
    measure({}, { status: "finished" });
    wait(5000);
    expect(open()).toBe(0);
  });

  test("are opened again after an answer that was no stream", () => {
    show();
    EventSource.opened[0].readyState = EventSource.CLOSED;
    EventSource.opened[0].onerror();
    expect(view.note.className).toBe("note shown");
    wait(3100);
    expect([open(), EventSource.opened.length]).toEqual([2, 4]);
  });
});

test("the points of a scalar are thinned where there are many, the last one stays", () => {
  show();
  measure({ accuracy: Array.from({ length: play.MOST_POINTS }, (_, at) => [at, at]) });
  const { series } = view.runs.get("a");
  expect(series.get("accuracy").x).toHaveLength(play.MOST_POINTS);
  measure({ accuracy: [[9000, 1], [9001, 2]] });
  expect(series.get("accuracy").x).toHaveLength(play.MOST_POINTS / 2 + 2);
  expect([series.get("accuracy").x.at(-1), play.valueAt(series.get("accuracy"), 9500)]).toEqual([9001, 2]);
});

test("further pictures are there when they are wanted, with all stages, features and arrows", () => {
  show({ show: ["layers", "features", "conflict"] });
  const features = { s: { points: b64(Int8Array.of(-127, 127)), labels: b64([1]) } };
  hear([frame(3, { units: [stage({ frozen: true })], features, conflict: [0, 1, 1] })]);
  wait(50);
  for (const picture of view.columns[0].pictures) {
    Object.assign(picture, { width: 200, height: 200, sharp: 1 });
    picture.draw();
    expect(picture.isDirty).toBe(false);
  }
  const conflict = () => parent.querySelector(".conflict");
  expect([conflict().textContent, conflict().querySelector("canvas").hidden]).toEqual(["90°", false]);
  hear([frame(4)]);
  wait(500);
  expect([conflict().textContent, conflict().querySelector("canvas").hidden]).toEqual(["conflict.none", true]);
  show({ show: [] });
  expect(conflict().hidden).toBe(true);
  expect(parent.querySelectorAll("section")).toHaveLength(0);
});

test("source and target in one picture", () => {
  show({ joined: true });
  expect(parent.querySelectorAll("canvas.plane")).toHaveLength(1);
  expect(parent.querySelector("figcaption").textContent).toBe("Source + Target");
});

test("a picture says what is seen, at most every two seconds", () => {
  show();
  measure({ accuracy: [[0, 0.5]] });
  hear([frame(1)]);
  wait(2100);
  const said = () => parent.querySelector("canvas.plane").getAttribute("aria-label");
  expect(said()).toBe("DANN, Source, step 1. right: 50%");
  hear([frame(2)]);
  wait(300);
  expect(said()).toContain("step 1");
  wait(2100);
  expect(said()).toContain("step 2");
});

test("names are text, not markup", () => {
  show({ runs: [run({ title: "<img src=x>" })], classes: ["<b>up</b>", "down"] });
  expect(parent.querySelector("h3 img")).toBeNull();
  expect(parent.querySelector(".legend b")).toBeNull();
});

test("nothing is left when it goes away; a call that a rerun overtook takes nothing away", () => {
  const early = show();
  const late = show();
  early();
  expect(parent.xferPlayground).toBe(view);
  hear([frame(1)]);
  late();
  expect(parent.childElementCount).toBe(0);
  expect(EventSource.opened.every(({ closed }) => closed)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  press(" ");
  expect(trigger).not.toHaveBeenCalled();
});

describe("arrangement", () => {
  const place = (more = {}) =>
    play.arrange({ runs: 3, pictures: 2, sections: 0, numbers: 2, width: 740, height: 600, rem: 14, plain: false, ...more });
  const heightOf = ({ across, side }, { pictures = 2, plain = false } = {}) =>
    Math.ceil(pictures / across) * (side + (plain ? 2.2 : 1.5) * 14);

  test.each([1, 2, 3, 4])("on a projector %i strategies stand side by side and their pictures in the first view", (runs) => {
    const found = place({ runs });
    expect(found.columns).toBe(runs);
    expect(found.side).toBeGreaterThanOrEqual(140);
    expect(heightOf(found)).toBeLessThan(600 - 7 * 14);
  });

  test("layers leave the numbers in the first view", () => {
    const found = place({ sections: 1 });
    expect(found.columns).toBe(3);
    expect(heightOf(found)).toBeLessThan(400);
  });

  test("source and target stand side by side where below each other they are hardly larger", () => {
    expect(place({ width: 1060 }).across).toBe(1);
    expect(place({ width: 1060, height: 450 }).across).toBe(2);
  });

  test("what the layers see stands beside the pictures of one strategy", () => {
    expect(place({ runs: 1, sections: 1, width: 1060 })).toMatchObject({ columns: 1, aside: true });
    expect(place({ runs: 2, sections: 1, width: 1060 }).aside).toBe(false);
  });

  test("without words the pictures are larger", () => {
    expect(place({ plain: true, runs: 1, height: 400 }).side).toBeGreaterThan(place({ runs: 1, height: 400 }).side);
  });

  test("on a phone one strategy is under the other, and fills the width", () => {
    expect(place({ width: 320, pictures: 3 })).toEqual({ columns: 1, across: 2, side: undefined, aside: false });
  });

  test("four domains of four strategies have a place", () => {
    const { columns, across, side } = place({ runs: 4, pictures: 4, numbers: 4 });
    expect([columns, across]).toEqual([2, 4]);
    expect(side).toBeGreaterThan(70);
  });

  test("no picture of four stands by itself in a row", () => {
    for (let width = 460; width < 1600; width += 20) expect(place({ width, runs: 2, pictures: 4 }).across).not.toBe(3);
  });

  test("targets are numbered where there are several", () => {
    show({ domains: [domain(), domain({ key: "t", role: "target" }), domain({ key: "u", role: "target" })] });
    expect(view.columns[0].planes.map(({ figure }) => figure.textContent)).toEqual(["Source", "Target 1", "Target 2"]);
  });

  test("the pictures get the size", () => {
    show();
    expect(view.grid.style.getPropertyValue("--columns")).toBe("1");
    expect(view.grid.style.getPropertyValue("--side")).toMatch(/^(1fr|\d+px)$/);
  });
});
