// One plane on the screen: picture, letters, cross, and actions of mouse, pen and finger.

import { tableOf } from "./colours.js";
import { element, put } from "./dom.js";
import { layOver, paint } from "./picture.js";
import { fitted, layoutOf, pointOf, scaleBar, voxelAt } from "./reslicing.js";
import { movedBy, movedTo } from "./state.js";
import { planeText } from "./texts.js";
import { draggedWindow, limitsOf } from "./windowing.js";

const WHEEL_STEP = 40;
const PATIENCE_MS = 300;
const COARSE_MS = 250;
const GAP = 9; // between the cross and its lines

export class Pane {
  /** `planes` has a source of planes for each layer; `act` takes a function from the state to the next one. */
  constructor(plane, model, planes, act) {
    Object.assign(this, { plane, model, planes, act });
    this.shape = model.layers[0].shape;
    this.unit = model.layers[0].rulerUnit;
    this.layout = layoutOf(plane, this.shape);
    this.size = [this.layout.width * plane.spacing[0], this.layout.height * plane.spacing[1]];
    this.image = document.createElement("canvas");
    Object.assign(this.image, { width: this.layout.width, height: this.layout.height });
    this.pixels = this.image.getContext("2d").createImageData(this.layout.width, this.layout.height);
    this.asked = 0;
    this.shown = 0;
    this.room = { width: 0, height: 0 };
    this.build();
  }

  build() {
    const { letters, name } = this.plane;
    const last = this.shape[this.plane.through] - 1;
    this.canvas = element("canvas", { tabindex: "0", role: "application", "aria-roledescription": "picture" });
    this.count = element("span", { class: "count" });
    this.fault = element("p", { class: "fault", role: "status" });
    this.slider = element("input", {
      type: "range",
      class: "slice",
      min: "0",
      max: String(last),
      "aria-label": `${name} slice`,
      disabled: last === 0,
      oninput: () => this.act((state) => this.scrolledTo(state, Number(this.slider.value))),
    });
    this.lines = [0, 1, 2, 3].map(() => element("i"));
    this.cross = element("div", { class: "cross", "aria-hidden": "true" }, ...this.lines);
    this.scale = element("span", { class: "scale", "aria-hidden": "true" });
    const sides = Object.entries(letters).map(([side, text]) => element("span", { class: `letter ${side}` }, text));
    this.root = element(
      "section",
      { class: "pane", "data-plane": name, "aria-label": planeText(this.plane) },
      this.canvas,
      this.cross,
      this.scale,
      element("h2", {}, planeText(this.plane)),
      this.count,
      ...sides,
      this.fault,
      this.slider,
    );
    this.listen();
  }

  listen() {
    this.pointers = new Map();
    this.rolled = 0;
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    this.canvas.addEventListener("wheel", (event) => this.rolledBy(event), { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => this.pressed(event));
    this.canvas.addEventListener("pointermove", (event) => this.dragged(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    this.canvas.addEventListener("dblclick", () => {
      this.act((state) => ({ ...state, only: state.only === this.plane.name ? "" : this.plane.name }));
    });
    new ResizeObserver(([{ contentRect }]) => this.resized(contentRect)).observe(this.canvas);
  }

  rolledBy(event) {
    event.preventDefault();
    this.rolled += event.deltaMode === 0 ? event.deltaY : Math.sign(event.deltaY) * WHEEL_STEP;
    if (Math.abs(this.rolled) < WHEEL_STEP) return; // a touchpad sends many small parts of a step
    const step = Math.sign(this.rolled);
    this.rolled = 0;
    this.act((state) => movedBy(state, this.model, this.plane.through, step));
  }

  pressed(event) {
    this.canvas.focus({ preventScroll: true });
    try {
      this.canvas.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that is gone already cannot be captured, and need not be.
    }
    const isWindow = event.button === 2 || event.shiftKey || this.state.tool === "window";
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, window: this.state.window, isWindow });
    for (const pointer of this.pointers.values()) pointer.slice = this.state.cursor[this.plane.through];
    this.dragged(event);
  }

  dragged(event) {
    const start = this.pointers.get(event.pointerId);
    if (!start) return;
    const box = this.canvas.getBoundingClientRect();
    if (this.pointers.size > 1) {
      const steps = Math.round((event.clientY - start.y) / 6);
      this.act((state) => this.scrolledTo(state, start.slice + steps));
    } else if (start.isWindow) {
      const [across, down] = [(event.clientX - start.x) / box.width, (event.clientY - start.y) / box.height];
      const range = this.model.layers[0].valuesWindow;
      this.act((state) => ({ ...state, window: draggedWindow(start.window, across, down, range) }));
    } else {
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      this.act((state) =>
        movedTo(state, this.model, voxelAt(this.plane, this.shape, this.frame, state.cursor, x, y)),
      );
    }
  }

  scrolledTo(state, index) {
    return movedTo(state, this.model, state.cursor.map((at, axis) => (axis === this.plane.through ? index : at)));
  }

  /** The room is noted when it changes: asking for it would cost a layout in every frame. */
  resized({ width, height }) {
    const wasSeen = this.isSeen;
    this.room = { width, height };
    if (!this.isSeen || !this.state) return;
    if (wasSeen) this.draw();
    else this.update(this.state);
  }

  get isSeen() {
    return this.room.width > 0;
  }

  /** Shows a state as soon as its planes are there. Planes that come late are shown unless later ones already are. */
  async update(state) {
    this.state = state;
    if (!this.isSeen) return;
    clearTimeout(this.again);
    this.asked += 1;
    const order = this.asked;
    const index = state.cursor[this.plane.through];
    const waiting = setTimeout(() => this.say("Reading …"), PATIENCE_MS);
    try {
      const read = this.planes.map((one, layer) =>
        layer === 0 || state.isOverlayShown ? one.read(this.plane.through, index, state.volumes[layer]) : null,
      );
      const values = await Promise.all(read);
      if (order < this.shown) return;
      this.shown = order;
      if (!this.isPainted(values, state)) this.paint(values, state);
      this.say("");
      this.placeCross();
      this.count.classList.toggle("coarse", this.isCoarse(values));
      if (this.isCoarse(values) && order === this.asked) this.again = setTimeout(() => this.update(this.state), COARSE_MS);
    } catch (fault) {
      if (order === this.asked) this.say(fault.message);
    } finally {
      clearTimeout(waiting);
    }
  }

  isCoarse(values) {
    return values.some((plane, layer) => plane && this.planes[layer].isCoarse(plane));
  }

  /** Whether the picture is the one of these planes already: where the cross moves in two planes, only one changes. */
  isPainted(values, { window, colourMap, isInverted, isSmooth, hidden, opacity }) {
    const wanted = [...values, window, colourMap, isInverted, isSmooth, hidden, opacity];
    const isSame = wanted.every((one, at) => one === this.painted?.[at]);
    this.painted = wanted;
    return isSame;
  }

  say(text) {
    put(this.fault, "textContent", text);
  }

  paint(values, state) {
    const [base, ...others] = this.model.layers;
    const table = tableOf(state.colourMap, state.isInverted);
    const data = new Uint32Array(this.pixels.data.buffer);
    paint(data, values[0], base, this.layout, { limits: limitsOf(state.window), table, hidden: state.hidden });
    others.forEach((layer, at) => {
      if (!values[at + 1]) return;
      layOver(data, values[at + 1], layer, this.layout, {
        limits: limitsOf(layer.window),
        table: tableOf("Hot iron", false),
        hidden: state.hidden,
        opacity: state.opacity,
      });
    });
    this.image.getContext("2d").putImageData(this.pixels, 0, 0);
    this.index = state.cursor[this.plane.through];
    const length = this.shape[this.plane.through];
    this.count.textContent = `${this.index + 1} / ${length}`;
    this.slider.value = String(this.index);
    this.canvas.setAttribute("aria-label", `${planeText(this.plane)}, slice ${this.index + 1} of ${length}`);
    this.draw();
  }

  /** Draws the picture as large as the pane; cross and scale stand over it, so that they can change without it. */
  draw() {
    const ratio = window.devicePixelRatio || 1;
    this.frame = fitted(...this.size, this.room);
    const { left, top, width, height } = this.frame;
    const brush = this.cleared(Math.round(this.room.width * ratio), Math.round(this.room.height * ratio));
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.imageSmoothingEnabled = this.state.isSmooth && !this.model.layers[0].labels.length;
    brush.drawImage(this.image, left, top, width, height);
    this.placeCross();
    this.placeScale();
  }

  /** An empty canvas; it is made anew only where its size is another, which takes long. */
  cleared(width, height) {
    const brush = this.canvas.getContext("2d");
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
    } else {
      brush.setTransform(1, 0, 0, 1, 0, 0);
      brush.clearRect(0, 0, width, height);
    }
    return brush;
  }

  /** Moves the four lines to the voxel, each as long as the picture and cut off at its edge. */
  placeCross() {
    put(this.cross, "hidden", !this.state.isCrossShown);
    if (!this.frame || this.cross.hidden) return;
    const { left, top, width, height } = this.frame;
    const [x, y] = pointOf(this.plane, this.shape, this.frame, this.state.cursor).map(Math.round);
    const places = [
      [x - left - GAP - width, y - top],
      [x - left + GAP, y - top],
      [x - left, y - top - GAP - height],
      [x - left, y - top + GAP],
    ];
    this.lines.forEach((line, at) => put(line.style, "transform", `translate(${places[at][0]}px, ${places[at][1]}px)`));
  }

  placeScale() {
    const { left, top, width, height, scale } = this.frame;
    const length = scaleBar(this.room.width / scale);
    put(this.scale, "textContent", `${length} ${this.unit}`);
    this.scale.hidden = this.unit === "";
    this.scale.style.width = `${length * scale}px`;
    Object.assign(this.cross.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  }
}
