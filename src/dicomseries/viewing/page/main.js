// The page: reads its model, and connects state, panes and sidebar.

import { COLOUR_MAPS } from "./colours.js";
import { press } from "./dom.js";
import { picturePlaneOf, planesOf } from "./geometry.js";
import { Pane } from "./pane.js";
import { Sidebar } from "./sidebar.js";
import { firstState, movedBy, next, withVolume } from "./state.js";
import { HeldPlanes, ServedPlanes, fetched, fetchedPlane, unpacked } from "./voxels.js";

const NARROW = window.matchMedia("(max-width: 760px)");
const LIGHT = window.matchMedia("(prefers-color-scheme: light)");

async function start() {
  const model = JSON.parse(document.getElementById("model").textContent);
  const texts = [...document.querySelectorAll(".voxels")].map((one) => one.textContent);
  const planes = await Promise.all(
    model.layers.map(async (layer, at) =>
      texts.length
        ? new HeldPlanes(layer, await unpacked(layer, texts[at]))
        : new ServedPlanes(layer, at, fetchedPlane),
    ),
  );
  const viewer = new Viewer(model, planes);
  viewer.show();
  await viewer.learn(texts.length > 0);
}

class Viewer {
  constructor(model, planes) {
    this.model = model;
    this.state = firstState(model);
    const act = (change) => this.act(change);
    const [{ affine, hasPlace }] = model.layers;
    const shown = hasPlace ? planesOf(affine) : [picturePlaneOf(affine)];
    this.panes = shown.map((plane) => new Pane(plane, model, planes, act));
    document.getElementById("chooser").hidden = !hasPlace;
    document.getElementById("panes").append(...this.panes.map(({ root }) => root));
    this.sidebar = new Sidebar(document.getElementById("sidebar"), model, planes, act);
    this.active = this.panes[0];
    for (const pane of this.panes) pane.canvas.addEventListener("focus", () => (this.active = pane));
    for (const button of document.querySelectorAll("#chooser button")) {
      button.addEventListener("click", () => this.act((state) => ({ ...state, only: button.value })));
    }
    document.getElementById("theme").addEventListener("click", () => this.turnTheme());
    document.addEventListener("keydown", (event) => this.pressed(event));
    NARROW.addEventListener("change", () => this.show());
    const chosen = { "#light": "light", "#dark": "dark" }[location.hash];
    this.setTheme(chosen ?? preferredTheme());
    LIGHT.addEventListener("change", () => this.setTheme(preferredTheme()));
  }

  act(change) {
    this.state = change(this.state);
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => this.show());
  }

  show() {
    this.isDue = false;
    const only = this.onlyPlane();
    document.getElementById("panes").dataset.only = only;
    for (const { root, plane } of this.panes) root.hidden = only !== "" && plane.name !== only;
    for (const button of document.querySelectorAll("#chooser button")) {
      press(button, button.value === only);
    }
    for (const pane of this.panes) pane.update(this.state);
    this.sidebar.update(this.state);
  }

  /** The name of the plane that is shown alone; pictures without a place have no other. */
  onlyPlane() {
    const [first] = this.panes;
    if (this.panes.length === 1) return first.plane.name;
    return this.state.only || (NARROW.matches ? first.plane.name : "");
  }

  /** Shows attributes and findings, from the page or, once the picture is there, from the server. */
  async learn(isHeld) {
    const told = async (name) => (isHeld ? this.model[name] : (await fetched(name)).json());
    try {
      this.sidebar.showAttributes(await told("attributes"));
      this.sidebar.showFindings(await told("findings"));
    } catch (fault) {
      this.sidebar.showFault(fault.message);
    }
  }

  turnTheme() {
    this.setTheme(document.documentElement.dataset.theme === "light" ? "dark" : "light");
  }

  setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    document.getElementById("theme").textContent = theme === "light" ? "Dark" : "Light";
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyped = event.target.matches?.("input:not([type=checkbox]), select, [role=tab]");
    if (isTyped && event.key !== "Escape") return;
    const change = this.changeOf(event);
    if (change) {
      event.preventDefault();
      this.act(change);
    }
  }

  /** The action of a key on the state; undefined for keys without one. */
  changeOf({ key, shiftKey }) {
    const { plane } = this.active;
    const { model } = this;
    const step = ([axis, isFlipped], steps) => (state) => movedBy(state, model, axis, isFlipped ? -steps : steps);
    const across = [plane.across.axis, plane.across.isFlipped];
    const down = [plane.down.axis, plane.down.isFlipped];
    const through = [plane.through, false];
    const far = model.layers[0].shape[plane.through];
    const volume = (steps) => (state) => withVolume(state, model, 0, state.volumes[0] + steps);
    const only = (name) => (this.panes.length === 1 ? undefined : (state) => onlyOf(state, name));
    const flip = (one) => (state) => ({ ...state, [one]: !state[one] });
    const moves = {
      ArrowUp: step(shiftKey ? down : through, -1),
      ArrowDown: step(shiftKey ? down : through, 1),
      ArrowLeft: shiftKey ? step(across, -1) : volume(-1),
      ArrowRight: shiftKey ? step(across, 1) : volume(1),
      PageUp: step(through, -10),
      PageDown: step(through, 10),
      Home: step(through, -far),
      End: step(through, far),
      a: only("Axial"),
      c: only("Coronal"),
      s: only("Sagittal"),
      w: (state) => this.sidebar.withPreset(state, this.presetAfter(state)),
      m: (state) => ({ ...state, colourMap: next(COLOUR_MAPS, state.colourMap) }),
      i: flip("isInverted"),
      x: flip("isCrossShown"),
      o: flip("isOverlayShown"),
      p: flip("isSmooth"),
      r: () => firstState(model),
      d: (state) => (this.turnTheme(), state),
      "/": (state) => (this.sidebar.searchFor(), state),
      Escape: (state) => (this.active.canvas.focus(), state),
    };
    return moves[key.length === 1 ? key.toLowerCase() : key];
  }

  presetAfter(state) {
    const names = this.sidebar.presets.map(({ name }) => name);
    return next(names, this.sidebar.presetOf(state));
  }
}

function onlyOf(state, name) {
  return { ...state, only: state.only === name ? "" : name };
}

function preferredTheme() {
  return LIGHT.matches ? "light" : "dark";
}

start().catch((fault) => {
  const place = document.getElementById("fault");
  place.hidden = false;
  place.textContent = `This page cannot be shown: ${fault.message}`;
});
