import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import mount, * as live from "component:live_chart";

const TEXTS = {
  locale: "en", steps: "step", more: "More curves", whole_run: "whole run", log: "logarithmic", progress: "Progress",
  reconnecting: "Reconnecting…", step: "step {step} of {steps}", features: "Computing: {done} of {total}", left: "{time} left", speed: "{count} samples/s",
  threads: "threads: {count}", rate: "learning rate {rate}", of: "of 100", number: "right while learning",
  final: "right in the final test", "status.running": "running", "status.finished": "finished",
  "phase.adapt": "Adapt", "set.lr": "learning rate",
};
const BLACK_OR_BLUE = ["#000000", "#0000ff"];

const run = (more = {}) => ({
  id: "a", title: "Transfer", colour: "#111111", dash: "solid", number_scalar: "accuracy", final_scalar: "accuracy/test",
  status: "running", progress: { step: 0, steps: 40 }, reason: "", caveat: "", ...more,
});
const chart = (more = {}) => ({
  title: "Accuracy", y_title: "accuracy", y_range: null, percent: true, lines: [], step_shape: false, log: false,
  story: "", empty_text: "nothing yet", alt: "", matrix: [],
  traces: [{ run: "a", scalar: "accuracy", label: "target", colour: BLACK_OR_BLUE, dash: "dot", width: 3 }], ...more,
});
const data = (more = {}) => ({
  runs: [run()], charts: [chart()], layout: "panel", texts: TEXTS, height: 300, plotly: "plotly.js", stream: "/live/stream",
  answers: null, ...more,
});
const message = (more = {}) => ({ run: "a", status: "running", progress: { step: 2, steps: 40 }, result: null, reason: null,
  events: [], points: {}, ...more });

let parent, trigger, view;

function show(given = {}) {
  const leave = mount({ data: data(given), parentElement: parent, setTriggerValue: trigger });
  view = parent.xferLiveView;
  return leave;
}

const hear = (more, cursor = "a=1") => view.hear({ data: JSON.stringify(message(more)), lastEventId: cursor });
const text = (selector) => parent.querySelector(selector)?.textContent;
const texts = (selector) => [...parent.querySelectorAll(selector)].map((node) => node.textContent);
const made = () => view.making; // once it is, the charts exist

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "requestAnimationFrame"], shouldAdvanceTime: true });
  parent = document.body.appendChild(document.createElement("div"));
  trigger = vi.fn();
});

afterEach(() => parent.xferLiveView?.leave(view.turn));

describe("a series", () => {
  test("keeps its points in order of steps, the last value of each", () => {
    const series = new live.Series();
    for (const [step, value] of [[1, 10], [3, 30], [2, 20], [3, 31], [5, null]]) series.add(step, value);
    expect(series.x).toEqual([1, 2, 3, 5]);
    expect(series.y).toEqual([10, 20, 31, null]);
    expect(series.edition).toBe(2); // only what was not appended makes a new edition
  });

  test("is cut after a step", () => {
    const series = new live.Series();
    for (const step of [1, 2, 3]) series.add(step, step);
    series.cut(3);
    expect([series.x, series.edition]).toEqual([[1, 2, 3], 0]);
    series.cut(1);
    expect([series.x, series.y, series.edition]).toEqual([[1], [1], 1]);
    series.cut(-1);
    expect(series.x).toEqual([]);
  });
});

test.each([[1, 1], [3, 5], [10, 10], [101, 200], [600, 1000]])("%d is rounded up to %d", (value, round) => {
  expect(live.roundUp(value)).toBe(round);
});

test.each([[0, "0:00"], [59.6, "1:00"], [3599, "59:59"], [3723, "1:02:03"], [-4, "0:00"]])("%d s are %s", (seconds, words) => {
  expect(live.clock(seconds)).toBe(words);
});

test("text is not markup for Plotly, a template is filled, a layout takes dotted entries", () => {
  expect(live.plotlyText("a<b> & c")).toBe("a&lt;b&gt; &amp; c");
  expect(live.fill("{a} of {b}, {a}", { a: 1, b: 2 })).toBe("1 of 2, 1");
  expect(live.nested({ font: { size: 1 } }, { "font.color": "red", "x.y.z": 2 })).toEqual(
    { font: { size: 1, color: "red" }, x: { y: { z: 2 } } });
});

describe("the story of a run", () => {
  const number = (value) => String(value);
  const set = (step, value, time, name = "lr") => ({ kind: "set", step, time, details: { name, value } });
  const phase = (step, name) => ({ kind: "phase", step, details: { name }, time: 0 });
  const two = { phases: ["pretrain", "adapt"], steps: 100 };

  test("has phases that end where the run said, or where the next began", () => {
    expect(live.phasesOf({ progress: { ...two, phase_ends: [30, 100] }, story: [] })).toEqual(
      [{ from: 0, to: 30, name: "pretrain" }, { from: 30, to: 100, name: "adapt" }]);
    expect(live.phasesOf({ progress: two, story: [phase(0, "pretrain"), phase(40, "adapt")] })).toEqual(
      [{ from: 0, to: 40, name: "pretrain" }, { from: 40, to: 100, name: "adapt" }]);
    expect(live.phasesOf({ progress: { phases: ["train"], steps: 9 }, story: [] })).toEqual([]);
    expect(live.phasesOf({ progress: null, story: [] })).toEqual([]);
  });

  test("shows one mark for the drag of a slider, and one for each setting", () => {
    const story = [set(5, 0.1, 10), set(6, 0.2, 11), set(7, 0.3, 14), set(8, 1, 14.5, "lambda/digit")];
    expect(live.marksOf({ story }, TEXTS, number).map(({ step, label }) => [step, label])).toEqual(
      [[6, "learning rate → 0.2"], [7, "learning rate → 0.3"], [8, "λ digit → 1"]]);
  });

  test("forgets phases after the step at which a run was resumed, but no change by hand", () => {
    const state = { story: [] };
    for (const happened of [phase(0, "pretrain"), set(3, 1, 0), phase(20, "adapt"), { kind: "evaluated", step: 1 }])
      live.keepStory(state, happened);
    live.keepStory(state, { kind: "resumed", step: 2 });
    expect(state.story.map(({ kind, step }) => [kind, step])).toEqual([["phase", 0], ["set", 3]]);
  });

  test("is drawn within the axis, with a title where it fits", () => {
    const state = { progress: { ...two, phase_ends: [30, 100] }, story: [set(28, 0.5, 0)] };
    const drawn = (span, width) => live.drawStory(state, { texts: TEXTS, number, theme: {} }, span, width);
    const wide = drawn(100, 1000);
    expect(wide.shapes.map(({ type, x0, x1 }) => [type, x0, x1])).toEqual(
      [["rect", 0, 30], ["rect", 30, 100], ["line", 28, 28]]);
    expect(wide.annotations.map((note) => note.text)).toEqual(["pretrain", "Adapt", "learning rate → 0.5"]);
    expect(drawn(30, 1000).shapes.map(({ x1 }) => x1)).toEqual([30, 28]); // the second is beyond the axis
    expect(drawn(100, 60).annotations.map((note) => note.text)).toEqual(["Adapt", "learning rate → 0.5"]);
    expect([drawn(100, 60).annotations[1].xanchor, drawn(40, 60).annotations.at(-1).xanchor]).toEqual(["left", "right"]);
  });
});

describe("the stream", () => {
  const stream = () => EventSource.opened.at(-1);

  test("is opened once for all runs, and continues from its cursors", () => {
    show({ runs: [run({ id: "b" }), run()] });
    show({ runs: [run(), run({ id: "b" })] });
    expect(EventSource.opened.map(({ url }) => url)).toEqual(["/live/stream?runs=a,b&after="]);
    hear({}, "a=7;b=3");
    show({ runs: [run(), run({ id: "b" }), run({ id: "c" })] });
    expect(EventSource.opened[0].closed).toBe(true);
    expect(stream().url).toBe(`/live/stream?runs=a,b,c&after=${encodeURIComponent("a=7;b=3")}`);
  });

  test("is closed while the page is hidden", () => {
    show();
    vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(stream().closed).toBe(true);
    vi.restoreAllMocks();
    document.dispatchEvent(new Event("visibilitychange"));
    expect(EventSource.opened).toHaveLength(2);
  });

  test("says that the connection is lost, and asks again where the browser does not", () => {
    show();
    stream().onerror();
    expect(view.note.className).toBe("note shown");
    vi.advanceTimersByTime(5000);
    expect(EventSource.opened).toHaveLength(1); // the browser reconnects
    stream().readyState = EventSource.CLOSED;
    stream().onerror();
    vi.advanceTimersByTime(3000);
    expect(EventSource.opened).toHaveLength(2);
    stream().onopen();
    expect(view.note.className).toBe("note");
  });

  test("adds points to curves, and takes back those after the step at which a run was resumed", () => {
    show();
    hear({ points: { accuracy: [[1, 0.1], [2, 0.2], [3, 0.3]], "accuracy/test": [[3, 0.3]] } });
    hear({ events: [{ kind: "resumed", step: 2, details: {}, time: 0 }], points: { accuracy: [[3, 0.4]] } });
    const { series } = view.runs.get("a");
    expect([series.get("accuracy").x, series.get("accuracy").y]).toEqual([[1, 2, 3], [0.1, 0.2, 0.4]]);
    expect(series.get("accuracy/test").x).toEqual([]);
    hear({ run: "unknown", points: { accuracy: [[1, 1]] } }); // of a run that is no longer shown
  });

  test("tells the page of a change of status that the page does not know", () => {
    show();
    hear({ status: "finished" });
    vi.advanceTimersByTime(200);
    expect(trigger).toHaveBeenCalledWith("status", { run: "a", status: "finished" });
    expect(view.spoken.textContent).toBe("Transfer: finished");
    show({ runs: [run({ status: "running" })] });
    hear({ status: "running" });
    vi.advanceTimersByTime(5000);
    expect(trigger).toHaveBeenCalledTimes(1);
  });
});

describe("a chart", () => {
  const plotly = (name) => window.Plotly[name].mock.calls;

  test("draws one point as a dot, the next anew, and then only appends", async () => {
    show();
    await made();
    hear({ points: { accuracy: [[1, 0.1]] } });
    view.draw();
    hear({ points: { accuracy: [[2, 0.2]] } });
    view.draw();
    hear({ points: { accuracy: [[3, 0.3], [4, 0.4]] } });
    view.draw();
    view.draw(); // nothing new
    expect(plotly("restyle").map(([, changes, at]) => [changes, at])).toEqual([
      [{ x: [[1]], y: [[0.1]], mode: ["lines+markers"] }, [0]],
      [{ x: [[1, 2]], y: [[0.1, 0.2]], mode: ["lines"] }, [0]],
    ]);
    expect(plotly("extendTraces").map(([, changes, at]) => [changes, at])).toEqual([[{ x: [[3, 4]], y: [[0.3, 0.4]] }, [0]]]);
    hear({ points: { accuracy: [[2, 0.5]] } }); // a point that is not at the end
    view.draw();
    expect(plotly("restyle").at(-1)[1].y).toEqual([[0.1, 0.5, 0.3, 0.4]]);
    expect(view.charts[0].empty.hidden).toBe(true);
  });

  test("has an axis as long as the run, or of a long run a round part of it until the whole is wanted", async () => {
    show();
    await made();
    const [drawn] = view.charts;
    const length = (steps, at) => {
      hear({ progress: { step: at, steps }, points: { accuracy: [[at, 0.5]] } });
      return drawn.steps();
    };
    expect(length(40, 1)).toBe(40);
    expect(length(400, 2)).toBe(400);
    expect(length(10_000, 3)).toBe(100);
    expect(length(10_000, 600)).toBe(1000);
    view.draw();
    expect(drawn.spanSwitch.hidden).toBe(false);
    drawn.spanSwitch.click();
    expect([drawn.steps(), drawn.spanSwitch.getAttribute("aria-pressed")]).toEqual([10_000, "true"]);
  });

  test("stays for the same curves of another run, and is made anew for others", async () => {
    show();
    await made();
    const [first] = view.charts;
    const of = (id) => chart({ traces: [{ ...chart().traces[0], run: id }] });
    show({ runs: [run({ id: "b" })], charts: [of("b")] });
    expect(view.charts[0]).toBe(first);
    show({ runs: [run({ id: "b" })], charts: [{ ...of("b"), title: "Loss" }] });
    expect(view.charts[0]).not.toBe(first);
    expect(texts("h3")).toEqual(["Loss"]);
  });

  test("is hidden behind a switch after the first, which the visitor's next page remembers", () => {
    show({ charts: [chart(), chart({ title: "Loss" })], height: null });
    expect(texts("h3")).toEqual(["Accuracy"]);
    [...parent.querySelectorAll(".switch")].find((button) => button.textContent === TEXTS.more).click();
    expect(texts("h3")).toEqual(["Accuracy", "Loss"]);
    expect(localStorage.getItem(live.MORE)).toBe("yes");
  });

  test("has a legend whose buttons hide a curve, and a switch to a logarithmic axis", async () => {
    const traces = ["source", "target"].map((label) => ({ ...chart().traces[0], label }));
    show({ charts: [chart({ traces, log: true })] });
    await made();
    expect(texts(".legend button")).toEqual(["source", "target"]);
    parent.querySelector(".legend button").click();
    expect(plotly("restyle").at(-1).slice(1)).toEqual([{ visible: false }, [0]]);
    [...parent.querySelectorAll(".switch")].at(-1).click();
    expect(plotly("relayout").at(-1)[1]).toMatchObject({ "yaxis.type": "log" });
  });

  test("takes the colours of the theme", async () => {
    const lines = [[0.1, "guessing", ["#333333", "#eeeeee"]]];
    show({ charts: [chart({ lines })] });
    await made();
    expect(plotly("newPlot")[0][2].shapes.map(({ y0, line }) => [y0, line.color])).toEqual([[0.1, "#333333"]]);
    parent.style.setProperty("--st-background-color", "#000000");
    show({ charts: [chart({ lines })] });
    expect(view.theme.dark).toBe(true);
    const [, traces, changed] = plotly("update").at(-1);
    expect([traces["line.color"], changed.shapes[0].line.color]).toEqual([["#0000ff"], "#eeeeee"]);
  });
});

describe("the header", () => {
  const progress = { step: 10, steps: 40, phases: ["pretrain", "adapt"], phase_index: 1, phase: "adapt", seconds_left: 75,
    samples_per_second: 1234.4, device: "cpu", precision: "float32", threads: 2, lr: 0.00123456 };

  test("shows status, phase, step, speed, and the time that is left", () => {
    show({ runs: [run({ progress })] });
    expect(text(".status")).toBe("running");
    expect(texts(".phases span")).toEqual(["pretrain", "Adapt"]);
    expect(text("[aria-current=step]")).toBe("Adapt");
    expect(text(".step")).toBe("step 10 of 40");
    expect(text(".left")).toBe("1:15 left");
    expect(text(".facts span")).toBe("1,234 samples/s · cpu · float32 · threads: 2 · learning rate 0.00123");
    const bar = parent.querySelector("[role=progressbar]");
    expect([bar.getAttribute("aria-valuenow"), bar.firstChild.style.transform]).toEqual(["10", "scaleX(0.25)"]);
  });

  test("shows how much is there of what frozen stages give, while it is computed", () => {
    show({ runs: [run({ progress: { ...progress, step: 0, features: [300, 1000] } })] });
    expect(text(".step")).toBe("Computing: 300 of 1,000");
    const bar = parent.querySelector("[role=progressbar]");
    expect([bar.getAttribute("aria-valuemax"), bar.firstChild.style.transform]).toEqual(["1000", "scaleX(0.3)"]);
  });

  test("shows the reason of a failure, in the viewer's words where the page has them", () => {
    show({ runs: [run({ status: "failed", progress: null })] });
    hear({ status: "failed", reason: { text: "It broke." } });
    view.draw();
    expect(text(".reason")).toBe("It broke.");
    show({ runs: [run({ status: "failed", reason: "Es brach." })] });
    expect(text(".reason")).toBe("Es brach.");
  });

  test("says diverged instead of finished", () => {
    show({ runs: [run({ status: "finished", caveat: "diverged" })] });
    expect(text(".status")).toBe("diverged");
    expect(parent.querySelector(".status").dataset.status).toBe("doubtful");
  });
});

describe("a race", () => {
  const answers = { images: ["data:,1", "data:,2"], labels: [1, 0], classes: ["zero", "one"], title: "Ten samples",
    right: "{answer}, right", wrong: "{answer}, wrong" };
  const race = (more = {}) => show({ layout: "race", answers, runs: [run({ progress: { step: 1, steps: 40, phase: "adapt" } })],
    ...more });

  test("shows each network's phase, its accuracy, and its final one once it is tested", () => {
    race();
    expect(texts(".card h3 > span:last-child")).toEqual(["Transfer"]);
    expect(text(".now")).toBe("Adapt");
    expect(texts(".number")).toEqual(["–", "–"]);
    hear({ points: { accuracy: [[1, 0.5], [2, 0.756], [3, null]] } });
    view.draw();
    expect(texts(".number")).toEqual(["76", "–"]);
    expect(parent.querySelector(".tested")).toBe(null);
    hear({ status: "finished", points: { "accuracy/test": [[3, 0.8]] } });
    view.draw();
    expect([text(".now"), ...texts(".number")]).toEqual(["finished", "76", "80"]);
    expect(parent.querySelector(".tested")).not.toBe(null);
  });

  test("shows its predictions, with a sign for the eye and words for the ear", () => {
    race();
    expect(texts(".said")).toEqual(["–", "–"]);
    hear({ progress: { step: 2, steps: 40, answers: [1, 1] } });
    view.draw();
    expect(texts(".said")).toEqual(["one ✓", "one ✗"]);
    expect([...parent.querySelectorAll(".said")].map((node) => node.getAttribute("aria-label"))).toEqual(
      ["one, right", "one, wrong"]);
    expect([...parent.querySelectorAll("img")].map(({ alt }) => alt)).toEqual(["one", "zero"]);
  });

  test("draws no legend when each network has one curve", () => {
    race({ runs: [run(), run({ id: "b" })], charts: [chart({ traces: [chart().traces[0], { ...chart().traces[0], run: "b" }] })] });
    expect(texts(".legend button")).toEqual([]);
  });
});

describe("a matrix", () => {
  const trace = (label, scalar) => ({ run: "a", scalar, label, colour: "#111111", dash: "solid", width: 3 });
  const matrix = chart({ matrix: ["digit", "parity"], traces: [trace("0,1", "cosine")],
    lines: [[-1, "", "red"], [1, "", "blue"]] });

  test("shows the latest value on both sides of the diagonal", () => {
    show({ charts: [matrix] });
    expect(texts("td")).toEqual(["1", "–", "–", "1"]);
    expect(text(".matrix p:last-child")).toBe("nothing yet");
    hear({ points: { cosine: [[4, 0.25], [8, -0.5]] } });
    view.draw();
    expect(texts("td")).toEqual(["1", "-0.50", "-0.50", "1"]);
    expect(parent.querySelectorAll("td")[1].style.getPropertyValue("--side")).toBe("red");
    expect(parent.querySelectorAll("td")[1].style.getPropertyValue("--strength")).toBe("30%");
    expect(text(".matrix p:last-child")).toBe("step 8");
  });
});

test("leaving removes everything, but not for a call that a rerun overtook", async () => {
  const early = show();
  const late = show();
  await made();
  early();
  expect(parent.xferLiveView).toBe(view);
  late();
  expect([parent.childElementCount, parent.xferLiveView]).toEqual([0, undefined]);
  expect(EventSource.opened[0].closed).toBe(true);
  expect(window.Plotly.purge).toHaveBeenCalledTimes(1);
});
