// Where planes come from: the page itself, or the server that gave it.

import { axesAcross, planeOfVolume } from "./reslicing.js";

const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
};

const CACHED_BYTES = 96 * 2 ** 20;
const AHEAD = 6; // as many as a browser asks a server for at once
const COARSE = 203; // the status of a plane that is not what it will be

/** The voxels of a layer from base 64 of their deflated bytes. */
export async function unpacked(layer, text) {
  const letters = atob(text.trim());
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = letters.charCodeAt(at); // many times as fast as `from`
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new ARRAYS[layer.dtype](await new Response(stream).arrayBuffer());
}

/** Planes of voxels that are in the page. */
export class HeldPlanes {
  constructor(layer, voxels) {
    this.layer = layer;
    this.voxels = voxels;
    this.last = [];
  }

  /** The last plane across each axis is cached: every other change needs it again. */
  async read(axis, index, volume) {
    const path = `${index}/${volume}`;
    if (this.last[axis]?.path !== path) {
      const plane = planeOfVolume(this.voxels, this.layer.shape, this.layer.samples, axis, index, volume);
      this.last[axis] = { path, plane };
    }
    return this.last[axis].plane;
  }

  isCoarse() {
    return false;
  }
}

/**
 * Planes from the server: the last ones are cached, the next ones are loaded in advance.
 * `get` returns the bytes of a path and whether they are coarse: of a few slices, to be loaded again.
 */
export class ServedPlanes {
  constructor(layer, number, get) {
    this.layer = layer;
    this.number = number;
    this.get = get;
    this.kept = new Map();
    this.coarse = new WeakSet();
    this.last = {};
  }

  isCoarse(plane) {
    return this.coarse.has(plane);
  }

  read(axis, index, volume) {
    const found = this.asked(axis, index, volume);
    const step = Math.sign(index - (this.last[axis] ?? index));
    this.last[axis] = index;
    for (let ahead = 1; step && ahead <= AHEAD; ahead += 1) {
      const after = index + ahead * step;
      if (after >= 0 && after < this.layer.shape[axis]) this.asked(axis, after, volume).catch(() => {});
    }
    return found;
  }

  asked(axis, index, volume) {
    const path = `voxels/${this.number}/${axis}/${index}/${volume}`;
    if (!this.kept.has(path)) {
      const answer = this.got(path);
      this.kept.set(path, answer);
      answer.catch(() => this.kept.delete(path));
      this.forget(path, axis);
    }
    return this.kept.get(path);
  }

  async got(path) {
    const { bytes, isCoarse } = await this.get(path);
    const plane = new ARRAYS[this.layer.dtype](bytes);
    if (isCoarse) {
      this.coarse.add(plane);
      this.kept.delete(path);
    }
    return plane;
  }

  forget(path, axis) {
    const [rows, columns] = axesAcross(axis);
    const { shape, samples, dtype } = this.layer;
    const bytes = shape[rows] * shape[columns] * samples * ARRAYS[dtype].BYTES_PER_ELEMENT;
    const most = Math.max(24, Math.floor(CACHED_BYTES / bytes));
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= most) break;
      this.kept.delete(oldest);
    }
  }
}

/** Fetches the bytes of a plane. */
export async function fetchedPlane(path) {
  const answer = await fetched(path);
  return { bytes: await answer.arrayBuffer(), isCoarse: answer.status === COARSE };
}

/** Loads from the server; the error has the text of the answer. */
export async function fetched(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error((await answer.text()).trim() || `${answer.status}`);
  return answer;
}
