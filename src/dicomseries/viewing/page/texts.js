// Numbers and names as text.

/** A number in at most seven significant digits, without needless zeros; a true minus. */
export function numberText(value) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const text = Number.isInteger(value) && Math.abs(value) < 1e10 ? String(value) : String(Number(value.toPrecision(7)));
  return text.replace(/^-/, "−");
}

export function millimetresText(place) {
  return place.map((part) => part.toFixed(1).replace(/^-(?=0\.0$)/, "").replace(/^-/, "−")).join("  ");
}

/** The name of a plane, with its tilt from one degree on. */
export function planeText({ name, tilt }) {
  return tilt < 1 ? name : `${name}, oblique ${Math.round(tilt)}°`;
}

/** Rows of attributes at one frame: name, text, and whether it differs between frames. */
export function attributeRows({ shared, varying }, frame) {
  const own = Object.entries(varying).map(([name, texts]) => [name, texts[frame] ?? texts[0], true]);
  const rows = [...shared.map(([name, text]) => [name, text, false]), ...own];
  return rows.sort(([one], [other]) => (one < other ? -1 : 1));
}

/** The rows with every word of a query in name or text. */
export function matchingRows(rows, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(([name, text]) => {
    const held = `${name} ${spaced(name)} ${text}`.toLowerCase();
    return words.every((word) => held.includes(word));
  });
}

/** A keyword with blanks between its words. */
export function spaced(keyword) {
  return keyword.replace(/([a-z])(?=[A-Z])/g, "$1 ");
}
