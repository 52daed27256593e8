// What several components share: elements, texts, the sample of a line, and the colours of the page.

function add(parent, tag, className = "", text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return parent.appendChild(node);
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function addSample(parent, colour, dash, width = 28) {
  const dashes = { dot: "2 5", dash: "9 6", longdash: "14 6", dashdot: "9 5 2 5", longdashdot: "14 5 2 5" }[dash]
    ?? (/^[\d,.px]+$/.test(dash) ? dash.replaceAll("px", "").replaceAll(",", " ") : "");
  const sample = add(parent, "span", "sample");
  sample.innerHTML = `<svg width="${width}" height="8" aria-hidden="true"><line x1="2" x2="${width - 2}" y1="4" y2="4"
    stroke-width="4" stroke-linecap="${dashes ? "butt" : "round"}"/></svg>`;
  const line = sample.querySelector("line");
  line.setAttribute("stroke", colour);
  line.setAttribute("stroke-dasharray", dashes);
}

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function readTheme(node) {
  const style = getComputedStyle(node);
  const read = (name, otherwise) => style.getPropertyValue(`--st-${name}`).trim() || otherwise;
  const theme = {
    text: read("text-color", "#31333f"),
    background: read("background-color", "#ffffff"),
    border: read("border-color", "#d5d6db"),
    font: read("font", "sans-serif"),
  };
  theme.dark = brightness(rgbOf(theme.background)) < 128;
  theme.key = JSON.stringify(theme);
  return theme;
}

// Whatever CSS calls a colour, a pixel of it is [red, green, blue].
function rgbOf(colour) {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

function brightness([red, green, blue]) {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
