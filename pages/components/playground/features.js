// The feature space, and the conflict between the gradients of source and target as two arrows.
// Part of the script that starts in play.js.

// Points of the source are filled, those of other domains hollow.
function drawFeatures(pen, width, height, frame, domains, look) {
  const side = Math.min(width, height);
  const radius = Math.max(2.4, side / 85);
  const margin = 3 * radius;
  const radii = { hollow: radius, filled: radius, ring: radius };
  for (const [key, { points, labels }] of frame.features) {
    const way = domains.find((domain) => domain.key === key)?.role === "source" ? "filled" : "hollow";
    const place = (at) => [
      margin + ((points[2 * at] + 127) / 254) * (width - 2 * margin),
      margin + ((127 - points[2 * at + 1]) / 254) * (height - 2 * margin),
    ];
    drawPoints(pen, labels, place, () => way, radii, look);
  }
}

// Degrees between two gradients of this cosine.
function angleOf(cosine) {
  return Math.round((Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI);
}

// The source's arrow points to the right, the target's by its angle from it; their lengths are those of the gradients.
function drawConflict(pen, width, height, [cosine, source, target], look) {
  const longest = Math.max(source, target) || 1;
  const reach = Math.min(width / 2, height) - 6;
  const angle = (angleOf(cosine) * Math.PI) / 180;
  const arrows = [[source, 0, look.source, []], [target, angle, look.target, [4, 3]]];
  for (const [norm, turned, colour, dash] of arrows) {
    drawArrow(pen, width / 2, height - 5, Math.max(6, (reach * norm) / longest), turned, colour, dash);
  }
}

function drawArrow(pen, x, y, length, angle, colour, dash) {
  const at = (along, across) => [
    x + along * Math.cos(angle) - across * Math.sin(angle),
    y - along * Math.sin(angle) - across * Math.cos(angle),
  ];
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 2.5;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(...at(length - 5, 0));
  pen.stroke();
  pen.setLineDash([]);
  pen.beginPath();
  pen.moveTo(...at(length, 0));
  pen.lineTo(...at(length - 8, 4));
  pen.lineTo(...at(length - 8, -4));
  pen.closePath();
  pen.fill();
}
