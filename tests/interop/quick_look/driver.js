// Uses the page as a person would, in a frame of the same origin, and posts back what it shows.

const FRAME = document.querySelector("iframe");

async function main() {
  for (;;) {
    const job = await (await fetch("/test/job")).json();
    if (!job) return;
    let answer;
    try {
      answer = { results: await run(job) };
    } catch (fault) {
      answer = { error: `${fault.message}\n${fault.stack}` };
    }
    await fetch("/test/answer", { method: "POST", body: JSON.stringify(answer) });
  }
}

async function run({ address, steps, width, height }) {
  Object.assign(FRAME.style, { width: `${width}px`, height: `${height}px` });
  const begun = performance.now();
  const loaded = new Promise((resolve) => FRAME.addEventListener("load", resolve, { once: true }));
  FRAME.src = address;
  await loaded;
  await until(() => inside().querySelector(".pane .count")?.textContent, "the first picture");
  const first = performance.now() - begun;
  await settled();
  const results = [];
  for (const [name, ...rest] of steps) results.push(name === "first" ? first : await ACTIONS[name](...rest));
  return results;
}

const inside = () => FRAME.contentDocument;
const pane = (name) => inside().querySelector(`.pane[data-plane="${name}"]`);
const canvas = (name) => pane(name).querySelector("canvas");

async function until(isTrue, what) {
  for (const begun = performance.now(); !isTrue(); ) {
    if (performance.now() - begun > 30000) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const painted = () => new Promise((resolve) => FRAME.contentWindow.requestAnimationFrame(resolve));

/** Waits until the value shown is that of the array index shown. */
async function settled() {
  await painted();
  await painted();
  await until(() => {
    const [index, value] = [shown("Array index"), inside().querySelector(".value")];
    const voxel = value.dataset.voxel && JSON.parse(value.dataset.voxel).slice(0, 3);
    return voxel && index === `[${voxel.join(", ")}]` && isDrawn(voxel);
  }, "the value and the pictures");
  await painted();
}

function isDrawn(voxel) {
  const panes = [...inside().querySelectorAll(".pane:not([hidden])")];
  return panes.every((one) => {
    const fault = one.querySelector(".fault").textContent;
    if (fault && fault !== "Reading …") return true;
    const slider = one.querySelector(".slice");
    const number = one.querySelector(".count").textContent.split(" / ")[0];
    return voxel.includes(Number(number) - 1) && Number(slider.value) === Number(number) - 1;
  });
}

function shown(term) {
  const found = [...inside().querySelectorAll(".position dt")].find((one) => one.textContent === term);
  return found.nextElementSibling.textContent;
}

function pointer(target, type, x, y, more) {
  const box = target.getBoundingClientRect();
  const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height };
  target.dispatchEvent(
    new FRAME.contentWindow.PointerEvent(type, { bubbles: true, cancelable: true, pointerId: 1, ...at, ...more }),
  );
}

const ACTIONS = {
  async key(key, more = {}) {
    const target = inside().activeElement ?? inside().body;
    target.dispatchEvent(new FRAME.contentWindow.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
    await settled();
  },
  async focus(name) {
    canvas(name).focus();
  },
  async drag(name, from, to, more = {}) {
    pointer(canvas(name), "pointerdown", ...from, more);
    pointer(canvas(name), "pointermove", ...to, more);
    pointer(canvas(name), "pointerup", ...to, more);
    await settled();
  },
  async pinch(name, down) {
    const target = canvas(name);
    const two = { pointerType: "touch", pointerId: 2 };
    pointer(target, "pointerdown", 0.5, 0.5, { pointerType: "touch" });
    pointer(target, "pointerdown", 0.4, 0.5, two);
    pointer(target, "pointermove", 0.4, 0.5 + down / target.clientHeight, two);
    pointer(target, "pointerup", 0.5, 0.5, { pointerType: "touch" });
    pointer(target, "pointerup", 0.4, 0.5, two);
    await settled();
  },
  async wheel(name, deltaY) {
    canvas(name).dispatchEvent(new FRAME.contentWindow.WheelEvent("wheel", { deltaY, bubbles: true, cancelable: true }));
    await settled();
  },
  async click(selector) {
    inside().querySelector(selector).click();
    await settled();
  },
  async type(selector, text) {
    const target = inside().querySelector(selector);
    target.value = text;
    for (const type of ["input", "change"]) target.dispatchEvent(new FRAME.contentWindow.Event(type, { bubbles: true }));
    await settled();
  },
  async read() {
    const values = [...inside().querySelectorAll(".value")];
    return {
      index: JSON.parse(shown("Array index")),
      lps: shown("LPS mm").replaceAll("−", "-").split(/\s+/).map(Number),
      values: values.map((one) => JSON.parse(one.dataset.value)),
      texts: values.map((one) => one.textContent),
      window: ["centre", "width"].map((name) => Number(inside().querySelector(`[aria-label="Window ${name}"]`)?.value)),
    };
  },
  async texts(selector) {
    return [...inside().querySelectorAll(selector)].filter((one) => one.checkVisibility()).map((one) => one.textContent);
  },
  async until(selector, text) {
    await until(() => inside().querySelector(selector)?.textContent.includes(text), `${text} in ${selector}`);
  },
  /** The colours of the picture at voxels of a plane, given by their parts of its width and height. */
  async pixels(name, places) {
    const target = canvas(name);
    const brush = target.getContext("2d");
    return places.map(([x, y]) => [...brush.getImageData(Math.floor(x * target.width), Math.floor(y * target.height), 1, 1).data]);
  },
  async box(selector) {
    const { x, y, width, height } = inside().querySelector(selector).getBoundingClientRect();
    return { x, y, width, height };
  },
  async overflow() {
    const { clientWidth, scrollWidth } = inside().documentElement;
    return scrollWidth - clientWidth;
  },
  async theme() {
    return inside().documentElement.dataset.theme;
  },
  /** Scrolls through slices as fast as they are drawn, and gives how many a second were. */
  async scroll(name, count) {
    canvas(name).focus();
    const begun = performance.now();
    for (let done = 0; done < count; done += 1) {
      const wanted = Number(pane(name).querySelector(".count").textContent.split(" / ")[0]) + 1;
      const press = new FRAME.contentWindow.KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true });
      canvas(name).dispatchEvent(press);
      while (!pane(name).querySelector(".count").textContent.startsWith(`${wanted} /`)) await painted();
    }
    return (1000 * count) / (performance.now() - begun);
  },
  async axe() {
    const { violations } = await FRAME.contentWindow.axe.run(inside());
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`);
  },
};

main();
