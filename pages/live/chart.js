// One chart and the points it draws. Part of the script that starts in live.js.

class Series {
  x = [];
  y = [];
  edition = 0; // counts changes that were no appending

  add(step, value) {
    let at = this.x.length;
    while (at && this.x[at - 1] >= step) at--;
    if (at < this.x.length) this.edition++;
    const repeated = this.x[at] === step ? 1 : 0;
    this.x.splice(at, repeated, step);
    this.y.splice(at, repeated, value);
  }

  cut(step) {
    const kept = this.x.findIndex((x) => x > step);
    if (kept < 0) return;
    this.x.length = this.y.length = kept;
    this.edition++;
  }
}

class Chart {
  constructor(view, definition, key) {
    Object.assign(this, { view, definition, key, drawn: undrawn(definition) });
    this.big = view.data.layout === "race";
    this.card = add(view.grid, "section", "chart");
    if (definition.title) add(this.card, "h3", "", definition.title);
    this.legend = add(this.card, "div", "legend");
    const box = add(this.card, "div", "box");
    box.style.height = `${view.data.height}px`;
    this.empty = add(box, "div", "empty", definition.empty_text); // while it is shown, CSS hides the plot after it
    this.node = add(box, "div", "plot");
    this.node.setAttribute("role", "img");
    this.node.setAttribute("aria-label", definition.alt || definition.title);
    this.resized = new ResizeObserver(() => this.ready && box.clientWidth && window.Plotly.Plots.resize(this.node));
    this.painted = view.theme.key;
    this.seen = true; // until the observer says otherwise: what nobody looks at need not be drawn while it grows
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
      opacity: trace.opacity,
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
    if (steps !== this.stepsShown) window.Plotly.relayout(this.node, { "xaxis.autorangeoptions.include": [0, steps] });
    this.stepsShown = steps;
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
    if (!shown) return;
    const none = definition.traces.map(() => []);
    const vertical = definition.y_range ? { "yaxis.range": this.layout().yaxis.range } : { "yaxis.autorange": true };
    window.Plotly.update(this.node, { x: none, y: none }, { "xaxis.autorange": true, ...vertical });
  }

  // The axis is as long as the run will be, so that a curve grows towards its end instead of shrinking.
  steps() {
    return Math.max(1, ...this.definition.traces.map((trace) => this.view.runs.get(trace.run)?.progress?.steps ?? 1));
  }

  layout() {
    const { definition, view, big } = this;
    const size = big ? 18 : 13;
    const title = (text) => ({ text, standoff: 8, font: { size } });
    const axis = { zeroline: false, automargin: true, ticklabelstandoff: 4 };
    return {
      autosize: true,
      height: view.data.height,
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
      yaxis: { ...axis, type: definition.log ? "log" : "linear", rangemode: definition.log ? "normal" : "tozero",
        ...(definition.y_range && { range: definition.y_range.map(definition.log ? Math.log10 : Number) }),
        tickformat: definition.percent ? ".0%" : "", hoverformat: definition.percent ? ".1%" : ".4~g",
        title: title(definition.y_title) },
    };
  }

  // Everything of the layout that depends on the theme, in the dotted form that relayout takes.
  colours() {
    const { theme } = this.view;
    const lines = this.definition.lines.map(([y, label, given]) => ({ y, label, color: this.view.colour(given) }));
    return {
      "font.color": theme.text,
      "font.family": theme.font,
      "xaxis.gridcolor": theme.border,
      "yaxis.gridcolor": theme.border,
      "hoverlabel.bgcolor": theme.background,
      "hoverlabel.bordercolor": theme.border,
      "modebar.bgcolor": "rgba(0,0,0,0)",
      "modebar.color": theme.border,
      "modebar.activecolor": theme.text,
      shapes: lines.map(({ y, color }) => ({
        type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, line: { color, width: this.big ? 2.5 : 1.5, dash: "dot" },
      })),
      annotations: lines.map(({ y, label, color }) => ({
        text: label, xref: "paper", x: 0, xanchor: "left", y: this.definition.log ? Math.log10(y) : y,
        yanchor: "bottom", showarrow: false, font: { color },
      })),
    };
  }

  paint() {
    if (this.painted === this.view.theme.key || !this.ready) return;
    this.painted = this.view.theme.key;
    this.buildLegend();
    const colours = this.definition.traces.map((trace) => this.view.colour(trace.colour));
    window.Plotly.update(this.node, { "line.color": colours }, this.colours());
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

const plotConfig = { displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };

function loadPlotly(url) {
  window.xferPlotly ??= new Promise((resolve, reject) => {
    const script = add(document.head, "script");
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.js could not be loaded"));
    script.src = url;
  });
  return window.xferPlotly;
}
