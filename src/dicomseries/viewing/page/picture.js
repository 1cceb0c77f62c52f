// Planes of voxels → the pixels of a picture, each a number of four bytes (red, green, blue, opaque).

import { labelColour, packed, partsOf } from "./colours.js";

const BLACK = packed(0, 0, 0);

/**
 * Fills `pixels` with a stored plane of the lowest layer. `layout` says which voxel is which pixel; values are mapped by
 * slope and intercept, the limits of the window, and a table of 256 colours. Labels have their own colours.
 */
export function paint(pixels, values, layer, layout, { limits, table, hidden }) {
  if (layer.samples === 3) return paintColours(pixels, values, layout);
  const labels = labelTable(layer, hidden);
  const colours = labels ? null : coloursOf(values, layer, limits, table);
  if (colours) return paintByTable(pixels, values, layout, colours);
  const [scale, offset] = levelsOf(layer, limits);
  let target = 0;
  for (let y = 0; y < layout.height; y += 1) {
    let source = layout.start + y * layout.down;
    for (let x = 0; x < layout.width; x += 1, source += layout.right, target += 1) {
      pixels[target] = labels ? labels[values[source]] || BLACK : table[levelAt(values[source] * scale + offset)];
    }
  }
  return pixels;
}

/** The last table and its key: the three planes share it. */
let made = {};

/** The colour of each stored value there can be, at the value's lowest bits; null for all but 8 and 16 bit integers. */
function coloursOf(values, { slope, intercept }, limits, table) {
  const Type = values.constructor;
  if (![Int8Array, Uint8Array, Int16Array, Uint16Array].includes(Type)) return null;
  const wanted = { Type, slope, intercept, table, low: limits[0], high: limits[1] };
  if (!Object.entries(wanted).every(([key, value]) => made[key] === value)) {
    const [scale, offset] = levelsOf({ slope, intercept }, limits);
    const stored = Type.from({ length: 1 << (8 * Type.BYTES_PER_ELEMENT) }, (_, bits) => bits);
    made = { ...wanted, colours: Uint32Array.from(stored, (value) => table[levelAt(value * scale + offset)]) };
  }
  return made.colours;
}

function paintByTable(pixels, values, layout, colours) {
  const mask = colours.length - 1;
  let target = 0;
  for (let y = 0; y < layout.height; y += 1) {
    let source = layout.start + y * layout.down;
    for (let x = 0; x < layout.width; x += 1, source += layout.right, target += 1) {
      pixels[target] = colours[values[source] & mask];
    }
  }
  return pixels;
}

/** A function from stored values to levels from 0 to 255. */
function levelsOf({ slope, intercept }, [low, high]) {
  return [(slope * 255) / (high - low), ((intercept - low) * 255) / (high - low)];
}

/** The nearest level; 0 for NaN. */
function levelAt(level) {
  if (level > 0) return level < 255 ? (level + 0.5) | 0 : 255;
  return 0;
}

function paintColours(pixels, values, layout) {
  let target = 0;
  for (let y = 0; y < layout.height; y += 1) {
    let source = layout.start + y * layout.down;
    for (let x = 0; x < layout.width; x += 1, source += layout.right, target += 1) {
      pixels[target] = packed(values[3 * source], values[3 * source + 1], values[3 * source + 2]);
    }
  }
  return pixels;
}

/** Lays a plane of another layer over the pixels: labels in their colours, values in those of a table from low to high. */
export function layOver(pixels, values, layer, layout, { limits, table, hidden, opacity }) {
  const labels = labelTable(layer, hidden);
  const [scale, offset] = levelsOf(layer, limits);
  let target = 0;
  for (let y = 0; y < layout.height; y += 1) {
    let source = layout.start + y * layout.down;
    for (let x = 0; x < layout.width; x += 1, source += layout.right, target += 1) {
      const level = labels ? 0 : levelAt(values[source] * scale + offset);
      const colour = labels ? labels[values[source]] : level > 0 && table[level];
      if (colour) pixels[target] = mixed(pixels[target], colour, opacity);
    }
  }
  return pixels;
}

function mixed(below, above, opacity) {
  const part = (shift) => {
    const under = (below >>> shift) & 255;
    return Math.round(under + (((above >>> shift) & 255) - under) * opacity);
  };
  return packed(part(0), part(8), part(16));
}

/** The colour of each label by its value, 0 for those that are not shown. */
function labelTable({ labels }, hidden) {
  if (!labels.length) return null;
  const shown = labels.filter(({ value }) => value !== 0 && !hidden.includes(value));
  const table = new Uint32Array(1 + Math.max(...labels.map(({ value }) => value)));
  for (const { value } of shown) table[value] = packed(...partsOf(labelColour(value)));
  return table;
}

/** The value of a voxel of a stored plane, or three of a colour. */
export function valueAt(values, layer, columns, row, column) {
  const at = row * columns + column;
  if (layer.samples === 3) return [0, 1, 2].map((part) => values[3 * at + part]);
  return values[at] * layer.slope + layer.intercept;
}
