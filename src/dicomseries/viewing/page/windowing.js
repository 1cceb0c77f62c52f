// Which values are black and which white (PS3.3 C.11.2.1.2).

/** The values that are just black and just white. */
export function limitsOf({ centre, width, isExact }) {
  if (isExact || width <= 1) return [centre - width / 2, centre + width / 2];
  const half = (width - 1) / 2;
  return [centre - 0.5 - half, centre - 0.5 + half];
}

/** The window after a drag by a part of the picture's width and height: right is wider, down is brighter. */
export function draggedWindow(window, across, down, range) {
  const width = Math.max(window.width * Math.exp(2 * across), range.width * 1e-6, Number.MIN_VALUE);
  return { ...window, width, centre: window.centre - down * Math.max(window.width, range.width * 0.05) };
}
