// The bar: play, step, reset, speed, and the slider back through training. Part of the script that starts in play.js.

const SPEEDS = [20, 100, 0]; // steps a second; 0: as fast as it goes
const ICONS = {
  play: "M7 4l13 8-13 8z", pause: "M6 4h4v16H6zM14 4h4v16h-4z", step: "M5 4l10 8-10 8zM16 4h3v16h-3z",
  reset: "M12 5V1L6 6.5 12 12V8a5 5 0 1 1-5 5H4a8 8 0 1 0 8-8z",
};

class Bar {
  constructor(view, parent) {
    this.view = view;
    this.root = add(parent, "div", "bar");
    this.root.setAttribute("role", "toolbar");
    this.play = this.addButton("play", () => view.toggle());
    this.step = this.addButton("step", () => view.step());
    this.reset = this.addButton("reset", () => view.reset());
    this.speeds = add(this.root, "div", "speeds");
    this.speeds.setAttribute("role", "group");
    this.speedButtons = SPEEDS.map((speed) => {
      const button = add(this.speeds, "button");
      button.type = "button";
      button.onclick = () => view.setSpeed(speed);
      return button;
    });
    const time = add(this.root, "label", "time");
    this.slider = add(time, "input");
    Object.assign(this.slider, { type: "range", min: 0, max: 0, step: 1 });
    this.slider.oninput = () => view.goTo(Number(this.slider.value));
    this.now = add(time, "output");
  }

  addButton(kind, press) {
    const button = add(this.root, "button", kind);
    button.type = "button";
    button.onclick = press;
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path fill="currentColor"/></svg><span></span>`;
    button.querySelector("path").setAttribute("d", ICONS[kind]);
    return button;
  }

  // Texts, and which controls there are.
  set() {
    const { texts, data } = this.view;
    this.root.setAttribute("aria-label", texts.bar);
    this.speeds.setAttribute("aria-label", texts.speed);
    this.slider.setAttribute("aria-label", texts.time);
    this.speedButtons.forEach((button, at) => say(button, texts[`speed.${SPEEDS[at]}`]));
    for (const kind of ["step", "reset"]) {
      say(this[kind].querySelector("span"), texts[kind]);
      this[kind].title = texts[`${kind}.help`];
    }
    for (const node of [this.step, this.reset, this.speeds, this.slider.parentNode]) node.hidden = data.plain;
  }

  update() {
    const { view } = this;
    const { texts } = view;
    const kind = view.isShownPlaying ? "pause" : "play";
    if (this.play.dataset.shown !== kind) {
      this.play.dataset.shown = kind;
      this.play.querySelector("path").setAttribute("d", ICONS[kind]);
    }
    say(this.play.querySelector("span"), texts[kind]);
    this.play.title = texts[`${kind}.help`];
    this.speedButtons.forEach((button, at) => button.setAttribute("aria-pressed", view.speed === SPEEDS[at]));
    const step = view.stepShown;
    if (this.slider.max !== String(view.newest)) this.slider.max = view.newest;
    if (this.slider.value !== String(step)) this.slider.value = step;
    this.slider.disabled = !view.newest;
    const said = fill(texts.at, { step: view.number(step) });
    if (this.now.textContent !== said) this.slider.setAttribute("aria-valuetext", said);
    say(this.now, said);
  }
}
