// Status, numbers and progress above the charts of one run, and the parts shared with the cards of a race (race.js).
// A builder returns the functions that update what it built. Part of the script that starts in live.js.

function buildHeader(view) {
  const definition = view.data.runs[0];
  view.head.replaceChildren();
  if (!definition) return [];
  const top = add(view.head, "div", "row");
  const status = add(top, "span", "status");
  const phases = add(top, "span", "phases");
  const step = add(top, "span", "step");
  const bar = addBar(view);
  const bottom = add(view.head, "div", "row facts");
  const facts = add(bottom, "span");
  const left = add(bottom, "span", "left");
  const reason = add(view.head, "div", "reason");
  return [() => {
    const state = view.runs.get(definition.id);
    const progress = state.progress;
    showStatus(view, status, state, definition.caveat);
    showPhases(view, phases, state);
    say(step, progress ? stepText(view, progress) : "");
    bar(state);
    say(left, state.status === "running" && progress?.seconds_left != null
      ? fill(view.texts.left, { time: clock(progress.seconds_left) }) : "");
    say(facts, progress ? factsText(view, progress) : "");
    say(reason, ["failed", "interrupted"].includes(state.status) ? definition.reason || state.reason?.text || "" : "");
  }];
}

function addBar(view, parent = view.head, title = "") {
  const bar = add(parent, "div", "bar");
  const filled = add(bar, "div");
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-label", [title, view.texts.progress].filter(Boolean).join(": "));
  bar.setAttribute("aria-valuemin", 0);
  return ({ status, progress }) => {
    bar.dataset.status = status;
    const [done, total] = progress?.features ?? [progress?.step ?? 0, progress?.steps ?? 1];
    bar.setAttribute("aria-valuemax", total);
    bar.setAttribute("aria-valuenow", done);
    filled.style.transform = `scaleX(${done / Math.max(1, total)})`;
  };
}

function showStatus(view, node, { status }, caveat = "") {
  const doubtful = caveat && status === "finished";
  node.dataset.status = doubtful ? "doubtful" : status;
  say(node, doubtful ? caveat : view.texts[`status.${status}`] ?? status ?? "");
}

// Of a run that is finished none is "now": its chart shows where each began.
function showPhases(view, node, { status, progress }) {
  const names = (status !== "finished" && progress?.phases) || [];
  const key = JSON.stringify([names, progress?.phase_index]);
  if (node.key === key) return;
  node.key = key;
  node.replaceChildren();
  names.forEach((name, index) => {
    const phase = add(node, "span", "", view.texts[`phase.${name}`] ?? name);
    if (index === progress.phase_index) phase.setAttribute("aria-current", "step");
  });
}

function stepText(view, { step, steps, features }) {
  if (features) return fill(view.texts.features, { done: view.number(features[0]), total: view.number(features[1]) });
  return fill(view.texts.step, { step: view.number(step), steps: view.number(steps) });
}

function factsText(view, progress) {
  const { texts, number } = view;
  const speed = progress.samples_per_second && number(Math.round(progress.samples_per_second));
  return [
    speed && fill(texts.speed, { count: speed }),
    progress.device,
    progress.precision,
    progress.threads && fill(texts.threads, { count: progress.threads }),
    progress.lr && fill(texts.rate, { rate: number(progress.lr, { maximumSignificantDigits: 3 }) }),
  ].filter(Boolean).join(" · ");
}

function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
