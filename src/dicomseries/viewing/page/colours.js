// Colour maps as tables of 256 colours, and the colours of labels.

// A few colours of each; those between are mixed.
const STOPS = {
  Grey: ["#000000", "#ffffff"],
  "Hot iron": ["#000000", "#7f0000", "#ff0000", "#ff7f00", "#ffff7f", "#ffffff"],
  Viridis: ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"],
  "Cool to warm": ["#3b4cc0", "#8db0fe", "#dddddd", "#f49a7b", "#b40426"],
};

// Distinct from each other and from grey, also with red-green colour blindness (after Okabe and Ito).
const LABELS = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#9ad14b", "#b07cff"];

export const COLOUR_MAPS = Object.keys(STOPS);

export function partsOf(colour) {
  return [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
}

/** A colour as one pixel of a canvas: its bytes are red, green, blue and opaque, as every browser's processor stores them. */
export function packed(red, green, blue) {
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

const TABLES = new Map();

/** A colour map as 256 pixels; always the same array. */
export function tableOf(name, isInverted) {
  const key = `${name} ${isInverted}`;
  if (!TABLES.has(key)) TABLES.set(key, madeTable(name, isInverted));
  return TABLES.get(key);
}

function madeTable(name, isInverted) {
  const stops = STOPS[name].map(partsOf);
  const table = new Uint32Array(256);
  for (let level = 0; level < 256; level += 1) {
    const place = ((isInverted ? 255 - level : level) / 255) * (stops.length - 1);
    const before = Math.min(Math.floor(place), stops.length - 2);
    const mixed = (part) => Math.round(stops[before][part] + (stops[before + 1][part] - stops[before][part]) * (place - before));
    table[level] = packed(mixed(0), mixed(1), mixed(2));
  }
  return table;
}

/** The colour of a label as text. */
export function labelColour(value) {
  return LABELS[(value - 1 + LABELS.length) % LABELS.length];
}
