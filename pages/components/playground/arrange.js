// Where everything goes: how many strategies stand in a row, how many pictures in a row of each, and how large the pictures
// are, so that pictures and numbers are in the first view. Part of the script that starts in play.js.

const NARROW = 460; // pixels; below, one strategy under the other, as on a phone
const LEAST = 110; // of a picture: where all strategies fit in a row at this size, they stand in one
const GAIN = 1.25; // pictures of a strategy stand side by side, unless below each other they are so many times larger
const ASIDE = 700; // pixels of a strategy's card from which further pictures stand beside the planes
const FURTHER = { planes: 300, sections: 350 }; // pixels: of the planes at least and of what follows, where both are shown
const GAP = 8; // between pictures

// given: {runs, pictures, sections, numbers: how many there are; width, height: of the view, pixels; rem; plain}
// Returns {columns, across, side (undefined: as wide as there is room), aside}.
function arrange(given) {
  const { runs, pictures, width } = given;
  if (width < NARROW) return { columns: 1, across: Math.min(2, pictures), side: undefined, aside: false };
  let best;
  for (let columns = runs; columns > 0; columns--) {
    if (runs % columns && columns < runs - 1) continue;
    const found = arrangeRow(given, columns);
    if (found.side >= LEAST) return found;
    if (!best || found.side > best.side) best = found;
  }
  return best;
}

// The best arrangement with so many strategies in a row.
function arrangeRow(given, columns) {
  const { runs, pictures, sections, width, rem } = given;
  const card = (width - (columns - 1) * rem) / columns - 1.5 * rem;
  const aside = sections > 0 && runs === 1 && card >= ASIDE;
  const room = aside ? card - 22 * rem : card;
  let best;
  for (let across = pictures; across > 0; across--) {
    if (across > 2 && pictures % across) continue;
    const wide = (room - (across - 1) * GAP) / across;
    const side = Math.floor(Math.min(wide, tallest(given, columns, across, room, aside)));
    if (!best || side > GAIN * best.side) best = { columns, across, side, aside };
  }
  return best;
}

// How high a picture may be for its strategy to fit the view. Where layers or features follow, they have a place in the
// view too, as long as the planes are not small.
function tallest({ runs, pictures, sections, numbers, height, rem, plain }, columns, across, room, aside) {
  const rows = Math.ceil(pictures / across);
  const lines = plain ? 0 : Math.ceil(numbers / Math.max(1, Math.floor(room / (5.5 * rem))));
  const words = (plain ? 4.6 : 3.6) * rem + lines * 3.5 * rem + rows * (plain ? 2.2 : 1.5) * rem;
  const whole = height / Math.ceil(runs / columns) - words;
  const shared = Math.max(FURTHER.planes, whole - sections * FURTHER.sections);
  return (sections && !aside ? Math.min(whole, shared) : whole) / rows;
}
