// One strategy: its pictures, and its numbers under them. Part of the script that starts in play.js.

class Column {
  constructor(view, index) {
    Object.assign(this, { view, index, ground: new Ground(), layers: new Layers(), frame: null });
    this.card = add(view.grid, "article", "strategy");
    this.title = add(this.card, "h3");
    this.pictures = [];
    this.planes = this.addPlanes();
    this.numbers = add(this.card, "dl", "numbers");
    this.addConflict();
    this.further = add(this.card, "div", "further");
    this.stages = this.addPicture("layers", (pen, width) => this.drawLayers(pen, width));
    this.features = this.addPicture("features", (pen, width, height) => {
      if (this.frame) drawFeatures(pen, width, height, this.frame, view.domains, view.look);
    });
    this.setRun(view.data.runs[index]);
  }

  addPlanes() {
    const { view } = this;
    const row = add(this.card, "div", "planes");
    const groups = view.data.joined ? [view.domains] : view.domains.map((domain) => [domain]);
    return groups.map((group, at) => {
      const figure = add(row, "figure");
      const layer = document.createElement("canvas"); // the points, drawn once
      const plane = { at, figure, layer };
      plane.picture = new Picture(figure, "plane", (pen, width) => this.drawPlane(pen, width, plane));
      this.pictures.push(plane.picture);
      const caption = add(figure, "figcaption");
      add(caption, "b", "", group.map((domain) => this.roleOf(domain)).join(" + "));
      caption.title = group.map(({ title }) => title).join(" · ");
      return plane;
    });
  }

  // Its role, with a number where several domains have it.
  roleOf({ key, role }) {
    const alike = this.view.domains.filter((domain) => domain.role === role);
    const number = alike.length > 1 ? ` ${alike.findIndex((domain) => domain.key === key) + 1}` : "";
    return (this.view.texts[`role.${role}`] ?? role) + number;
  }

  addPicture(name, paint) {
    if (!this.view.data.show.includes(name)) return null;
    const section = add(this.further, "section", name);
    add(section, "h4", "", this.view.texts[name]);
    const picture = new Picture(section, name, paint);
    this.pictures.push(picture);
    return picture;
  }

  addConflict() {
    this.conflict = add(this.card, "div", "conflict");
    this.conflict.hidden = !this.view.data.show.includes("conflict");
    this.arrows = new Picture(this.conflict, "arrows", (pen, width, height) => {
      if (this.frame?.conflict) drawConflict(pen, width, height, this.frame.conflict, this.view.look);
    });
    this.angle = add(this.conflict, "span");
    this.pictures.push(this.arrows);
  }

  // Another run in this place shows the last picture of the one before until it has its own.
  setRun(run) {
    const { view } = this;
    this.run = run;
    this.title.replaceChildren();
    addSample(this.title, view.colour(run.colour), run.dash, 32);
    add(this.title, "span", "", run.title);
    this.status = add(this.title, "small");
    this.card.style.setProperty("--run", view.colour(run.colour));
    this.numbers.replaceChildren();
    this.values = run.numbers.map((number) => {
      const pair = add(this.numbers, "div");
      add(pair, "dt", "", number.label);
      return { number, node: add(pair, "dd", "", "–") };
    });
    this.soil();
  }

  // Everything is to be drawn anew.
  soil() {
    for (const picture of this.pictures) picture.isDirty = true;
  }

  show(frame, step) {
    if (frame !== this.frame) {
      this.frame = frame;
      this.soil();
      this.showConflict();
    }
    for (const picture of this.pictures) picture.draw();
    this.say(step);
  }

  showConflict() {
    const { frame, view } = this;
    this.arrows.canvas.hidden = !frame?.conflict;
    const angle = frame?.conflict && view.number(angleOf(frame.conflict[0]));
    say(this.angle, angle ? fill(view.texts.conflict, { angle }) : frame ? view.texts["conflict.none"] : "");
  }

  say(step) {
    const { view, run } = this;
    const { series, status } = view.runs.get(run.id);
    const isTold = ["failed", "interrupted", "queued"].includes(status);
    say(this.status, isTold ? view.texts[`status.${status}`] : "");
    for (const { number, node } of this.values) {
      const value = number.framed ? this.frame?.numbers[number.scalar] : valueAt(series.get(number.scalar), step);
      const form = number.percent ? { style: "percent" } : { minimumFractionDigits: 3, maximumFractionDigits: 3 };
      say(node, value === undefined ? "–" : view.number(value, form));
    }
  }

  // What is seen in words, for those who do not see it.
  describe() {
    const { view, run, frame } = this;
    const values = this.values.map(({ number, node }) => `${number.label}: ${node.textContent}`).join(", ");
    const step = frame ? fill(view.texts.at, { step: view.number(frame.step) }) : "";
    const tell = (template, more = "") => fill(template, { title: run.title, domain: more, step, values });
    for (const { picture, figure } of this.planes) picture.say(tell(view.texts.picture, figure.textContent));
    this.stages?.say(tell(view.texts.layers_seen, frame?.units.filter(({ frozen }) => frozen).map(({ stage }) =>
      `${stage} ${view.texts.frozen}`).join(", ") ?? ""));
    this.features?.say(tell(view.texts.features_seen));
    this.arrows.say(this.angle.textContent);
  }

  drawPlane(pen, side, plane) {
    const { view, frame } = this;
    if (frame) {
      if (this.ground.frame !== frame || this.ground.palette !== view.look.palette) {
        this.ground.set(frame, view.look.palette, view.data.classes.length);
      }
      this.ground.draw(pen, side, view.look);
    }
    const { sharp } = plane.picture;
    const key = [side, sharp, view.theme.key, view.pointsKey].join();
    if (plane.key !== key) {
      plane.key = key;
      plane.layer.width = plane.layer.height = Math.round(side * sharp);
      const points = plane.layer.getContext("2d");
      points.setTransform(sharp, 0, 0, sharp, 0, 0);
      const domains = view.data.joined ? view.domains : view.domains.slice(plane.at, plane.at + 1);
      drawDomains(points, side, domains, view.data.range, view.data.joined, view.look);
    }
    if (plane.layer.width) pen.drawImage(plane.layer, 0, 0, side, side);
  }

  drawLayers(pen, width) {
    if (!this.frame) return;
    const height = `${unitPlaces(this.frame.units, width).height}px`;
    if (this.stages.canvas.style.height !== height) this.stages.canvas.style.height = height; // and it is drawn again
    this.layers.draw(pen, width, this.frame, this.view.look, this.view.texts);
  }

  remove() {
    for (const picture of this.pictures) picture.remove();
    this.card.remove();
  }
}
