// The table family: the question, the choices of every step, and the table.

const ROWS = 200;
const [NUMBER, PRINT] = [1, 2];

function makeStage(run, host) {
  const { scene, steps, trace } = run;
  const question = panel(host, "Question", "question");
  const answer = panel(host, "What the step left", "left");
  const pair = host.appendChild(make("div", { class: "pair" }));
  const choices = panel(pair, "Choices", "choices");
  const soft = steps.probabilities ? softSwitch(choices, draw) : { checked: false };
  const maps = choices.appendChild(make("div", { class: "maps" }));
  const table = panel(pair, "Table", "table");
  const tokens = tokensOf(scene);
  question.append(make("p", { class: "asked", text: scene.question }));
  const seen = question.appendChild(make("p", { class: "tokens", "aria-label": "the words that the agent sees" }));
  seen.append(...tokens.map(({ text, number }) => make("span", { class: number === undefined ? "" : "number", text })));
  const body = buildTable();
  const names = [scene.operations.map(([name]) => name), scene.columns.map((name, i) => name || `(${i + 1})`)];
  const heat = ["operation", "column"].map((what, axis) => new HeatMap(maps, what, names[axis], run.length));
  let first = 0;

  /** The weights of one of a step's choices: the agent's own, or 1 for what it did. */
  function weights(step, what, axis, size) {
    const found = steps.probabilities?.[step]?.[what];
    if (soft.checked && found) return found.slice(0, size);
    const { choice } = trace.actions[steps.action[step]];
    const read = axis === 0 || scene.operations[choice[0]][axis];
    return Array.from({ length: size }, (_, i) => (read && choice[axis] === i ? 1 : 0));
  }

  function drawQuestion() {
    const found = run.note("probabilities");
    const { choice } = run.action ?? {};
    const uses = choice && scene.operations[choice[0]][2] ? choice[2] : -1;
    tokens.forEach(({ word, number }, i) => {
      const weight = number === undefined ? found?.words?.[word] : (found?.numbers?.[number] ?? found?.pivot?.[number]);
      const node = seen.children[i];
      node.style.setProperty("--weight", weight ?? 0);
      node.classList.toggle("chosen", number !== undefined && number === uses);
      node.title = weight === undefined ? "" : `attention ${weight.toFixed(3)}`;
    });
  }

  function buildTable() {
    const heads = scene.columns.map((name) => make("th", { scope: "col", text: name }));
    const made = make("tbody");
    const head = make("thead", {}, make("tr", {}, make("th", { scope: "col", text: "row" }), ...heads));
    const grid = make("table", {}, make("caption", { class: "unseen", text: "the table, selected rows marked" }), head, made);
    table.append(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, grid));
    return made;
  }

  function drawTable() {
    const { selected, printed, printed_column, output } = run.layers;
    const size = Math.min(ROWS, scene.cells.length);
    const used = (output[0] === PRINT ? printed : selected).indexOf(1);
    first = windowAround(first, used < 0 ? [] : [used], scene.cells.length, size);
    const rows = fit(body, size, () => make("tr", {}, make("th", { scope: "row" }), ...scene.columns.map(() => make("td"))));
    for (let i = 0; i < size; i++) {
      const row = first + i;
      const isPrinted = output[0] === PRINT && printed[row];
      rows[i].dataset.row = row;
      setClass(rows[i], isPrinted ? "printed" : selected[row] ? "selected" : "");
      setText(rows[i].cells[0], `${selected[row] ? "● " : ""}${row + 1}`);
      scene.columns.forEach((_, column) => {
        setText(rows[i].cells[column + 1], scene.cells[row][column]);
        setClass(rows[i].cells[column + 1], isPrinted && column === printed_column[0] ? "hit" : "");
      });
    }
  }

  function drawLeft() {
    const text = run.at ? trace.texts[run.note("left")] : `every row is selected (${scene.cells.length})`;
    const kind = run.layers.output[0];
    const name = run.at ? (kind === NUMBER ? "a number" : kind === PRINT ? "cells" : "a selection") : "at the start";
    answer.replaceChildren(make("p", {}, make("span", { class: "chip open", text: name }), make("b", { text })));
  }

  function draw() {
    drawQuestion();
    drawLeft();
    heat.forEach((map, axis) => map.draw(run.at, (step) => weights(step, map.what, axis, names[axis].length)));
    drawTable();
  }

  return {
    draw,
    fillRow(node, step) {
      const [number, words] = fit(node, 2, () => make("span"));
      setClass(node, "row");
      setText(number, String(step));
      setText(words, run.words(step));
    },
    tell: () => `It left ${run.at ? trace.texts[run.note("left")] : "every row"}.`,
  };
}

function softSwitch(host, draw) {
  const box = make("input", { type: "checkbox", checked: true, onchange: draw });
  host.append(make("label", { class: "switch" }, box, " probabilities, not only what was chosen"));
  return box;
}

/** The words of the question with its numbers in their places. */
function tokensOf(scene) {
  const tokens = scene.words.map((text, word) => ({ text, word }));
  scene.numbers.forEach((text, number) => {
    let place = tokens.findIndex((token) => token.word === scene.number_positions[number]) + 1;
    while (tokens[place]?.number !== undefined) place += 1;
    tokens.splice(place, 0, { text, number });
  });
  return tokens;
}

/** A line for each thing that can be chosen, a column for each step. */
class HeatMap {
  constructor(host, what, names, steps) {
    this.what = what;
    const head = Array.from({ length: steps }, (_, i) => make("th", { scope: "col", text: String(i + 1) }));
    this.lines = names.map((name) => make("tr", {}, make("th", { scope: "row", text: name }), ...head.map(() => make("td"))));
    const title = make("thead", {}, make("tr", {}, make("th", { scope: "col", text: what }), ...head));
    host.append(make("div", { class: "scroll" }, make("table", { class: "heat" }, title, make("tbody", {}, ...this.lines))));
    this.steps = steps;
  }

  draw(at, weights) {
    for (let step = 0; step < this.steps; step++) {
      const found = weights(step);
      this.lines.forEach((line, i) => {
        const cell = line.cells[step + 1];
        const weight = step < at ? (found[i] ?? 0) : 0;
        cell.style.setProperty("--weight", weight);
        cell.title = `${line.cells[0].textContent}: ${weight.toFixed(3)}`;
        setText(cell, weight >= 0.005 && weight < 0.995 ? weight.toFixed(2).slice(1) : "");
        setClass(cell, step === at - 1 ? "now" : "");
        cell.setAttribute("aria-label", weight.toFixed(2));
      });
    }
  }
}
