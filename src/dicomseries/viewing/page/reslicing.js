// Indices: from an array to a plane of it, and from a plane to the picture it is shown as.

/** The two axes of the array that a plane across `axis` has, as it is stored: rows, then columns. */
export function axesAcross(axis) {
  return [0, 1, 2].filter((one) => one !== axis);
}

/** A plane of a whole volume in memory, as the server would give it: (of the other two axes[, 3]), in the array's order. */
export function planeOfVolume(voxels, shape, samples, axis, index, volume) {
  const strides = [shape[1] * shape[2] * samples, shape[2] * samples, samples];
  const start = volume * shape[0] * strides[0] + index * strides[axis];
  const [rows, columns] = axesAcross(axis);
  if (axis === 0) return voxels.subarray(start, start + strides[0]);
  const plane = new voxels.constructor(shape[rows] * shape[columns] * samples);
  let target = 0;
  for (let row = 0; row < shape[rows]; row += 1) {
    for (let column = 0; column < shape[columns]; column += 1) {
      const source = start + row * strides[rows] + column * strides[columns];
      for (let sample = 0; sample < samples; sample += 1) plane[target++] = voxels[source + sample];
    }
  }
  return plane;
}

/** How a picture is read from a stored plane: pixel (x, y) is its element start + x * right + y * down. */
export function layoutOf(plane, shape) {
  const [, columns] = axesAcross(plane.through);
  const stride = (axis) => (axis === columns ? 1 : shape[columns]);
  const along = ({ axis, isFlipped }) => ({
    size: shape[axis],
    step: isFlipped ? -stride(axis) : stride(axis),
    first: isFlipped ? (shape[axis] - 1) * stride(axis) : 0,
  });
  const [across, down] = [along(plane.across), along(plane.down)];
  return {
    width: across.size,
    height: down.size,
    start: across.first + down.first,
    right: across.step,
    down: down.step,
  };
}

/** The largest place of a picture in a pane, by its size in mm: left, top, width, height. */
export function fitted(width, height, room) {
  const scale = Math.min(room.width / width, room.height / height);
  const [wide, high] = [width * scale, height * scale];
  return { left: (room.width - wide) / 2, top: (room.height - high) / 2, width: wide, height: high, scale };
}

/** The voxel under a point of the pane, on the slice that is shown; points outside give the nearest one. */
export function voxelAt(plane, shape, frame, cursor, x, y) {
  const voxel = [...cursor];
  const set = ({ axis, isFlipped }, part) => {
    const at = Math.max(0, Math.min(shape[axis] - 1, Math.floor(part * shape[axis])));
    voxel[axis] = isFlipped ? shape[axis] - 1 - at : at;
  };
  set(plane.across, (x - frame.left) / frame.width);
  set(plane.down, (y - frame.top) / frame.height);
  return voxel;
}

/** The point of the pane at the centre of a voxel. */
export function pointOf(plane, shape, frame, voxel) {
  const part = ({ axis, isFlipped }) => (isFlipped ? shape[axis] - 1 - voxel[axis] : voxel[axis]) + 0.5;
  return [
    frame.left + (part(plane.across) / shape[plane.across.axis]) * frame.width,
    frame.top + (part(plane.down) / shape[plane.down.axis]) * frame.height,
  ];
}

/** A round length in mm that is about a fifth of a pane. */
export function scaleBar(millimetres) {
  const most = millimetres / 4;
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((digit) => digit * power).find((length) => length <= most) ?? power;
}
