// The state of the view as one record; each action returns a new one.

/** The first state: the middle of the volume. */
export function firstState(model) {
  const [base] = model.layers;
  return {
    cursor: base.shape.map((length) => Math.floor(length / 2)),
    volumes: model.layers.map(() => 0),
    window: base.window,
    colourMap: "Grey",
    isInverted: base.isInverted,
    isCrossShown: true,
    isSmooth: true,
    opacity: 0.5,
    isOverlayShown: true,
    hidden: [],
    tool: "cross",
    only: "",
  };
}

function within(value, length) {
  return Math.max(0, Math.min(length - 1, value));
}

export function movedTo(state, model, cursor) {
  return { ...state, cursor: cursor.map((at, axis) => within(at, model.layers[0].shape[axis])) };
}

export function movedBy(state, model, axis, steps) {
  return movedTo(state, model, state.cursor.map((at, one) => (one === axis ? at + steps : at)));
}

/** Another volume of a layer. Layers with as many volumes as the lowest go with it. */
export function withVolume(state, model, layer, volume) {
  const chosen = within(volume, model.layers[layer].volumes);
  const goesAlong = (other) => other === layer || (layer === 0 && isLinked(model, other));
  return { ...state, volumes: state.volumes.map((at, other) => (goesAlong(other) ? chosen : at)) };
}

export function isLinked(model, layer) {
  return layer > 0 && model.layers[layer].volumes > 1 && model.layers[layer].volumes === model.layers[0].volumes;
}

export function withLabelToggled(state, value) {
  const isHidden = state.hidden.includes(value);
  return { ...state, hidden: isHidden ? state.hidden.filter((one) => one !== value) : [...state.hidden, value] };
}

/** The frame of the array that the cursor is in: the slices of the first volume stand before those of the second. */
export function frameOf(state, model) {
  return state.volumes[0] * model.layers[0].shape[0] + state.cursor[0];
}

export function next(list, item) {
  return list[(list.indexOf(item) + 1) % list.length];
}
