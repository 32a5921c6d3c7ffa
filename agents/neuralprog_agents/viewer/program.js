// The program family: the pad with its pointers, the stack, and the tree of calls.

const COLUMNS = 48;
const DEEPEST = 20;
const MOST_CHOICES = 5;

function makeStage(run, host) {
  const { scene, steps, trace } = run;
  const calls = unfold(run);
  const picture = scene.picture ? panel(host, "What it sees", "picture").appendChild(make("img", { alt: "the picture that the agent sees" })) : null;
  const pad = panel(host, "Scratch pad", "pad");
  const more = pad.parentElement.appendChild(make("p", { class: "faint" }));
  const marks = scene.pointers.filter(([, row, mark]) => row !== null && mark !== "^");
  pad.parentElement.append(make("p", { class: "faint", text: marks.map(([name, , mark]) => `${mark}: ${name}`).join(", ") }));
  const variables = pad.parentElement.appendChild(make("p", { id: "variables" }));
  const stack = panel(host, "Stack", "stack");
  pad.style.setProperty("--head", `${Math.max(...scene.rows.map((name) => name.length))}ch`);
  const choices = steps.probabilities ? panel(host, "What it considered", "considered") : null;
  const folded = new Set();
  let first = 0;

  function drawPad() {
    const wide = Math.min(COLUMNS, scene.columns);
    const pointers = scene.pointers.map(([name, row, mark], i) => ({ name, row, mark, place: run.layers.pointers[i], i }));
    const isInPad = ({ row, place }) => row !== null && place >= 0 && place < scene.columns;
    const inPad = pointers.filter(isInPad);
    first = windowAround(first, inPad.slice(0, 1).map((pointer) => pointer.place), scene.columns, wide);
    const rows = fit(pad, scene.rows.length, makeRow);
    for (let row = 0; row < rows.length; row++) {
      const [head, cells] = rows[row].children;
      setText(head, scene.rows[row]);
      const nodes = fit(cells, wide, makeCell);
      const here = inPad.filter((pointer) => pointer.row === row);
      for (let i = 0; i < wide; i++) drawCell(nodes[i], row, first + i, here.filter((p) => p.place === first + i));
    }
    follow(pad);
    setText(more, wide < scene.columns ? `columns ${grouped(first)} to ${grouped(first + wide - 1)} of ${grouped(scene.columns)}` : "");
    setText(variables, pointers.filter((p) => !isInPad(p)).map((p) => `${p.name} = ${p.place}`).join("   "));
  }

  function drawCell(node, row, column, here) {
    const [value, marks] = node.children;
    const place = row * scene.columns + column;
    const held = run.layers.pad[place];
    const symbol = scene.symbols[held] ?? String(held);
    const blank = symbol === "." || symbol.trim() === "";
    node.dataset.place = place;
    setText(value, blank ? "" : symbol);
    setText(marks, here.map(({ mark }) => (mark === "^" ? "▲" : mark)).join(""));
    marks.title = here.map((pointer) => pointer.name).join(" ");
    const moved = here.some((pointer) => run.changed("pointers", pointer.i));
    const state = [here.length && "pointed", moved && "moved", run.changed("pad", place) && "written", blank && "blank"];
    setClass(node, ["cell", ...state.filter(Boolean)].join(" "));
    node.setAttribute("aria-label", `${scene.rows[row]} ${column}: ${blank ? "empty" : symbol}${here.length ? ", pointer" : ""}`);
  }

  function drawStack() {
    const frames = calls.stackAt(run.at);
    const shown = frames.length > 12 ? [...frames.slice(0, 6), null, ...frames.slice(-6)] : frames;
    const items = shown.map((call) => (call === null ? make("li", { class: "faint", text: `… ${grouped(frames.length - 12)} more calls …` }) : make("li", { text: call ? run.words(call) : scene.main })));
    const over = run.layers.halted[0] ? (frames.length ? "stopped at the depth limit" : "returned: the program is over") : "";
    stack.replaceChildren(make("ol", { class: "stack" }, ...items), make("p", { class: "faint", text: over || `depth ${grouped(frames.length)}` }));
  }

  /** The likeliest programs of the step that was taken, RETURN and ACT among them. */
  function drawChoices() {
    const weights = run.note("probabilities")?.program ?? [];
    const order = weights.map((weight, i) => [scene.programs[i], weight]).sort((one, other) => other[1] - one[1]);
    const bars = order.slice(0, MOST_CHOICES).map(([name, weight]) => bar(name, weight));
    choices.replaceChildren(bars.length ? make("div", { class: "bars" }, ...bars) : make("p", { class: "faint", text: "nothing yet" }));
  }

  return {
    listTitle: "Calls",
    draw() {
      drawPad();
      drawStack();
      if (choices) drawChoices();
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
