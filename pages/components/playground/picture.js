// A canvas that is drawn only while it is in sight, as sharp as the screen. Part of the script that starts in play.js.

const SHARPEST = 2; // pixels of the canvas per pixel of the page

class Picture {
  // paint: (pen, width, height) → nothing, in pixels of the page
  constructor(parent, className, paint) {
    this.canvas = add(parent, "canvas", className);
    this.canvas.setAttribute("role", "img");
    this.pen = this.canvas.getContext("2d");
    this.paint = paint;
    this.seen = true; // until the observer says otherwise
    this.isDirty = true;
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(this.canvas);
    this.watched = new IntersectionObserver((changes) => {
      this.seen = changes.at(-1).isIntersecting;
      this.draw();
    });
    this.watched.observe(this.canvas);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const sharp = Math.min(SHARPEST, window.devicePixelRatio || 1);
    if (width === this.width && height === this.height && sharp === this.sharp) return;
    Object.assign(this, { width, height, sharp, isDirty: true });
    this.canvas.width = Math.round(width * sharp);
    this.canvas.height = Math.round(height * sharp);
    this.draw(); // at once: a canvas of a new size is empty
  }

  draw() {
    if (!this.seen || !this.isDirty || !this.width || !this.height || document.hidden) return;
    this.isDirty = false;
    this.pen.setTransform(this.sharp, 0, 0, this.sharp, 0, 0);
    this.pen.clearRect(0, 0, this.width, this.height);
    this.paint(this.pen, this.width, this.height);
  }

  say(text) {
    if (this.canvas.ariaLabel !== text) this.canvas.setAttribute("aria-label", (this.canvas.ariaLabel = text));
  }

  remove() {
    this.resized.disconnect();
    this.watched.disconnect();
  }
}
