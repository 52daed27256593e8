// Points of classes and domains: a class has a colour and a shape, a domain a way of filling.
// Part of the script that starts in play.js.

const CORNERS = { // of a shape, as [angle of the first from the top, number, every second one's distance]
  square: [1 / 8, 4, 1], triangle: [0, 3, 1], diamond: [0, 4, 1], star: [0, 10, 0.45], pentagon: [0, 5, 1],
  down: [1 / 2, 3, 1], cross: [1 / 8, 8, 0.4],
};
const SHAPES = ["circle", "square", "triangle", "diamond", "star", "cross", "down", "pentagon"];
const WIDER = { square: 1.1, triangle: 1.25, down: 1.25, diamond: 1.2, star: 1.35, cross: 1.3, pentagon: 1.1 };

// Add the outline of a class's shape around (x, y) to the path.
function traceShape(pen, label, x, y, radius) {
  const shape = SHAPES[label % SHAPES.length];
  if (shape === "circle") {
    pen.moveTo(x + radius, y);
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  const [first, corners, inner] = CORNERS[shape];
  for (let corner = 0; corner < corners; corner++) {
    const angle = 2 * Math.PI * (first + corner / corners);
    const reach = radius * WIDER[shape] * (corner % 2 ? inner : 1);
    pen[corner ? "lineTo" : "moveTo"](x + reach * Math.sin(angle), y - reach * Math.cos(angle));
  }
  pen.closePath();
}

// All points of one class and one way of filling, as one path.
// way: "filled", "ring" (filled, with a rim in the colour of text), "hollow"
function drawMarks(pen, places, label, radius, way, look) {
  if (!places.length) return;
  pen.beginPath();
  for (const [x, y] of places) traceShape(pen, label, x, y, radius);
  const colour = look.classes[label] ?? look.text;
  pen.lineJoin = "round";
  if (way === "hollow") {
    pen.fillStyle = look.paper;
    pen.fill();
    pen.strokeStyle = colour;
    pen.lineWidth = Math.max(1.2, 0.4 * radius);
    pen.stroke();
    return;
  }
  pen.strokeStyle = way === "ring" ? look.text : look.background; // a rim tells a point from its background
  pen.lineWidth = way === "ring" ? 0.9 * radius : 0.6 * radius;
  pen.stroke();
  pen.fillStyle = colour;
  pen.fill();
}

// Points by class. place: index → [x, y] in pixels; wayOf: index → way; ways are drawn in their order.
function drawPoints(pen, labels, place, wayOf, radii, look) {
  for (const way of ["hollow", "filled", "ring"]) {
    const byClass = new Map();
    labels.forEach((label, index) => {
      if (wayOf(index) !== way) return;
      if (!byClass.has(label)) byClass.set(label, []);
      byClass.get(label).push(place(index));
    });
    for (const [label, places] of byClass) drawMarks(pen, places, label, radii[way], way, look);
  }
}

// A mark by itself, for a legend.
function addMark(parent, label, way, look) {
  const canvas = add(parent, "canvas", "mark");
  canvas.width = canvas.height = 36;
  canvas.setAttribute("aria-hidden", "true");
  drawMarks(canvas.getContext("2d"), [[18, 18]], label, 11, way, look);
}
