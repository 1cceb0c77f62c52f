// Planes of voxels → the pixels of a picture.

import { labelColour, partsOf } from "./colours.js";
import { levelOf } from "./windowing.js";

/**
 * Fills `pixels` (RGBA) with a stored plane of the lowest layer. `layout` says which voxel is which pixel; values are
 * mapped by slope and intercept, the limits of the window, and a table of 256 colours. Labels have their own colours.
 */
export function paint(pixels, values, layer, layout, { limits, table, hidden }) {
  if (layer.samples === 3) return paintColours(pixels, values, layout);
  const labels = labelTable(layer, hidden);
  const [low, high] = limits;
  let target = 0;
  for (let y = 0; y < layout.height; y += 1) {
    let source = layout.start + y * layout.down;
    for (let x = 0; x < layout.width; x += 1, source += layout.right, target += 4) {
      const value = values[source];
      const real = value * layer.slope + layer.intercept;
      const colour = labels ? labels.get(value) : null;
      const at = 3 * Math.round(levelOf(real, low, high));
      pixels[target] = labels ? (colour?.[0] ?? 0) : table[at];
      pixels[target + 1] = labels ? (colour?.[1] ?? 0) : table[at + 1];
      pixels[target + 2] = labels ? (colour?.[2] ?? 0) : table[at + 2];
      pixels[target + 3] = 255;
    }
  }
  return pixels;
}

function paintColours(pixels, values, layout) {
  let target = 0;
  for (let y = 0; y < layout.height; y += 1) {
    let source = layout.start + y * layout.down;
    for (let x = 0; x < layout.width; x += 1, source += layout.right, target += 4) {
      for (let part = 0; part < 3; part += 1) pixels[target + part] = values[3 * source + part];
      pixels[target + 3] = 255;
    }
  }
  return pixels;
}

/** Lays a plane of another layer over the pixels: labels in their colours, values in those of a table from low to high. */
export function layOver(pixels, values, layer, layout, { limits, table, hidden, opacity }) {
  const labels = labelTable(layer, hidden);
  const [low, high] = limits;
  let target = 0;
  for (let y = 0; y < layout.height; y += 1) {
    let source = layout.start + y * layout.down;
    for (let x = 0; x < layout.width; x += 1, source += layout.right, target += 4) {
      const level = labels ? 0 : levelOf(values[source] * layer.slope + layer.intercept, low, high);
      const at = 3 * Math.round(level);
      const colour = labels ? labels.get(values[source]) : level > 0 ? [table[at], table[at + 1], table[at + 2]] : null;
      if (!colour) continue;
      for (let part = 0; part < 3; part += 1) {
        pixels[target + part] += (colour[part] - pixels[target + part]) * opacity;
      }
    }
  }
  return pixels;
}

function labelTable(layer, hidden) {
  if (!layer.labels.length) return null;
  const shown = layer.labels.filter(({ value }) => value !== 0 && !hidden.includes(value));
  return new Map(shown.map(({ value }) => [value, partsOf(labelColour(value))]));
}

/** What stands at a voxel of a stored plane: a value, or three of a colour. */
export function valueAt(values, layer, columns, row, column) {
  const at = row * columns + column;
  if (layer.samples === 3) return [0, 1, 2].map((part) => values[3 * at + part]);
  return values[at] * layer.slope + layer.intercept;
}
