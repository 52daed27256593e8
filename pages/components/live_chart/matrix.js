// A small matrix of the latest values between −1 and 1, one for every two names. Part of the script of live.js.

class Matrix {
  constructor(view, definition, key) {
    Object.assign(this, { view, definition, key, seen: true });
    this.card = add(view.grid, "section", "chart matrix");
    add(this.card, "h3", "", definition.title);
    add(this.card, "p", "facts", definition.y_title);
    const table = add(this.card, "table");
    const names = definition.matrix;
    const head = add(add(table, "thead"), "tr");
    add(head, "th");
    names.forEach((_, column) => add(head, "th", "", String(column)));
    const body = add(table, "tbody");
    this.cells = new Map();
    names.forEach((name, row) => {
      const line = add(body, "tr");
      const title = add(line, "th");
      title.scope = "row";
      title.textContent = `${row} ${name}`;
      names.forEach((_, column) => {
        const cell = add(line, "td", row === column ? "same" : "", row === column ? "1" : "–");
        if (row > column) this.cells.set(`${column},${row}`, [...(this.cells.get(`${column},${row}`) ?? []), cell]);
        if (row < column) this.cells.set(`${row},${column}`, [...(this.cells.get(`${row},${column}`) ?? []), cell]);
      });
    });
    this.note = add(this.card, "p", "facts", definition.empty_text);
    this.draw();
  }

  draw() {
    let latest = -1;
    for (const trace of this.definition.traces) {
      const series = this.view.runs.get(trace.run)?.series.get(trace.scalar);
      const value = series?.y.at(-1);
      for (const cell of this.cells.get(trace.label) ?? []) {
        const known = value !== undefined && value !== null;
        cell.textContent = known ? this.view.number(value, { maximumFractionDigits: 2, minimumFractionDigits: 2 }) : "–";
        cell.style.setProperty("--strength", known ? `${Math.round(60 * Math.min(1, Math.abs(value)))}%` : "0%");
        cell.style.setProperty("--side", this.view.colour(this.definition.lines[value < 0 ? 0 : 1][2]));
      }
      if (series?.x.length) latest = Math.max(latest, series.x.at(-1));
    }
    this.note.textContent = latest < 0 ? this.definition.empty_text : `${this.view.texts.steps} ${latest}`;
  }

  follow(definition) {
    this.definition = definition;
    this.draw();
  }

  paint() {
    this.draw();
  }

  remove() {
    this.card.remove();
  }
}
