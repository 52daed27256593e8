// What the layers see: a small heat map per hidden unit, joined by lines as thick as the weights between them.
// Part of the script that starts in play.js.

const THICKEST = 4; // pixels of the largest weight
const FAINT = 20; // a smaller weight (of 255) is not drawn
const HEADING = 34; // pixels above the maps: the name of a stage, and whether it is frozen

// Where each unit stands: {side, columns: [[x, y] of each unit's top left corner]}, the inputs first.
function unitPlaces(units, width) {
  const counts = [2, ...units.map(({ count }) => count)];
  const span = width / counts.length;
  const side = Math.round(Math.max(12, Math.min(34, 0.6 * span)));
  const most = Math.max(...counts);
  const columns = counts.map((count, column) => {
    const x = Math.round((column + 0.5) * span - side / 2);
    const top = HEADING + ((most - count) * (side + 5)) / 2;
    return Array.from({ length: count }, (_, unit) => [x, Math.round(top + unit * (side + 5))]);
  });
  return { side, span, columns, height: HEADING + most * (side + 5) };
}

// The colours of a map's bytes, from the background to a colour.
function ramp(colour, background) {
  const bytes = new Uint8Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    const mixed = background.map((channel, index) => channel + (byte / 255) * (colour[index] - channel));
    bytes.set([...mixed.map(Math.round), 255], 4 * byte);
  }
  return new Uint32Array(bytes.buffer);
}

class Layers {
  constructor() {
    this.atlas = document.createElement("canvas"); // every map of a frame, a stage a row
    this.pen = this.atlas.getContext("2d");
  }

  draw(pen, width, frame, look, texts) {
    const { side, span, columns } = unitPlaces(frame.units, width);
    this.paint(frame.units, look);
    this.connect(pen, frame.units, columns, side, look);
    this.drawInputs(pen, columns[0], side, look);
    this.name(pen, columns[0], side, span, "x, y", "", look);
    frame.units.forEach((unit, row) => {
      const places = columns[row + 1];
      places.forEach(([x, y], index) => {
        pen.drawImage(this.atlas, index * this.cell, row * this.cell, unit.size, unit.size, x, y, side, side);
        outline(pen, x, y, side, unit.frozen, look);
      });
      this.name(pen, places, side, span, unit.stage, unit.frozen ? texts.frozen : "", look);
    });
  }

  paint(units, look) {
    const cell = Math.max(1, ...units.map(({ size }) => size));
    const width = cell * Math.max(1, ...units.map(({ count }) => count));
    const height = cell * Math.max(1, units.length);
    if (this.cell !== cell || this.atlas.width !== width || this.atlas.height !== height) {
      Object.assign(this.atlas, { width, height });
      this.cell = cell;
      this.pixels = this.pen.createImageData(width, height);
    }
    const pixels = new Uint32Array(this.pixels.data.buffer);
    units.forEach(({ size, count, maps, frozen }, row) => {
      const colours = frozen ? look.frozenRamp : look.ramp;
      for (let unit = 0; unit < count; unit++) {
        for (let y = 0; y < size; y++) {
          const from = (unit * size + y) * size;
          const to = (row * cell + y) * width + unit * cell;
          for (let x = 0; x < size; x++) pixels[to + x] = colours[maps[from + x]];
        }
      }
    });
    this.pen.putImageData(this.pixels, 0, 0);
  }

  connect(pen, units, columns, side, look) {
    units.forEach(({ weights, count, frozen }, stage) => {
      pen.strokeStyle = frozen ? look.frozen : look.text;
      pen.setLineDash(frozen ? [4, 3] : []);
      weights.forEach((weight, at) => {
        if (weight < FAINT) return;
        const [x0, y0] = columns[stage][Math.floor(at / count)];
        const [x1, y1] = columns[stage + 1][at % count];
        pen.globalAlpha = 0.15 + (0.6 * weight) / 255;
        pen.lineWidth = Math.max(0.5, (THICKEST * weight) / 255);
        pen.beginPath();
        pen.moveTo(x0 + side, y0 + side / 2);
        pen.lineTo(x1, y1 + side / 2);
        pen.stroke();
      });
    });
    pen.globalAlpha = 1;
    pen.setLineDash([]);
  }

  // The inputs grow to the right, and upwards.
  drawInputs(pen, places, side, look) {
    places.forEach(([x, y], index) => {
      const shading = index ? pen.createLinearGradient(x, y + side, x, y) : pen.createLinearGradient(x, y, x + side, y);
      shading.addColorStop(0, look.background);
      shading.addColorStop(1, look.text);
      pen.fillStyle = shading;
      pen.fillRect(x, y, side, side);
      outline(pen, x, y, side, false, look);
    });
  }

  name(pen, places, side, span, stage, frozen, look) {
    const x = places[0]?.[0] + side / 2;
    pen.textAlign = "center";
    pen.textBaseline = "alphabetic";
    pen.font = `12px ${look.font}`;
    pen.fillStyle = look.text;
    pen.fillText(stage, x, 12, span - 2);
    if (!frozen) return;
    pen.fillStyle = pen.strokeStyle = look.frozen;
    pen.font = `600 11px ${look.font}`;
    pen.fillText(frozen, x + 5, 27, span - 14);
    padlock(pen, x - Math.min(pen.measureText(frozen).width, span - 14) / 2 - 6, 18);
  }
}

function outline(pen, x, y, side, frozen, look) {
  pen.strokeStyle = frozen ? look.frozen : look.border;
  pen.lineWidth = frozen ? 2 : 1;
  pen.setLineDash(frozen ? [4, 2] : []);
  pen.strokeRect(x, y, side, side);
  pen.setLineDash([]);
}

function padlock(pen, x, y) {
  pen.fillRect(x, y + 4, 8, 6);
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.arc(x + 4, y + 4, 2.6, Math.PI, 0);
  pen.stroke();
}
