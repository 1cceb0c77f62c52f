// Where voxels are: three planes of an array in patient coordinates (LPS mm), shown as radiologists look at them.
//
// Axes of an array are 0 (slices), 1 (rows), 2 (columns); a voxel is [slice, row, column]. The affine maps
// (column, row, slice) to mm that grow to the patient's Left, Posterior and Superior (PS3.3 C.7.6.2.1.1).

const POSITIVE = ["L", "P", "S"];
const NEGATIVE = ["R", "A", "I"];
const PLANES = ["Sagittal", "Coronal", "Axial"];

// A direction is named after each patient axis that it leans to by more than 15 degrees.
const LEAST_LEAN = Math.sin((15 * Math.PI) / 180);

/** The step in mm from one voxel to the next along an axis of the array. */
export function stepOf(affine, axis) {
  return [0, 1, 2].map((row) => affine[row][2 - axis]);
}

export function lengthOf(vector) {
  return Math.hypot(...vector);
}

/** The place of a voxel's centre in LPS mm. */
export function placeOf(affine, voxel) {
  const [slice, row, column] = voxel;
  return [0, 1, 2].map((at) => affine[at][0] * column + affine[at][1] * row + affine[at][2] * slice + affine[at][3]);
}

/** Letters of the patient's sides that a direction points to, the nearest first: "L", "PL", "AHR" with S for the head. */
export function lettersOf(direction) {
  const length = lengthOf(direction) || 1;
  return direction
    .map((part, at) => ({ lean: Math.abs(part) / length, letter: (part < 0 ? NEGATIVE : POSITIVE)[at] }))
    .filter((one) => one.lean > LEAST_LEAN)
    .sort((one, other) => other.lean - one.lean)
    .map((one) => one.letter)
    .join("");
}

/** For each patient axis (L, P, S) the array's axis that lies nearest to it; each is taken once. */
export function arrayAxesOf(affine) {
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  const units = [0, 1, 2].map((axis) => {
    const step = stepOf(affine, axis);
    return step.map((part) => Math.abs(part) / lengthOf(step));
  });
  const fit = (order) => order.reduce((sum, axis, patient) => sum + units[axis][patient], 0);
  // Of equal fits (45 degrees) the first is taken, so that rounding does not decide.
  return orders.reduce((best, order) => (fit(order) > fit(best) + 1e-9 ? order : best), [2, 1, 0]);
}

/**
 * The three planes: axial and coronal with the patient's left on the right of the picture, sagittal with the face to
 * the left, the head up. `across` and `down` are the array's axes along the picture's, flipped where they run against it.
 */
export function planesOf(affine) {
  const axes = arrayAxesOf(affine);
  const along = (patient, sign) => {
    const axis = axes[patient];
    return { axis, isFlipped: stepOf(affine, axis)[patient] * sign < 0 };
  };
  const [left, posterior, inferior] = [along(0, 1), along(1, 1), along(2, -1)];
  return [
    planeOf(affine, 2, axes[2], left, posterior),
    planeOf(affine, 1, axes[1], left, inferior),
    planeOf(affine, 0, axes[0], posterior, inferior),
  ];
}

/** The one plane of pictures that stand nowhere: as they are stored, without letters of a patient. */
export function picturePlaneOf(affine) {
  const [across, down] = [2, 1].map((axis) => ({ axis, isFlipped: false }));
  return {
    name: "Picture",
    tilt: 0,
    through: 0,
    across,
    down,
    spacing: [lengthOf(stepOf(affine, 2)), lengthOf(stepOf(affine, 1))],
    letters: {},
  };
}

function planeOf(affine, patient, through, across, down) {
  const directionOf = (one) => stepOf(affine, one.axis).map((part) => (one.isFlipped ? -part : part));
  const [right, bottom] = [directionOf(across), directionOf(down)];
  const opposite = (direction) => direction.map((part) => -part);
  return {
    name: PLANES[patient],
    tilt: tiltOf(stepOf(affine, through), patient),
    through,
    across,
    down,
    spacing: [lengthOf(right), lengthOf(bottom)],
    letters: {
      left: lettersOf(opposite(right)),
      right: lettersOf(right),
      top: lettersOf(opposite(bottom)),
      bottom: lettersOf(bottom),
    },
  };
}

/** Degrees between the normal of a plane and the patient's axis it is named after. */
function tiltOf(normal, patient) {
  return (Math.acos(Math.min(1, Math.abs(normal[patient]) / lengthOf(normal))) * 180) / Math.PI;
}
