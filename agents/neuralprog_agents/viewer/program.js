// The program family: the pad with its pointers, the step that was chosen, the stack, the tree of calls.

const COLUMNS = 48;
const DEEPEST = 20;
const MOST_CHOICES = 6;
const LEAST = 0.0005;

function makeStage(run, host) {
  const { scene, steps, trace } = run;
  const calls = unfold(run);
  const above = host.appendChild(make("div", { class: "pair" }));
  const pad = panel(above, "Scratch pad", "pad");
  const more = pad.parentElement.appendChild(make("p", { class: "faint" }));
  const marks = scene.pointers.filter(([, row, mark]) => row !== null && mark !== "^");
  pad.parentElement.append(make("p", { class: "faint", text: marks.map(([name, , mark]) => `${mark} is ${name}`).join(", ") }));
  const variables = pad.parentElement.appendChild(make("p", { id: "variables" }));
  const picture = scene.picture ? panel(above, "What it sees", "picture").appendChild(make("img", { alt: "the picture that the agent sees" })) : null;
  const below = host.appendChild(make("div", { class: "pair tall" }));
  const program = trace.program && steps.sees ? makeProgram(run, panel(below, "Learned program", "program")) : null;
  const chosen = panel(below, "This step", "chosen");
  const stack = panel(below, "Call stack", "stack");
  pad.style.setProperty("--head", `${Math.max(...scene.rows.map((name) => name.length))}ch`);
  const folded = new Set();
  let first = 0;

  function drawPad() {
    const wide = Math.min(COLUMNS, scene.columns);
    const pointers = scene.pointers.map(([name, row, mark], i) => ({ name, row, mark, i, place: run.layers.pointers[i], old: run.before("pointers", i) }));
    const isInPad = ({ row, place }) => row !== null && place >= 0 && place < scene.columns;
    const inPad = pointers.filter(isInPad);
    first = windowAround(first, inPad.slice(0, 1).map((pointer) => pointer.place), scene.columns, wide);
    const rows = fit(pad, scene.rows.length, makeRow);
    for (let row = 0; row < rows.length; row++) {
      const [head, cells] = rows[row].children;
      setText(head, scene.rows[row]);
      const nodes = fit(cells, wide, makeCell);
      const here = pointers.filter((pointer) => pointer.row === row);
      for (let i = 0; i < wide; i++) drawCell(nodes[i], row, first + i, here);
    }
    follow(pad);
    setText(more, wide < scene.columns ? `columns ${grouped(first)} to ${grouped(first + wide - 1)} of ${grouped(scene.columns)}` : "");
    fit(variables, pointers.length, () => make("span"));
    pointers.forEach((p, i) => {
      setClass(variables.children[i], p.old === p.place ? "" : "new");
      variables.children[i].hidden = isInPad(p) && p.old === p.place;
      setText(variables.children[i], p.old === p.place ? `${p.name} = ${p.place}` : `${p.name}: ${p.old} → ${p.place}`);
    });
  }

  function symbolOf(held) {
    const symbol = scene.symbols[held] ?? String(held);
    return symbol === "." || symbol.trim() === "" ? "" : symbol;
  }

  function drawCell(node, row, column, pointers) {
    const [value, marks] = node.children;
    const place = row * scene.columns + column;
    const [was, is] = [run.before("pad", place), run.layers.pad[place]].map(symbolOf);
    const here = pointers.filter((pointer) => pointer.place === column);
    const gone = pointers.filter((pointer) => pointer.old === column && pointer.place !== column);
    node.dataset.place = place;
    showChange(value, ...(was === is ? [is, is] : [was || "·", is || "·"]));
    showPointers(marks, here, gone);
    const moved = here.some((pointer) => run.changed("pointers", pointer.i));
    const state = [here.length && "pointed", moved && "moved", run.changed("pad", place) && "written", !is && "blank"];
    setClass(node, ["cell", ...state.filter(Boolean)].join(" "));
    node.setAttribute("aria-label", `${scene.rows[row]} ${column}: ${is || "empty"}${here.length ? ", pointer" : ""}`);
  }

  function drawStack() {
    const frames = calls.stackAt(run.at);
    const shown = frames.length > 12 ? [...frames.slice(0, 6), null, ...frames.slice(-6)] : frames;
    const name = (call) => (call ? run.words(call) : scene.main);
    const items = shown.map((call) => (call === null ? make("li", { class: "faint", text: `… ${grouped(frames.length - 12)} more calls …` }) : make("li", { text: name(call) })));
    const over = run.layers.halted[0] ? (frames.length ? "stopped at the depth limit" : "The program has returned.") : "";
    stack.replaceChildren(make("ol", { class: "stack" }, ...items), make("p", { class: "faint", text: over || `depth ${grouped(frames.length)}` }));
  }

  /** What ran, what it saw, what it chose, and how likely that and other choices were. */
  function drawChosen() {
    if (!run.at) return chosen.replaceChildren(make("p", { class: "words", text: BEFORE }));
    const caller = calls.parent[run.at];
    const sees = trace.texts[run.note("sees")] ?? "";
    const sentence = make("p", { class: "words" }, make("b", { text: caller > 0 ? run.words(caller) : scene.main }), " chose ", make("b", { class: "choice", text: run.words(run.at) }));
    chosen.replaceChildren(sentence);
    if (sees) chosen.append(make("p", { class: "sees" }, make("span", { class: "faint", text: "It saw " }), ...sees.split(", ").map((text) => make("span", { text }))));
    if (!steps.legal[run.at - 1]) chosen.append(make("p", { class: "faint", text: "That is not allowed here: nothing changed." }));
    const found = run.note("probabilities") ?? {};
    const { choice } = run.action;
    const bars = (weights, i, name) => {
      const order = weights.map((weight, value) => ({ weight, value })).filter(({ weight, value }) => weight >= LEAST || value === choice[i]);
      order.sort((one, other) => other.weight - one.weight);
      return make("div", { class: "bars" }, ...order.slice(0, MOST_CHOICES).map(({ weight, value }) => bar(name(value), weight, value === choice[i])));
    };
    const odds = chosen.appendChild(make("div", { class: "odds" }));
    const show = (title, ...rest) => odds.append(make("div", {}, make("h3", { text: title }), bars(...rest)));
    if (found.program) show("Probability of each program", found.program, 0, (value) => scene.programs[value]);
    for (const i of argumentsOf(scene, choice))
      if (found[`a${i}`]) show(`Probability of argument ${i}`, found[`a${i}`], i, (value) => wordsOf(scene, choice.with(i, value)) ?? `value ${value}`);
  }

  return {
    listTitle: "Calls",
    posed: () => scene.rows.map((name, row) => [name, ...rowAtStart(run, row).map(symbolOf).filter(Boolean)]).filter((row) => row.length > 1).map((row) => row.join(" ")).join(", "),
    draw() {
      drawPad();
      drawStack();
      drawChosen();
      program?.draw();
      if (picture) picture.src = run.at ? trace.texts[run.note("picture")] : scene.picture;
    },
    rows: () => calls.visible(folded),
    fold(step, event) {
      if (!event.target.closest(".fold") || !calls.isCall(step)) return false;
      if (!folded.delete(step)) folded.add(step);
      return true;
    },
    fillRow(node, step) {
      const [number, fold, words] = fit(node, 3, () => make("span"));
      const kind = step ? (steps.legal[step - 1] ? trace.actions[steps.action[step - 1]].kind : "illegal") : "call";
      const open = calls.isCall(step) && step <= run.at && calls.end[step] > run.at;
      setClass(node, `row ${kind}${open ? " open" : ""}`);
      setText(number, String(step));
      setText(fold, calls.isCall(step) ? (folded.has(step) ? "▸" : "▾") : "");
      setClass(fold, "fold");
      fold.style.marginLeft = `${14 * Math.min(calls.depth[step], DEEPEST)}px`;
      setText(words, step ? (kind === "return" ? "return" : run.words(step)) : scene.main);
    },
    tell: () => `Running: ${calls.stackAt(run.at).slice(-1).map((call) => (call ? run.words(call) : scene.main))[0] ?? "nothing"}.`,
  };
}

/** Scroll a pad that is wider than its place to what has just happened, or to a pointer. */
function follow(pad) {
  const cell = pad.scrollWidth > pad.clientWidth && (pad.querySelector(".written") ?? pad.querySelector(".moved") ?? pad.querySelector(".pointed"));
  if (!cell) return;
  const [box, view] = [cell.getBoundingClientRect(), pad.getBoundingClientRect()];
  if (box.left < view.left + 110 || box.right > view.right) pad.scrollLeft += box.left - view.left - (view.width + 60) / 2;
}

const rowAtStart = (run, row) => run.trace.start.pad.slice(row * run.scene.columns, (row + 1) * run.scene.columns);

/** The words of an action; undefined if it does nothing. */
function wordsOf(scene, choice) {
  return scene.calls?.find(([, ...known]) => known.every((number, i) => number === choice[i]))?.[0];
}

/** The numbers, 1 to 3, of the arguments that tell a choice from others of its program. */
function argumentsOf(scene, choice) {
  const same = (scene.calls ?? []).filter((call) => call[1] === choice[0]);
  return [1, 2, 3].filter((i) => new Set(same.map((call) => call[i + 1])).size > 1);
}

/** The pointers below a cell, and those that have just left it, with where they went. */
function showPointers(node, here, gone) {
  node.title = here.map((pointer) => pointer.name).join(" ");
  const sign = ({ mark }) => (mark === "^" ? "▲" : mark);
  const left = gone.map((pointer) => make("span", { class: "gone", text: pointer.place > pointer.old ? `${sign(pointer)}→` : `←${sign(pointer)}` }));
  node.replaceChildren(...here.map((pointer) => make("span", { text: sign(pointer) })), ...left);
}

/** The program's text with the line that ran lit, and the lines of the calls that wait for it. */
function makeProgram(run, host) {
  const lines = linesOf(run.trace.program);
  const listing = new Listing(host, lines);
  const found = linesRun(run, lines);
  return {
    draw() {
      const [ran, next] = [found[run.at], found[run.at + 1]];
      listing.show(new Map(run.at && ran >= 0 ? [[ran, "ran"]] : []), next >= 0 ? [next] : []);
    },
  };
}

/** The number of the line that each step executes; -1 where the text does not tell. */
function linesRun(run, lines) {
  const heads = new Map(lines.flatMap(({ depth, text }, i) => (depth || !text ? [] : [[text.slice(0, -1), i]])));
  const found = new Int32Array(run.length + 1).fill(-1);
  const begin = (name) => (heads.has(name) ? heads.get(name) + 1 : -1);
  const stack = [begin(run.scene.main)];
  for (let step = 1; step <= run.length && stack.length; step++) {
    const action = run.trace.actions[run.steps.action[step - 1]];
    const line = reach(lines, stack.at(-1), seenBefore(run, step));
    found[step] = line >= 0 && lines[line].text === (action.kind === "return" ? "RETURN" : run.words(step)) ? line : -1;
    stack[stack.length - 1] = found[step] < 0 ? -1 : line + 1;
    if (action.kind === "return") stack.pop();
    else if (action.kind === "call" && run.steps.changes.depth[step - 1].length) stack.push(begin(run.scene.programs[action.choice[0]]));
  }
  return found;
}

const seenBefore = (run, step) => new Set((run.trace.texts[run.steps.sees[step - 1]] ?? "").split(", "));

/** The line that a body comes to from a line on, through the cases that hold; -1 if there is none. */
function reach(lines, from, sees) {
  let at = from;
  while (lines[at]?.text.endsWith(":")) {
    const { depth, text } = lines[at];
    const [name, values] = text.slice(0, -1).split(" = ");
    if (values.split(", ").some((value) => sees.has(`${name} = ${value}`))) at += 1;
    else do at += 1; while (lines[at]?.text && lines[at].depth > depth);
    if (!lines[at]?.text || lines[at].depth < depth) return -1;
  }
  return lines[at]?.text ? at : -1;
}

function makeRow() {
  return make("div", { class: "pad-row" }, make("span", { class: "head" }), make("div", { class: "cells" }));
}

function makeCell() {
  return make("div", { class: "cell", role: "img" }, make("b"), make("i"));
}

/**
 * The tree of calls. Row 0 is the program that runs at the start, row k is step k.
 * A call's end is the step with which it returns, or one past the last.
 */
function unfold(run) {
  const count = run.length + 1;
  const [depth, parent, end] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  const called = new Uint8Array(count);
  const open = [0];
  parent[0] = -1;
  called[0] = 1;
  end.fill(count);
  for (let step = 1; step < count; step++) {
    const action = run.trace.actions[run.steps.action[step - 1]];
    const legal = run.steps.legal[step - 1];
    depth[step] = open.length;
    parent[step] = open.at(-1) ?? -1;
    const change = run.steps.changes.depth[step - 1];
    if (legal && action.kind === "return") end[open.pop()] = step;
    else if (action.kind === "call" && change.length) {
      called[step] = 1;
      open.push(step);
    }
  }
  return {
    depth,
    end,
    parent,
    isCall: (step) => called[step] === 1,
    /** The calls under way after a step, outermost first, by the steps that began them. */
    stackAt(step) {
      const stack = [];
      let call = called[step] ? step : end[parent[step]] === step ? parent[parent[step]] : parent[step];
      for (; call >= 0; call = parent[call]) stack.push(call);
      return stack.reverse();
    },
    /** The rows that are to be seen when what some calls do is folded away. */
    visible(folded) {
      const rows = [];
      for (let step = 0; step < count; step++) {
        rows.push(step);
        if (folded.has(step)) step = Math.min(end[step], count - 1);
      }
      return rows;
    },
  };
}
