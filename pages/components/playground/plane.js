// The decision boundary as a coloured background with a line between the classes, and the points of domains on it.
// Part of the script that starts in play.js.

const FAINTEST = 0.08; // how much of a class's colour the background has at chance
const STRONGEST = 0.4; // and where the network is certain: points of the same colour are still seen

// The colour of each byte of a boundary (class × 32 + confidence) as [red, green, blue].
function shade(byte, classes, background) {
  const colour = classes[byte >> 5];
  if (!colour) return background;
  const strength = FAINTEST + ((STRONGEST - FAINTEST) * (byte % LEVELS)) / (LEVELS - 1);
  return background.map((channel, index) => Math.round(channel + strength * (colour[index] - channel)));
}

// Of all bytes, as pixels of an ImageData: 32 bits each, red first.
function shades(classes, background) {
  const bytes = new Uint8Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) bytes.set([...shade(byte, classes, background), 255], 4 * byte);
  return new Uint32Array(bytes.buffer);
}

function rgb(hex) {
  const digits = /^#([0-9a-f]{6})$/i.exec(hex)?.[1];
  return digits ? [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16)) : [128, 128, 128];
}

// Where the predicted class changes: segments [x, y, x, y, …] in cells, by marching squares on how sure the network is
// of each class but the last.
function boundaryLines(boundary, size, classes) {
  const lines = [];
  for (let label = 0; label < classes - 1; label++) {
    const sure = Float32Array.from(boundary, (byte) => (byte >> 5 === label ? 1 : -1) * ((byte % LEVELS) + 0.5));
    if (sure.every((value) => value > 0) || sure.every((value) => value < 0)) continue;
    for (let row = 0; row + 1 < size; row++) {
      for (let column = 0; column + 1 < size; column++) cross(sure, size, row, column, lines);
    }
  }
  return lines;
}

// The segments of one square between four centres of cells: left, top, right, bottom sides in this order.
function cross(sure, size, row, column, lines) {
  const at = row * size + column;
  const [a, b, c, d] = [sure[at], sure[at + 1], sure[at + size], sure[at + size + 1]];
  if (a > 0 === b > 0 && b > 0 === c > 0 && c > 0 === d > 0) return;
  const x = column + 0.5;
  const y = row + 0.5;
  const ends = [];
  if (a > 0 !== c > 0) ends.push(x, y + a / (a - c));
  if (a > 0 !== b > 0) ends.push(x + a / (a - b), y);
  if (b > 0 !== d > 0) ends.push(x + 1, y + b / (b - d));
  if (c > 0 !== d > 0) ends.push(x + c / (c - d), y + 1);
  lines.push(...ends); // two points, or four where both diagonals differ
}

// The background of one frame: an image of a pixel per cell, and the lines. One is made per run, and used anew.
class Ground {
  constructor() {
    this.image = document.createElement("canvas");
    this.pen = this.image.getContext("2d");
    this.lines = [];
  }

  set(frame, palette, classes) {
    this.frame = frame;
    this.palette = palette;
    this.lines = boundaryLines(frame.boundary, frame.size, classes);
    if (this.size !== frame.size) {
      this.size = this.image.width = this.image.height = frame.size;
      this.pixels = this.pen.createImageData(frame.size, frame.size);
    }
    const pixels = new Uint32Array(this.pixels.data.buffer);
    frame.boundary.forEach((byte, at) => (pixels[at] = palette[byte]));
    this.pen.putImageData(this.pixels, 0, 0);
  }

  draw(pen, side, look) {
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.image, 0, 0, side, side);
    const scale = side / this.size;
    pen.beginPath();
    for (let at = 0; at < this.lines.length; at += 4) {
      pen.moveTo(scale * this.lines[at], scale * this.lines[at + 1]);
      pen.lineTo(scale * this.lines[at + 2], scale * this.lines[at + 3]);
    }
    pen.strokeStyle = look.text;
    pen.lineWidth = Math.max(1.5, side / 160);
    pen.lineCap = "round";
    pen.stroke();
  }
}

// A domain of `data` with bytes in place of base64; points that are no numbers are left out.
function decodeDomain(domain) {
  const bytes = bytesOf(domain.points) ?? new Uint8Array(0);
  const points = new Float32Array(bytes.buffer, 0, bytes.length >> 2);
  const labels = bytesOf(domain.labels) ?? [];
  const labelled = bytesOf(domain.labelled) ?? [];
  const count = Math.min(labels.length, labelled.length, points.length >> 1);
  const good = [...Array(count).keys()].filter((at) => Number.isFinite(points[2 * at] + points[2 * at + 1]));
  return {
    key: domain.key, title: domain.title, role: domain.role,
    points: good.map((at) => [points[2 * at], points[2 * at + 1]]),
    labels: good.map((at) => labels[at]),
    labelled: good.map((at) => Boolean(labelled[at])),
  };
}

// Draw the points of domains into a square. Joined: labelled points that are not of the source have a rim.
function drawDomains(pen, side, domains, [x0, x1, y0, y1], joined, look) {
  const radius = Math.max(2.6, side / 75);
  for (const { role, points, labels, labelled } of domains) {
    const few = labelled.includes(false) ? 1.5 * radius : radius; // the few labelled points among others are seen
    const radii = { hollow: 0.85 * radius, filled: few, ring: few };
    const place = (at) => [((points[at][0] - x0) / (x1 - x0)) * side, ((y1 - points[at][1]) / (y1 - y0)) * side];
    const known = joined && role !== "source" ? "ring" : "filled";
    drawPoints(pen, labels, place, (at) => (labelled[at] ? known : "hollow"), radii, look);
  }
}
