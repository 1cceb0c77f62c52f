// The sidebar: position of the cross, display, attributes, findings, keys.

import { COLOUR_MAPS, labelColour } from "./colours.js";
import { choice, element, labelled, press, put, toggle } from "./dom.js";
import { placeOf } from "./geometry.js";
import { valueAt } from "./picture.js";
import { frameOf, isLinked, withLabelToggled, withVolume } from "./state.js";
import { attributeRows, matchingRows, millimetresText, numberText } from "./texts.js";

const REST_MS = 120;

const KEYS = [
  ["↑ ↓", "previous, next slice of the plane in use"],
  ["Page ↑ ↓", "ten slices"],
  ["Home End", "first, last slice"],
  ["Shift + arrows", "move the cross in the plane"],
  ["← →", "previous, next volume"],
  ["A C S", "only the axial, coronal, sagittal plane; again for all"],
  ["W", "next window"],
  ["M", "next colour map"],
  ["I", "invert"],
  ["X", "cross on, off"],
  ["O", "overlay on, off"],
  ["P", "smooth, or single voxels"],
  ["R", "as at first"],
  ["D", "dark, light"],
  ["/", "search the attributes"],
];

const MOUSE = [
  ["Drag", "move the cross"],
  ["Right or Shift + drag", "window: sideways its width, up and down its centre"],
  ["Wheel", "scroll; with touch: two fingers"],
  ["Double click", "only this plane; again for all"],
];

export class Sidebar {
  constructor(root, model, planes, act) {
    Object.assign(this, { root, model, planes, act, texts: {} });
    root.append(...notes(model), this.position(), this.display(), ...this.volumes(), ...this.overlay(), this.pages());
  }

  position() {
    this.voxel = element("dd");
    this.place = element("dd");
    this.values = this.model.layers.map(() => element("dd", { class: "value" }));
    const rows = this.model.layers.flatMap((layer, at) => [
      element("dt", {}, this.model.layers.length > 1 ? layer.name : "Value"),
      this.values[at],
    ]);
    return element(
      "section",
      { class: "card position", "aria-label": "Position" },
      element(
        "dl",
        {},
        ...rows,
        element("dt", {}, "LPS mm"),
        this.place,
        element("dt", { title: "slice, row, column, counted from 0" }, "Array index"),
        this.voxel,
      ),
    );
  }

  display() {
    const [base] = this.model.layers;
    this.presets = [
      { name: "Header", ...base.window },
      ...base.presets,
      { name: "Values", ...base.valuesWindow },
    ];
    const number = (name, key) =>
      element("input", {
        type: "number",
        step: "any",
        "aria-label": name,
        onchange: (event) => this.typed(key, Number(event.target.value)),
      });
    this.centre = number("Window centre", "centre");
    this.width = number("Window width", "width");
    this.preset = choice([...this.presets.map(({ name }) => name), "Own"], (name) => this.act((state) => this.withPreset(state, name)));
    this.colourMap = choice(COLOUR_MAPS, (colourMap) => this.act((state) => ({ ...state, colourMap })));
    const flip = (key) => () => this.act((state) => ({ ...state, [key]: !state[key] }));
    this.toggles = [
      ["isInverted", toggle("Invert", flip("isInverted"))],
      ["isCrossShown", toggle("Cross", flip("isCrossShown"))],
      ["isSmooth", toggle("Smooth", flip("isSmooth"))],
    ];
    this.tool = toggle("Drag sets window", () =>
      this.act((state) => ({ ...state, tool: state.tool === "cross" ? "window" : "cross" })),
    );
    const isPlain = base.samples === 1 && !base.labels.length;
    return element(
      "section",
      { class: "card display", "aria-label": "Display" },
      ...(isPlain
        ? [
            element("div", { class: "pair" }, labelled("Window", this.preset), labelled("Colours", this.colourMap)),
            element("div", { class: "pair" }, labelled("Centre", this.centre), labelled("Width", this.width)),
          ]
        : []),
      element("div", { class: "buttons" }, ...this.toggles.map(([, button]) => button), this.tool),
    );
  }

  withPreset(state, name) {
    const { centre, width, isExact } = this.presets.find((one) => one.name === name) ?? state.window;
    return { ...state, window: { centre, width, isExact } };
  }

  typed(key, value) {
    this.act((state) =>
      Number.isFinite(value) && (key !== "width" || value > 0)
        ? { ...state, window: { ...state.window, [key]: value } }
        : { ...state },
    );
  }

  presetOf({ window: { centre, width, isExact } }) {
    const same = (one) => one.centre === centre && one.width === width && one.isExact === isExact;
    return this.presets.find(same)?.name ?? "Own";
  }

  volumes() {
    this.steps = this.model.layers.map(({ volumes, axis, name }, layer) => {
      if (volumes < 2 || isLinked(this.model, layer)) return null;
      const slider = element("input", {
        type: "range",
        min: "0",
        max: String(volumes - 1),
        "aria-label": `${name}: ${axis}`,
        oninput: () => this.act((state) => withVolume(state, this.model, layer, Number(slider.value))),
      });
      return { slider, text: element("output"), title: axis[0].toUpperCase() + axis.slice(1) };
    });
    return this.steps.filter(Boolean).map(({ slider, text, title }) =>
      element("section", { class: "card volumes", "aria-label": title }, element("p", {}, element("span", {}, title), text), slider),
    );
  }

  overlay() {
    const labels = this.model.layers.flatMap((layer) => layer.labels);
    if (this.model.layers.length < 2 && !labels.length) return [];
    this.shown = toggle("Overlay", () => this.act((state) => ({ ...state, isOverlayShown: !state.isOverlayShown })));
    this.opacity = element("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "0.05",
      "aria-label": "Opacity of the overlay",
      oninput: () => this.act((state) => ({ ...state, opacity: Number(this.opacity.value) })),
    });
    this.labels = labels.filter(({ value }) => value !== 0).map(({ value, name }) => {
      const box = element("input", { type: "checkbox", onchange: () => this.act((state) => withLabelToggled(state, value)) });
      const swatch = element("i", { class: "swatch", "aria-hidden": "true" });
      swatch.style.backgroundColor = labelColour(value);
      return { value, box, row: element("label", { class: "label" }, box, swatch, element("span", {}, `${value}  ${name}`)) };
    });
    const bar = element("div", { class: "buttons" }, this.shown, this.opacity);
    const list = element("div", { class: "labels" }, ...this.labels.map(({ row }) => row));
    return [
      element("section", { class: "card overlay", "aria-label": "Overlay" }, ...(this.model.layers.length > 1 ? [bar] : []), list),
    ];
  }

  pages() {
    const names = ["Attributes", "Findings", "Keys"];
    this.tabs = names.map((name, at) =>
      element("button", {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-controls": `page-${name}`,
        onclick: () => this.turnTo(at),
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          this.turnTo((at + step + names.length) % names.length).focus();
          event.preventDefault();
        },
      }, name),
    );
    this.search = element("input", {
      type: "search",
      placeholder: "Search",
      "aria-label": "Search the attributes",
      oninput: () => this.listAttributes(),
    });
    this.table = element("dl", { class: "attributes" });
    this.findings = element("div", { class: "findings" }, element("p", {}, "Checking …"));
    const contents = [[this.search, this.table], [this.findings], [keys(MOUSE), keys(KEYS)]];
    this.sheets = names.map((name, at) =>
      element("div", { role: "tabpanel", id: `page-${name}`, tabindex: "0", "aria-labelledby": `tab-${name}` }, ...contents[at]),
    );
    this.turnTo(0);
    return element("div", { class: "card pages" }, element("div", { role: "tablist", "aria-label": "More" }, ...this.tabs), ...this.sheets);
  }

  turnTo(chosen) {
    this.tabs.forEach((tab, at) => {
      tab.setAttribute("aria-selected", String(at === chosen));
      tab.tabIndex = at === chosen ? 0 : -1;
      this.sheets[at].hidden = at !== chosen;
    });
    return this.tabs[chosen];
  }

  searchFor() {
    this.turnTo(0);
    this.search.focus();
  }

  showAttributes(attributes) {
    this.attributes = attributes;
    this.listAttributes();
  }

  /** Lists them once the scrolling rests: a list of all of them takes as long as several slices. */
  listAttributesSoon() {
    clearTimeout(this.due);
    this.due = setTimeout(() => this.listAttributes(), REST_MS);
  }

  listAttributes() {
    if (!this.attributes || !this.state) return;
    const rows = matchingRows(attributeRows(this.attributes, frameOf(this.state, this.model)), this.search.value);
    const shown = rows.map(([name, text, varies]) =>
      element("div", {}, element("dt", { class: varies ? "varies" : null, title: varies ? "of this slice" : null }, name), element("dd", {}, text || "–")),
    );
    this.table.replaceChildren(...(shown.length ? shown : [element("div", {}, element("dt", {}, "Nothing found"), element("dd", {}, ""))]));
  }

  showFindings(findings) {
    const count = findings.length ? ` (${findings.length})` : "";
    this.tabs[1].textContent = `Findings${count}`;
    this.findings.replaceChildren(
      ...(findings.length ? findings.map(finding) : [element("p", { class: "well" }, "check found nothing wrong.")]),
    );
  }

  showFault(text) {
    this.findings.replaceChildren(element("p", {}, text));
    this.table.replaceChildren(element("div", {}, element("dt", {}, "Not read"), element("dd", {}, text)));
  }

  /** Shows a state; the value is read from the slice the cross is in. */
  async update(state) {
    const isMoved = !this.state || frameOf(this.state, this.model) !== frameOf(state, this.model);
    this.state = state;
    const [base] = this.model.layers;
    put(this.voxel, "textContent", `[${state.cursor.join(", ")}]`);
    const place = base.hasPlace ? millimetresText(placeOf(base.affine, state.cursor)) : base.noPlace;
    put(this.place, "textContent", place);
    put(this.preset, "value", this.presetOf(state));
    put(this.centre, "value", String(Number(state.window.centre.toPrecision(6))));
    put(this.width, "value", String(Number(state.window.width.toPrecision(6))));
    put(this.colourMap, "value", state.colourMap);
    for (const [key, button] of this.toggles) press(button, state[key]);
    press(this.tool, state.tool === "window");
    this.updateLayers(state);
    if (isMoved) this.listAttributesSoon();
    await Promise.all(this.model.layers.map((layer, at) => this.updateValue(layer, at, state)));
  }

  updateLayers(state) {
    this.steps.forEach((step, layer) => {
      if (!step) return;
      const { steps, volumes } = this.model.layers[layer];
      const at = state.volumes[layer];
      step.slider.value = String(at);
      step.text.textContent = `${steps[at] ?? at + 1}  (${at + 1} / ${volumes})`;
      step.slider.setAttribute("aria-valuetext", steps[at] ?? String(at + 1));
    });
    if (!this.labels) return;
    press(this.shown, state.isOverlayShown);
    this.opacity.value = String(state.opacity);
    for (const { value, box } of this.labels) box.checked = !state.hidden.includes(value);
  }

  async updateValue(layer, at, state) {
    const [slice, row, column] = state.cursor;
    // Where a slice cannot be read, its pane says why.
    const plane = await this.planes[at].read(0, slice, state.volumes[at]).catch(() => null);
    if (state !== this.state) return;
    const value = plane && valueAt(plane, layer, layer.shape[2], row, column);
    const shown = this.values[at];
    put(shown, "textContent", plane ? valueText(value, layer) : "–");
    // In full, for programs.
    shown.dataset.value = JSON.stringify(typeof value === "number" ? String(value) : value);
    shown.dataset.voxel = JSON.stringify([...state.cursor, state.volumes[at]]);
  }
}

/** What was assumed or left out, where it cannot be overlooked. */
function notes({ notes: texts }) {
  if (!texts.length) return [];
  const items = texts.map((text) => element("li", {}, text));
  return [element("section", { class: "card notes", "aria-label": "Notes" }, element("ul", {}, ...items))];
}

function valueText(value, { labels, unit }) {
  if (Array.isArray(value)) return value.join("  ");
  const name = labels.find((one) => one.value === value)?.name;
  return [numberText(value), name ?? unit].filter(Boolean).join(" ");
}

function keys(rows) {
  return element("dl", { class: "keys" }, ...rows.map(([key, text]) => element("div", {}, element("dt", {}, key), element("dd", {}, text))));
}

function finding({ id, level, part, where, message, remedy }) {
  return element(
    "article",
    { class: level },
    element("h3", {}, `${level === "error" ? "Error" : "Warning"} ${id}`),
    element("p", {}, message),
    element("p", {}, remedy),
    element("p", { class: "where" }, `${where} · ${part}`),
  );
}
