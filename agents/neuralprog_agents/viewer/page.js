// What all families share: the trace as a run that can be sought, elements, the list of steps.

/** Make an element: attributes by name, "text" for its content, "on…" for listeners. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** Make a section with a heading; its content goes into what is returned. */
function panel(host, title, id) {
  const body = make("div", { id, class: "body" });
  host.append(make("section", { "aria-label": title }, make("h2", { text: title }), body));
  return body;
}

/** Change a text or a class only if it differs: touching the page costs more than looking. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setClass(node, name) {
  if (node.className !== name) node.className = name;
}

/** Keep exactly `count` children in a host, making and removing them at the end. */
function fit(host, count, create) {
  while (host.childElementCount > count) host.lastElementChild.remove();
  while (host.childElementCount < count) host.append(create(host.childElementCount));
  return host.children;
}

const list = new Intl.ListFormat("en", { type: "unit" });
const grouped = (number) => number.toLocaleString("en");

const LONGEST = 90;
const BEFORE = "The run has not begun. Step with → or play it.";

/** An answer as one text: numbers as on a tape, texts with commas; a long one is cut. */
function joined(items, between = typeof items[0] === "number" ? " " : ", ") {
  const text = items.join(between);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} … (${grouped(items.length)} in all)` : text;
}

/** A trace that stands after some step; its layers follow. */
class Run {
  constructor(trace) {
    this.trace = trace;
    this.scene = trace.scene;
    this.steps = trace.steps;
    this.length = trace.steps.action.length;
    this.at = 0;
    this.layers = {};
    for (const name in trace.start) this.layers[name] = trace.start[name].slice();
    this.undo = {};
    for (const name in this.layers) this.undo[name] = new Array(this.length);
  }

  /** Go to the state after `step` steps, one step at a time: each is a few changes. */
  seek(step) {
    const target = Math.max(0, Math.min(this.length, step));
    while (this.at < target) this.#advance();
    while (this.at > target) this.#retreat();
  }

  #advance() {
    for (const name in this.layers) {
      const layer = this.layers[name];
      const change = this.steps.changes[name][this.at];
      if (!change.length) continue;
      const undo = (this.undo[name][this.at] ??= change.map((place, i) => (i % 2 ? layer[change[i - 1]] : place)));
      for (let i = 0; i < undo.length; i += 2) layer[change[i]] = change[i + 1];
    }
    this.at += 1;
  }

  #retreat() {
    this.at -= 1;
    for (const name in this.layers) {
      const layer = this.layers[name];
      const undo = this.undo[name][this.at] ?? [];
      for (let i = 0; i < undo.length; i += 2) layer[undo[i]] = undo[i + 1];
    }
  }

  /** The action that led to the present state; null at the start. */
  get action() {
    return this.at ? this.trace.actions[this.steps.action[this.at - 1]] : null;
  }

  /** What the step that led here has in a column; undefined at the start. */
  note(column) {
    return this.at ? this.steps[column]?.[this.at - 1] : undefined;
  }

  words(step) {
    return step ? this.trace.texts[this.steps.words[step - 1]] : "start";
  }

  /** The value of a layer's place before the step that led here. */
  before(name, place) {
    const undo = this.at ? (this.undo[name][this.at - 1] ?? []) : [];
    for (let i = 0; i < undo.length; i += 2) if (undo[i] === place) return undo[i + 1];
    return this.layers[name][place];
  }

  /** Whether the step that led here changed a place. */
  changed(name, place) {
    const change = this.at ? this.steps.changes[name][this.at - 1] : [];
    for (let i = 0; i < change.length; i += 2) if (change[i] === place) return true;
    return false;
  }
}

/** A list of rows of equal height of which only those in sight exist. */
class StepList {
  static HEIGHT = 28;

  /**
   * @param host where it scrolls
   * @param fill fills an element for a row's step
   * @param choose is called with the step that was clicked
   */
  constructor(host, fill, choose) {
    this.host = host;
    this.fill = fill;
    this.room = make("div", { class: "room" });
    host.append(this.room);
    host.addEventListener("scroll", () => this.draw());
    host.addEventListener("click", (event) => {
      const row = event.target.closest("[data-step]");
      if (row) choose(Number(row.dataset.step), event);
    });
    new ResizeObserver(() => this.draw()).observe(host);
  }

  /** Take new rows: the step of each, ascending. */
  show(rows) {
    this.rows = rows;
    this.room.style.height = `${rows.length * StepList.HEIGHT}px`;
    this.draw();
  }

  /** Mark a step (or the row that hides it) and bring it into sight. */
  mark(step) {
    this.current = step;
    const top = this.#row(step) * StepList.HEIGHT;
    const { scrollTop, clientHeight } = this.host;
    if (top < scrollTop + StepList.HEIGHT || top + 2 * StepList.HEIGHT > scrollTop + clientHeight)
      this.host.scrollTop = top - clientHeight / 2;
    this.draw();
  }

  /** The last row whose step is not after the given one. */
  #row(step) {
    let [low, high] = [0, this.rows.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.rows[middle] <= step) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  draw() {
    if (!this.rows) return;
    const first = Math.max(0, Math.floor(this.host.scrollTop / StepList.HEIGHT) - 4);
    const count = Math.min(this.rows.length - first, Math.ceil(this.host.clientHeight / StepList.HEIGHT) + 8);
    const marked = this.#row(this.current ?? 0);
    const nodes = fit(this.room, count, () => make("div", { role: "option" }));
    for (let i = 0; i < count; i++) {
      const [row, node] = [first + i, nodes[i]];
      const step = this.rows[row];
      node.style.transform = `translateY(${row * StepList.HEIGHT}px)`;
      node.dataset.step = step;
      node.id = `step-${step}`;
      node.setAttribute("aria-posinset", row + 1);
      node.setAttribute("aria-setsize", this.rows.length);
      node.setAttribute("aria-selected", row === marked);
      this.fill(node, step);
      node.classList.toggle("later", step > this.current);
    }
    this.host.setAttribute("aria-activedescendant", `step-${this.rows[marked]}`);
  }
}

/** The number of a register's colour, from its number from 1. */
const registerColour = (number) => ((number - 1) % 4) + 1;

/** Numbers first..first+size-1 around the places in use, moving only when they leave it. */
function windowAround(previous, places, total, size) {
  if (total <= size) return 0;
  const limit = (first) => Math.max(0, Math.min(total - size, first));
  if (!places.length || places.every((place) => place >= previous && place < previous + size)) return limit(previous);
  return limit(places.at(-1) - (size >> 1));
}

/** A line that shows a probability. */
function bar(name, weight, chosen = false) {
  const fill = make("span", { class: "fill" });
  fill.style.width = `${100 * weight}%`;
  const share = make("span", { text: `${(100 * weight).toFixed(1)} %` });
  return make("p", { class: chosen ? "chosen" : "" }, make("span", { text: name, title: name }), make("span", { class: "track" }, fill), share);
}

/** Show a value that a step has changed: what it was, an arrow, what it is. */
function showChange(node, before, after) {
  const shown = before === after ? after : `${before}→${after}`;
  if (node.textContent === shown) return;
  const old = before === after ? [] : [make("s", { text: before }), make("em", { text: "→" })];
  node.replaceChildren(...old, after);
}

/** Scroll an element's host, and nothing else, until the element is in sight. */
function reveal(host, node) {
  const [box, view] = [node.getBoundingClientRect(), host.getBoundingClientRect()];
  if (box.top < view.top || box.bottom > view.bottom) host.scrollTop += box.top - view.top - Math.max(0, (view.height - box.height) / 3);
}
