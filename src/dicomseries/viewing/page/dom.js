// Elements of the page, made by hand.

/** An element with attributes and children; `on…` attributes are listeners, true and false set and leave out. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Sets a property of an element only if it differs: each setting costs a layout. */
export function put(target, name, value) {
  if (target[name] !== value) target[name] = value;
}

export function press(button, isPressed) {
  if (button.getAttribute("aria-pressed") !== String(isPressed)) button.setAttribute("aria-pressed", String(isPressed));
}

export function labelled(text, control) {
  return element("label", { class: "field" }, element("span", {}, text), control);
}

export function choice(names, act, attributes = {}) {
  const options = names.map((name) => element("option", { value: name }, name));
  return element("select", { ...attributes, onchange: (event) => act(event.target.value) }, ...options);
}

export function toggle(text, act) {
  return element("button", { type: "button", "aria-pressed": "false", onclick: act }, text);
}
