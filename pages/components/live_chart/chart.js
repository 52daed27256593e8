// One chart and its curves. Part of the script that starts in live.js.

class Chart {
  constructor(view, definition, key, index) {
    Object.assign(this, { view, definition, key, drawn: undrawn(definition) });
    this.big = view.data.layout === "race";
    this.main = !index && !view.data.height; // as high as the window allows
    this.card = add(view.grid, "section", this.main ? "chart main" : "chart");
    const top = add(this.card, "div", "top");
    if (definition.title) add(top, "h3", "", definition.title);
    this.logarithmic = false;
    this.addSwitches(top);
    this.legend = add(this.card, "div", "legend");
    const box = add(this.card, "div", "box");
    if (!this.main) box.style.height = `${view.data.height ?? 300}px`;
    this.empty = add(box, "div", "empty", definition.empty_text); // while it is shown, CSS hides the plot after it
    this.node = add(box, "div", "plot");
    this.node.setAttribute("role", "img");
    this.node.setAttribute("aria-label", definition.alt || definition.title);
    this.resized = new ResizeObserver(() => this.ready && box.clientWidth && window.Plotly.Plots.resize(this.node));
    this.painted = view.theme.key;
    this.seen = true; // until the observer says otherwise: a chart out of sight is not drawn while it grows
    this.watched = new IntersectionObserver((changes) => {
      this.seen = changes.at(-1).isIntersecting;
      if (this.seen) this.draw();
    });
    this.watched.observe(this.card);
    this.buildLegend();
    // One chart after another, a frame between: the first shows its points before the last is made.
    view.making = (view.making ?? loadPlotly(view.data.plotly)).then(async () => {
      if (this.removed) return;
      await window.Plotly.newPlot(this.node, this.traces(), nested(this.layout(), this.colours()), plotConfig);
      if (this.removed) return;
      this.ready = true;
      this.resized.observe(box);
      this.draw();
      await new Promise((done) => setTimeout(done, 16)); // a timer, for a hidden tab has no frames
    });
  }

  series(trace) {
    return this.view.runs.get(trace.run)?.series.get(trace.scalar);
  }

  traces() {
    return this.definition.traces.map((trace) => ({
      x: [],
      y: [],
      name: plotlyText(trace.label),
      mode: "lines",
      marker: { size: 3 * trace.width },
      line: {
        color: this.view.colour(trace.colour),
        dash: trace.dash,
        width: trace.width,
        shape: this.definition.step_shape ? "hv" : "linear",
      },
    }));
  }

  draw() {
    if (!this.ready) return;
    const more = { x: [], y: [], at: [] };
    const anew = { x: [], y: [], mode: [], at: [] };
    this.definition.traces.forEach((trace, index) => {
      const series = this.series(trace);
      const drawn = this.drawn[index];
      const count = series?.x.length ?? 0;
      if (count === drawn.count && (series?.edition ?? 0) === drawn.edition) return;
      // A line of one point is invisible: it is a dot until the second arrives.
      const append = drawn.count > 1 && series.edition === drawn.edition;
      const target = append ? more : anew;
      target.x.push(series.x.slice(append ? drawn.count : 0));
      target.y.push(series.y.slice(append ? drawn.count : 0));
      target.at.push(index);
      if (!append) target.mode.push(count === 1 ? "lines+markers" : "lines");
      this.drawn[index] = { edition: series.edition, count };
    });
    this.empty.hidden = this.drawn.some((drawn) => drawn.count);
    const steps = this.steps();
    this.spanSwitch.hidden = this.whole === undefined && this.steps() === this.wholeRun();
    if (steps !== this.stepsShown) window.Plotly.relayout(this.node, { "xaxis.autorangeoptions.include": [0, steps] });
    this.stepsShown = steps;
    this.drawStory();
    if (anew.at.length) window.Plotly.restyle(this.node, { x: anew.x, y: anew.y, mode: anew.mode }, anew.at);
    if (more.at.length) window.Plotly.extendTraces(this.node, { x: more.x, y: more.y }, more.at);
  }

  // The same curves of other runs.
  follow(definition) {
    const other = definition.traces.some(({ run }, index) => run !== this.definition.traces[index].run);
    this.definition = definition;
    if (!other) return;
    const shown = this.drawn.some((drawn) => drawn.count);
    this.drawn = undrawn(definition);
    this.whole = undefined;
    if (!shown) return;
    const none = definition.traces.map(() => []);
    const vertical = definition.y_range ? { "yaxis.range": this.layout().yaxis.range } : { "yaxis.autorange": true };
    window.Plotly.update(this.node, { x: none, y: none }, { "xaxis.autorange": true, ...vertical });
  }

  // The axis is as long as the run will be, so that a curve grows towards its end instead of shrinking; of a long run it
  // ends at a round number beyond the last point, so that the curve is not pressed into a corner.
  steps() {
    const whole = this.wholeRun();
    const soFar = Math.min(whole, roundUp(Math.max(SHORT, 1.1 * this.latest())));
    return (this.whole ?? whole <= LONG * soFar) ? whole : soFar;
  }

  wholeRun() {
    return Math.max(1, ...this.definition.traces.map((trace) => this.view.runs.get(trace.run)?.progress?.steps ?? 1));
  }

  latest() {
    return Math.max(1, ...this.definition.traces.map((trace) => this.series(trace)?.x.at(-1) ?? 1));
  }

  addSwitches(parent) {
    const { texts } = this.view;
    const bar = add(parent, "div", "switches");
    this.spanSwitch = addSwitch(bar, texts.whole_run, (pressed) => {
      this.whole = pressed;
      this.draw();
    });
    this.spanSwitch.hidden = true;
    if (this.main && this.view.folds) {
      const more = addSwitch(bar, texts.more, (pressed) => this.view.showMore(pressed));
      more.setAttribute("aria-pressed", this.view.open);
    }
    if (!this.definition.log) return;
    addSwitch(bar, texts.log, (pressed) => {
      this.logarithmic = pressed;
      const range = { "yaxis.rangemode": pressed ? "normal" : "tozero", "yaxis.autorange": true };
      if (this.ready) window.Plotly.relayout(this.node, { "yaxis.type": pressed ? "log" : "linear", ...range });
    });
  }

  drawStory() {
    const state = this.view.runs.get(this.definition.story);
    if (!state) return;
    const span = this.stepsShown;
    const story = drawStory(state, this.view, span, this.node.clientWidth - 60);
    const key = JSON.stringify(story);
    if (key === this.storyKey) return;
    this.storyKey = key;
    const own = this.lines();
    window.Plotly.relayout(this.node, {
      shapes: [...story.shapes, ...own.shapes], annotations: [...story.annotations, ...own.annotations],
    });
  }

  layout() {
    const { definition, view, big } = this;
    const size = big ? 18 : 13;
    const title = (text) => ({ text, standoff: 8, font: { size } });
    const axis = { zeroline: false, automargin: true, ticklabelstandoff: 4 };
    return {
      autosize: true,
      ...(this.main ? {} : { height: view.data.height ?? 300 }),
      margin: { l: 48, r: 12, t: 12, b: 40 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      uirevision: "kept",
      showlegend: false,
      hovermode: "x unified",
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom", // a finger scrolls the page
      font: { size },
      hoverlabel: { font: { size } },
      xaxis: { ...axis, rangemode: "tozero", autorangeoptions: { include: [0, (this.stepsShown = this.steps())] },
        title: title(view.texts.steps), unifiedhovertitle: { text: `${view.texts.steps} %{x}` } },
      yaxis: { ...axis, type: this.logarithmic ? "log" : "linear", rangemode: this.logarithmic ? "normal" : "tozero",
        ...(definition.y_range && { range: definition.y_range }),
        tickformat: definition.percent ? ".0%" : "", hoverformat: definition.percent ? ".1%" : ".4~g",
        title: title(definition.y_title) },
    };
  }

  // Everything of the layout that depends on the theme, in the dotted form that relayout takes.
  colours() {
    const { theme } = this.view;
    return {
      "font.color": theme.text,
      "font.family": theme.font,
      "xaxis.gridcolor": theme.border,
      "yaxis.gridcolor": theme.border,
      "hoverlabel.bgcolor": theme.background,
      "hoverlabel.bordercolor": theme.border,
      ...this.lines(),
    };
  }

  // Horizontal lines of the definition.
  lines() {
    const lines = this.definition.lines.map(([y, label, given]) => ({ y, label, color: this.view.colour(given) }));
    return {
      shapes: lines.map(({ y, color }) => ({
        type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, line: { color, width: this.big ? 2.5 : 1.5, dash: "dot" },
      })),
      annotations: lines.map(({ y, label, color }) => ({
        text: label, xref: "paper", x: 0, xanchor: "left", y, yanchor: "bottom", showarrow: false, font: { color },
      })),
    };
  }

  paint() {
    if (this.painted === this.view.theme.key || !this.ready) return;
    this.painted = this.view.theme.key;
    this.buildLegend();
    const colours = this.definition.traces.map((trace) => this.view.colour(trace.colour));
    window.Plotly.update(this.node, { "line.color": colours }, this.colours());
    this.storyKey = "";
    this.drawStory();
  }

  // Buttons above the plot rather than Plotly's legend: they wrap on a phone without eating the plot.
  buildLegend() {
    this.legend.replaceChildren();
    const { traces } = this.definition;
    if (traces.length < 2 || (this.big && traces.length <= this.view.data.runs.length)) return;
    traces.forEach((trace, index) => {
      const button = add(this.legend, "button");
      button.type = "button";
      const press = (shown) => button.setAttribute("aria-pressed", shown);
      press(this.node.data?.[index].visible !== false);
      addSample(button, this.view.colour(trace.colour), trace.dash);
      add(button, "span", "", trace.label);
      button.onclick = () => {
        const shown = this.node.data[index].visible === false;
        press(shown);
        window.Plotly.restyle(this.node, { visible: shown }, [index]);
      };
    });
  }

  remove() {
    this.removed = true;
    this.resized.disconnect();
    this.watched.disconnect();
    if (this.ready) window.Plotly.purge(this.node);
    this.card.remove();
  }
}

// Plotly reads some HTML in names: chart_text in palette.py says more.
function plotlyText(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function undrawn(definition) {
  return definition.traces.map(() => ({ edition: 0, count: 0 }));
}

// A layout with dotted entries written into it.
function nested(layout, dotted) {
  for (const [path, value] of Object.entries(dotted)) {
    const names = path.split(".");
    const last = names.pop();
    names.reduce((part, name) => (part[name] ??= {}), layout)[last] = value;
  }
  return layout;
}

// No toolbar: it would cover the curves. A box zooms in, two clicks zoom out.
const plotConfig = { displayModeBar: false };

const SHORT = 100; // steps: less is not worth an axis of its own
const LONG = 4; // so many times longer than what is drawn: a run of which only the part so far is shown

// The next of 1, 2, 5, 10, 20, 50 … at or above a number.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((digit) => digit * power).find((round) => round >= value);
}

function addSwitch(parent, label, onPress) {
  const button = add(parent, "button", "switch", label);
  button.type = "button";
  button.setAttribute("aria-pressed", false);
  button.onclick = () => {
    const pressed = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", pressed);
    onPress(pressed);
  };
  return button;
}

function loadPlotly(url) {
  window.xferPlotly ??= new Promise((resolve, reject) => {
    const script = add(document.head, "script");
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.js could not be loaded"));
    script.src = url;
  });
  return window.xferPlotly;
}
