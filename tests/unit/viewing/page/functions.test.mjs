// The pure functions of the page, by node --test.

import assert from "node:assert/strict";
import { test } from "node:test";

const PAGE = "../../../../src/dicomseries/viewing/page";
const { arrayAxesOf, lettersOf, picturePlaneOf, placeOf, planesOf, stepOf } = await import(`${PAGE}/geometry.js`);
const { fitted, layoutOf, planeOfVolume, pointOf, scaleBar, voxelAt } = await import(`${PAGE}/reslicing.js`);
const { draggedWindow, limitsOf } = await import(`${PAGE}/windowing.js`);
const { tableOf, labelColour, packed, COLOUR_MAPS } = await import(`${PAGE}/colours.js`);
const { layOver, paint, valueAt } = await import(`${PAGE}/picture.js`);
const { attributeRows, matchingRows, millimetresText, numberText, planeText } = await import(`${PAGE}/texts.js`);
const { firstState, frameOf, movedBy, movedTo, withLabelToggled, withVolume } = await import(`${PAGE}/state.js`);
const { ServedPlanes } = await import(`${PAGE}/voxels.js`);

const SHAPE = [3, 4, 5];
const AXIAL = [[2, 0, 0, -1], [0, 3, 0, -2], [0, 0, 4, -3]];

/** Every way to lay the array's axes along the patient's, in both directions, a little oblique. */
function affines() {
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  const signs = [1, -1].flatMap((a) => [1, -1].flatMap((b) => [1, -1].map((c) => [a, b, c])));
  return orders.flatMap((order) =>
    signs.map((sign) =>
      [0, 1, 2].map((row) => [
        ...[0, 1, 2].map((column) => (order[column] === row ? sign[column] * (column + 1) : 0.1 * (column - row))),
        10 * row,
      ]),
    ),
  );
}

test("a voxel's place is the affine of column, row and slice", () => {
  assert.deepEqual(placeOf(AXIAL, [1, 2, 3]), [5, 4, 1]);
});

test("letters are the patient's sides by how far a direction leans to them", () => {
  assert.equal(lettersOf([1, 0, 0]), "L");
  assert.equal(lettersOf([-2, 0, 0]), "R");
  assert.equal(lettersOf([0, 0, -1]), "I");
  assert.equal(lettersOf([0.6, -0.8, 0]), "AL");
  assert.equal(lettersOf([0.36, 0.48, 0.8]), "SPL");
  assert.equal(lettersOf([1, 0.1, 0]), "L", "six degrees are not worth a letter");
});

test("a picture without a place is shown as it is stored, without a letter, whatever its stand-in grid", () => {
  for (const affine of affines()) {
    const plane = picturePlaneOf(affine);
    assert.deepEqual(plane.letters, {});
    assert.deepEqual([plane.across, plane.down], [{ axis: 2, isFlipped: false }, { axis: 1, isFlipped: false }]);
    assert.equal(plane.through, 0);
  }
});

test("axial slices are shown as they are stored, coronal and sagittal ones with the head up", () => {
  const [axial, coronal, sagittal] = planesOf(AXIAL);
  assert.deepEqual(axial.across, { axis: 2, isFlipped: false });
  assert.deepEqual(axial.down, { axis: 1, isFlipped: false });
  assert.deepEqual(axial.letters, { left: "R", right: "L", top: "A", bottom: "P" });
  assert.deepEqual(coronal.letters, { left: "R", right: "L", top: "S", bottom: "I" });
  assert.deepEqual(sagittal.letters, { left: "A", right: "P", top: "S", bottom: "I" });
  assert.deepEqual(coronal.down, { axis: 0, isFlipped: true });
  assert.deepEqual(coronal.spacing, [2, 4]);
  assert.equal(axial.tilt, 0);
});

test("however the array lies, right is left, and down is the back or the feet, pixel by pixel", () => {
  for (const affine of affines()) {
    const wanted = [[0, 1, 2, 1], [0, 1, 2, -1], [1, 1, 2, -1]];
    planesOf(affine).forEach((plane, at) => {
      const [right, rightSign, , downSign] = wanted[at];
      const down = at === 0 ? 1 : 2;
      const pixels = placesOf(plane, affine);
      const { width, height } = layoutOf(plane, SHAPE);
      assert.ok((pixels[width - 1][right] - pixels[0][right]) * rightSign > 0);
      assert.ok((pixels[width * (height - 1)][down] - pixels[0][down]) * downSign > 0);
    });
  }
});

/** The places of the pixels of a picture, by way of the index that each voxel holds. */
function placesOf(plane, affine) {
  const numbers = Int32Array.from({ length: 60 }, (_, at) => at);
  const stored = planeOfVolume(numbers, SHAPE, 1, plane.through, 1, 0);
  const { width, height, start, right, down } = layoutOf(plane, SHAPE);
  const places = [];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const number = stored[start + x * right + y * down];
      places.push(placeOf(affine, [Math.floor(number / 20), Math.floor(number / 5) % 4, number % 5]));
    }
  }
  return places;
}

test("each array axis is one patient axis", () => {
  for (const affine of affines()) assert.deepEqual([...arrayAxesOf(affine)].sort(), [0, 1, 2]);
  assert.deepEqual(stepOf(AXIAL, 0), [0, 0, 4]);
});

test("a point of the pane is the voxel that is drawn there, and back", () => {
  for (const affine of affines()) {
    for (const plane of planesOf(affine)) {
      const frame = fitted(50, 30, { width: 400, height: 300 });
      for (const voxel of [[1, 2, 3], [0, 0, 0], [2, 3, 4]]) {
        const [x, y] = pointOf(plane, SHAPE, frame, voxel);
        assert.deepEqual(voxelAt(plane, SHAPE, frame, voxel, x, y), voxel);
      }
      const beside = voxelAt(plane, SHAPE, frame, [1, 1, 1], -1e4, 1e4);
      assert.ok(beside.every((at, axis) => at >= 0 && at < SHAPE[axis]));
    }
  }
});

test("a plane of a volume has the voxels of the array, colours and volumes too", () => {
  const numbers = Int32Array.from({ length: 2 * 60 * 3 }, (_, at) => at);
  const plane = planeOfVolume(numbers, SHAPE, 3, 1, 2, 1);
  assert.equal(plane.length, 3 * 5 * 3);
  const at = (slice, column, part) => (((1 * 3 + slice) * 4 + 2) * 5 + column) * 3 + part;
  assert.equal(plane[(2 * 5 + 4) * 3 + 1], at(2, 4, 1));
});

test("a picture is as large as its pane allows, in true proportions", () => {
  const frame = fitted(50, 25, { width: 100, height: 100 });
  assert.deepEqual(frame, { left: 0, top: 25, width: 100, height: 50, scale: 2 });
  assert.deepEqual([scaleBar(200), scaleBar(9), scaleBar(0.5)], [50, 2, 0.1]);
});

test("a window follows the standard, exactly where it is exact", () => {
  assert.deepEqual(limitsOf({ centre: 40, width: 400, isExact: false }), [-160, 239]);
  assert.deepEqual(limitsOf({ centre: 0.5, width: 1, isExact: true }), [0, 1]);
});

test("a drag to the right widens the window, a drag down makes the picture brighter", () => {
  const range = { centre: 0, width: 1000 };
  const start = { centre: 40, width: 400, isExact: true };
  assert.ok(draggedWindow(start, 0.1, 0, range).width > 400);
  assert.ok(draggedWindow(start, 0, 0.1, range).centre < 40);
  assert.ok(draggedWindow(start, -100, 0, range).width > 0);
});

test("colour maps go from one end to the other, and back when inverted", () => {
  for (const name of COLOUR_MAPS) {
    const [table, turned] = [tableOf(name, false), tableOf(name, true)];
    assert.equal(table[0], turned[255]);
    assert.equal(table.length, 256);
  }
  assert.deepEqual(bytesOf(tableOf("Grey", false).slice(128, 129)), [128, 128, 128, 255]);
  assert.notEqual(labelColour(1), labelColour(2));
});

function bytesOf(pixels) {
  return [...new Uint8Array(pixels.buffer)];
}

const GREY = { samples: 1, labels: [], slope: 2, intercept: 1 };
const LOOK = { limits: [0, 255], table: tableOf("Grey", false), hidden: [], opacity: 0.5 };
const LINE = { width: 2, height: 1, start: 0, right: 1, down: 2 };

test("pixels are real values through window and table; what is no number is black", () => {
  const pixels = paint(new Uint32Array(4), new Float64Array([50, NaN, -9, 9999]), GREY, { ...LINE, width: 4 }, LOOK);
  assert.deepEqual(bytesOf(pixels).slice(8), [0, 0, 0, 255, 255, 255, 255, 255]);
  assert.deepEqual(bytesOf(pixels).slice(0, 8), [101, 101, 101, 255, 0, 0, 0, 255]);
});

test("integers are painted by a table of all values as numbers are one by one", () => {
  const window = { limits: [-300, 4000], table: tableOf("Viridis", false), hidden: [] };
  for (const [Type, lowest, highest] of [[Int8Array, -128, 127], [Uint8Array, 0, 255], [Int16Array, -32768, 32767], [Uint16Array, 0, 65535]]) {
    for (const layer of [GREY, { ...GREY, slope: -0.37, intercept: 1024 }]) {
      const numbers = [lowest, highest, 0, 1, ...Array.from({ length: 996 }, (_, at) => lowest + Math.floor(((highest - lowest) * at) / 996))];
      const layout = { width: 1000, height: 1, start: 0, right: 1, down: 1000 };
      const [fast, slow] = [Type, Float64Array].map((Form) => paint(new Uint32Array(1000), Form.from(numbers), layer, layout, window));
      assert.deepEqual(fast, slow, Type.name);
    }
  }
});

test("labels have their colours above and below, hidden ones none", () => {
  const layer = { ...GREY, slope: 1, intercept: 0, labels: [{ value: 1, name: "a" }, { value: 2, name: "b" }] };
  const values = new Uint8Array([1, 2]);
  const below = paint(new Uint32Array(2), values, layer, LINE, { ...LOOK, hidden: [2] });
  assert.deepEqual(bytesOf(below), [0xe6, 0x9f, 0, 255, 0, 0, 0, 255]);
  const above = layOver(new Uint32Array(2).fill(packed(100, 100, 100)), values, layer, LINE, { ...LOOK, hidden: [2] });
  assert.deepEqual(bytesOf(above), [Math.round(100 + (0xe6 - 100) / 2), Math.round(100 + (0x9f - 100) / 2), 50, 255, 100, 100, 100, 255]);
});

test("colours are shown as they are", () => {
  const rgb = new Uint8Array([1, 2, 3, 4, 5, 6]);
  const pixels = paint(new Uint32Array(2), rgb, { samples: 3, labels: [] }, { ...LINE, start: 1, right: -1 }, LOOK);
  assert.deepEqual(bytesOf(pixels), [4, 5, 6, 255, 1, 2, 3, 255]);
  assert.deepEqual(valueAt(rgb, { samples: 3 }, 2, 0, 1), [4, 5, 6]);
});

test("numbers are told as people write them", () => {
  assert.deepEqual([numberText(-1024), numberText(0.1 + 0.2), numberText(NaN), numberText(-Infinity)], ["−1024", "0.3", "NaN", "−∞"]);
  assert.equal(millimetresText([-0.01, -1.26, 3]), "0.0  −1.3  3.0");
  assert.equal(planeText({ name: "Axial", tilt: 17.4 }), "Axial, oblique 17°");
});

test("attributes are those of the frame, and are found by words of name or text", () => {
  const rows = attributeRows({ shared: [["PatientName", "Doe^Jane"]], varying: { InstanceNumber: ["1", "2"] } }, 1);
  assert.deepEqual(rows, [["InstanceNumber", "2", true], ["PatientName", "Doe^Jane", false]]);
  assert.equal(matchingRows(rows, "patient name").length, 1);
  assert.equal(matchingRows(rows, "jane patient").length, 1);
  assert.equal(matchingRows(rows, "nothing").length, 0);
});

const MODEL = {
  layers: [
    { shape: SHAPE, volumes: 4, window: {}, isInverted: false },
    { shape: SHAPE, volumes: 4 },
    { shape: SHAPE, volumes: 2 },
  ],
};

test("the cross stays inside, and layers of as many volumes go together", () => {
  const state = firstState(MODEL);
  assert.deepEqual(state.cursor, [1, 2, 2]);
  assert.deepEqual(movedBy(state, MODEL, 0, 99).cursor, [2, 2, 2]);
  assert.deepEqual(movedTo(state, MODEL, [-1, 9, 1]).cursor, [0, 3, 1]);
  assert.deepEqual(withVolume(state, MODEL, 0, 3).volumes, [3, 3, 0]);
  assert.deepEqual(withVolume(state, MODEL, 2, 9).volumes, [0, 0, 1]);
  assert.equal(frameOf(withVolume(state, MODEL, 0, 3), MODEL), 10);
  assert.deepEqual(withLabelToggled(withLabelToggled(state, 3), 3).hidden, []);
});

test("a coarse plane is not kept, so that the whole one is asked for", async () => {
  const answers = [true, false];
  const asked = [];
  const get = async (path) => (asked.push(path), { bytes: new ArrayBuffer(8), isCoarse: answers.shift() });
  const planes = new ServedPlanes({ shape: [2, 9, 2], samples: 1, dtype: "int16" }, 0, get);
  assert.equal(planes.isCoarse(await planes.read(1, 4, 0)), true);
  assert.equal(planes.isCoarse(await planes.read(1, 4, 0)), false);
  await planes.read(1, 4, 0);
  assert.deepEqual(asked, ["voxels/0/1/4/0", "voxels/0/1/4/0"]);
});

test("served planes are asked for once, and the next ones ahead of time", async () => {
  const asked = [];
  const get = async (path) => (asked.push(path), { bytes: new ArrayBuffer(8), isCoarse: false });
  const planes = new ServedPlanes({ shape: [9, 2, 2], samples: 1, dtype: "int16" }, 0, get);
  await planes.read(0, 4, 0);
  await planes.read(0, 5, 0);
  await planes.read(0, 5, 0);
  assert.deepEqual(asked, ["voxels/0/0/4/0", "voxels/0/0/5/0", "voxels/0/0/6/0", "voxels/0/0/7/0", "voxels/0/0/8/0"]);
});
