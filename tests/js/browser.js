// What jsdom has no version of: a canvas, layout, an event stream, and Plotly.
import { beforeEach, vi } from "vitest";

const NOTHING = ["fillRect", "clearRect", "strokeRect", "beginPath", "closePath", "stroke", "fill", "arc", "fillText",
  "setLineDash", "setTransform", "drawImage"];

// A canvas that only knows its last fill, and what was drawn on it.
HTMLCanvasElement.prototype.getContext = function () {
  this.pen ??= {
    calls: [],
    ...Object.fromEntries(NOTHING.map((name) => [name, () => {}])),
    createImageData: (width, height) => ({ data: new Uint8ClampedArray(4 * width * height) }),
    createLinearGradient: () => ({ addColorStop() {} }),
    measureText: (text) => ({ width: 7 * text.length }),
    putImageData(image) { this.calls.push(["image", image]); },
    moveTo(...at) { this.calls.push(["move", ...at]); },
    lineTo(...at) { this.calls.push(["line", ...at]); },
    getImageData(x, y, width, height) {
      const grey = this.fillStyle === "#000000" || this.fillStyle === "black" ? 0 : 255;
      return { data: new Uint8ClampedArray(4 * width * height).fill(grey) };
    },
  };
  return this.pen;
};
HTMLCanvasElement.prototype.setPointerCapture = () => {};
Element.prototype.scrollIntoView = () => {};
globalThis.matchMedia = (query) => ({ matches:
  (globalThis.phone && query.includes("max-width")) || (globalThis.calm && query.includes("reduced-motion")) });
globalThis.ResizeObserver = class { observe() {} disconnect() {} };
globalThis.IntersectionObserver = class { observe() {} disconnect() {} };
globalThis.EventSource = class EventSource {
  static CLOSED = 2;
  static opened = [];
  listeners = {};

  constructor(url) {
    this.url = url;
    EventSource.opened.push(this);
  }

  addEventListener(kind, listener) { this.listeners[kind] = listener; }
  close() { this.closed = true; }
};

beforeEach(() => {
  document.body.replaceChildren();
  localStorage.clear();
  EventSource.opened = [];
  globalThis.phone = globalThis.calm = false;
  window.Plotly = Object.fromEntries(
    ["restyle", "extendTraces", "relayout", "update", "purge"].map((name) => [name, vi.fn()]),
  );
  window.Plotly.newPlot = vi.fn(async (node, traces) => void (node.data = traces));
  window.xferPlotly = Promise.resolve(window.Plotly);
});
