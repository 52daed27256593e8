// Phases of a run, shaded behind its curves with their names, and marks of live changes of λ or the learning rate.
// Part of the script that starts in live.js.

const MARK_LEVELS = 3; // labels of marks that follow each other stand at so many heights
const ONE_MOVE = 2; // seconds: a slider that is dragged makes many changes, shown as the last of them

// Store an event; those after the step of a "resumed" event are dropped.
function keepStory(state, happened) {
  if (happened.kind === "resumed") state.story = state.story.filter(({ kind, step }) => kind === "set" || step <= happened.step);
  if (happened.kind === "phase" || happened.kind === "set") state.story.push(happened);
}

// [{from, to, name}] in steps, as far as known: a run reports beforehand where its phases end.
function phasesOf(state) {
  const { phases = [], phase_ends: ends, steps } = state.progress ?? {};
  if (phases.length < 2) return [];
  if (ends) return phases.map((name, index) => ({ from: index ? ends[index - 1] : 0, to: ends[index], name }));
  const begun = state.story.filter(({ kind }) => kind === "phase");
  return begun.map(({ step, details }, index) => ({ from: step, to: begun[index + 1]?.step ?? steps, name: details.name }));
}

// [{step, label}]: the live changes, each drag of a slider once.
function marksOf(state, texts, number) {
  const marks = [];
  for (const { kind, step, details, time } of state.story) {
    if (kind !== "set") continue;
    const what = texts[`set.${details.name}`] ?? details.name.replace("lambda/", "λ ");
    const label = `${what} → ${number(details.value, { maximumSignificantDigits: 3 })}`;
    const last = marks.at(-1);
    if (last && last.name === details.name && time - last.time < ONE_MOVE) Object.assign(last, { step, label, time });
    else marks.push({ step, label, time, name: details.name });
  }
  return marks;
}

// Shapes and annotations of Plotly for a chart of so many steps and pixels.
function drawStory(state, { texts, number, theme }, span, width) {
  const shapes = [];
  const annotations = [];
  phasesOf(state).forEach(({ from, to, name }, index) => {
    if (from >= span) return; // beyond the axis, which a shape would stretch
    const shared = { xref: "x", yref: "paper" };
    shapes.push({ ...shared, type: "rect", x0: from, x1: Math.min(to, span), y0: 0, y1: 1, layer: "below", line: { width: 0 },
      fillcolor: theme.text, opacity: index % 2 ? 0.09 : 0.03 });
    const title = texts[`phase.${name}`] ?? name;
    const fits = ((Math.min(to, span) - from) / span) * width > 6.5 * title.length;
    if (fits) annotations.push({ ...shared, x: from, y: 1, xanchor: "left", yanchor: "top", text: plotlyText(title),
      showarrow: false, font: { size: 12, color: theme.text }, opacity: 0.8 });
  });
  marksOf(state, texts, number).forEach(({ step, label }, index) => {
    const shared = { xref: "x", yref: "paper" };
    shapes.push({ ...shared, type: "line", x0: step, x1: step, y0: 0, y1: 1,
      line: { color: theme.text, width: 1.5, dash: "dot" } });
    const right = step > 0.6 * span;
    annotations.push({ ...shared, x: step, y: 0.03 + 0.09 * (index % MARK_LEVELS), xanchor: right ? "right" : "left",
      yanchor: "bottom", text: plotlyText(label), showarrow: false, font: { size: 12, color: theme.text },
      bgcolor: theme.background, opacity: 0.95 });
  });
  return { shapes, annotations };
}
