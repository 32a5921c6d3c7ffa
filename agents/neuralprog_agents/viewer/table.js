// The table family: the question, the choices of every step, and the table.

const ROWS = 200;
const [NUMBER, PRINT] = [1, 2];
const LEAST = 0.005;

function makeStage(run, host, side) {
  const { scene, steps, trace } = run;
  const question = panel(host, "Question", "question");
  const table = panel(host, "Table", "table");
  const result = table.appendChild(make("p", { id: "result" }));
  const choices = panel(side, "Choices", "choices");
  const soft = steps.probabilities ? softSwitch(choices, draw) : { checked: false };
  const maps = choices.appendChild(make("div", { class: "maps" }));
  const tokens = tokensOf(scene);
  question.append(make("p", { class: "asked", text: scene.question }));
  const seen = question.appendChild(make("p", { class: "tokens", "aria-label": "the words that the agent sees" }));
  seen.append(...tokens.map(({ text, number }) => make("span", { class: number === undefined ? "" : "number", text })));
  if (steps.probabilities) question.append(make("p", { class: "faint", text: "The darker a word, the more attention it gets in this step." }));
  const body = buildTable();
  const names = [scene.operations.map(([name]) => name), scene.columns.map((name, i) => name || `(${i + 1})`)];
  const heat = ["operation", "column"].map((what, axis) => new HeatMap(maps, what, names[axis], run.length));
  let first = 0;

  /** The weights of one of a step's choices: the agent's own, or 1 for what it did. */
  function weights(step, what, axis, size) {
    const found = steps.probabilities?.[step]?.[what];
    if (soft.checked && found) return found.slice(0, size);
    return Array.from({ length: size }, (_, i) => (chosen(step, axis) === i ? 1 : 0));
  }

  /** What a step chose: the number of an operation or of a column; -1 if it reads no column. */
  function chosen(step, axis) {
    const { choice } = trace.actions[steps.action[step]];
    return axis === 0 || scene.operations[choice[0]][axis] ? choice[axis] : -1;
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

  /** Tell what came out of the step, and bring the rows that it is about into sight. */
  function drawResult() {
    const text = run.at ? trace.texts[run.note("left")] : `${scene.cells.length} of ${scene.cells.length} rows`;
    const kind = run.layers.output[0];
    const name = kind === NUMBER ? "number" : kind === PRINT ? "cells" : "selected rows";
    const what = run.at ? `Result of step ${run.at}` : "At the start";
    result.replaceChildren(make("span", { class: "what", text: what }), make("span", { class: "chip open", text: name }), make("b", { text }), make("span", { class: "means faint", text: run.action?.means ?? "" }));
    const row = run.at && body.querySelector(".printed, .selected");
    if (row) reveal(body.closest(".scroll"), row);
  }

  function draw() {
    drawQuestion();
    heat.forEach((map, axis) => map.draw(run.at, (step) => weights(step, map.what, axis, names[axis].length), (step) => chosen(step, axis)));
    drawTable();
    drawResult();
  }

  return {
    listTitle: "Program",
    draw,
    fillRow(node, step) {
      const [number, words] = fit(node, 2, () => make("span"));
      setClass(node, "row");
      setText(number, String(step));
      setText(words, run.words(step).replace(" -> ", " → "));
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
    const title = (this.head = make("thead", {}, make("tr", {}, make("th", { scope: "col", text: what }), ...head)));
    host.append(make("div", { class: "scroll" }, make("table", { class: "heat" }, title, make("tbody", {}, ...this.lines))));
    this.steps = steps;
  }

  /** Draw the steps so far; what is never likely and never chosen has no line. */
  draw(at, weights, chosen) {
    const steps = Array.from({ length: this.steps }, (_, step) => ({ found: weights(step), chosen: chosen(step) }));
    this.lines.forEach((line, i) => (line.hidden = steps.every((step) => step.chosen !== i && !(step.found[i] >= LEAST))));
    this.head.hidden = this.lines.every((line) => line.hidden);
    steps.forEach((step, number) => this.lines.forEach((line, i) => drawWeight(line, number, number < at ? (step.found[i] ?? 0) : 0, { isNow: number === at - 1, isChosen: number < at && step.chosen === i })));
  }
}

function drawWeight(line, step, weight, { isNow, isChosen }) {
  const cell = line.cells[step + 1];
  cell.style.setProperty("--weight", weight);
  cell.title = `${line.cells[0].textContent}: ${weight.toFixed(3)}`;
  setText(cell, weight >= 0.995 ? "1" : weight >= LEAST ? weight.toFixed(2).slice(1) : "");
  setClass(cell, [isNow && "now", isChosen && "chosen", weight > 0.65 && "strong"].filter(Boolean).join(" "));
  cell.setAttribute("aria-label", weight.toFixed(2));
}
