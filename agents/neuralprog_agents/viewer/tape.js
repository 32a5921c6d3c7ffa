// The tape family: cells, registers, and the wiring of the step that was taken.

const MOST_CELLS = 160;
const BLOCK = 16;
const MOST_BARS = 12;
const BOX = { width: 104, height: 40, across: 48, down: 10 };

function makeStage(run, host) {
  const { scene } = run;
  const tape = panel(host, "Tape", "tape");
  const more = tape.parentElement.appendChild(make("p", { class: "faint" }));
  tape.parentElement.append(legend());
  const registers = panel(host, "Registers", "registers");
  const circuit = panel(host, "This step", "circuit");
  if (run.trace.program) {
    const text = make("pre", { text: run.trace.program });
    host.append(make("details", {}, make("summary", { text: "The whole learned program" }), text));
  }
  const answer = new Map(scene.scored.map((cell, i) => [cell, scene.answer[i]]));
  tape.style.setProperty("--digits", `${String(scene.memory_size - 1).length + 2}ch`);

  /** All cells, or of a long tape the blocks in which something is read, written or pointed at. */
  function cellsShown(touched) {
    if (scene.memory_size <= MOST_CELLS) return Array.from({ length: scene.memory_size }, (_, cell) => cell);
    const blocks = [...new Set([0, ...touched].map((cell) => Math.floor(cell / BLOCK)))].sort((one, other) => one - other);
    const cells = blocks.flatMap((block) => Array.from({ length: BLOCK }, (_, i) => block * BLOCK + i));
    return cells.filter((cell) => cell < scene.memory_size);
  }

  function drawTape() {
    const [reads, writes] = [run.note("reads") ?? [], run.note("writes") ?? []];
    const pointers = new Map();
    run.layers.registers.forEach((cell, j) => pointers.set(cell, [...(pointers.get(cell) ?? []), `r${j + 1}`]));
    const shown = cellsShown([...reads, ...writes, ...pointers.keys()]);
    const nodes = fit(tape, shown.length, makeCell);
    shown.forEach((cell, i) => {
      drawCell(nodes[i], cell, reads, writes, pointers.get(cell) ?? []);
      nodes[i].classList.toggle("gap", i > 0 && shown[i - 1] !== cell - 1);
    });
    setText(more, shown.length < scene.memory_size ? `${shown.length} of ${grouped(scene.memory_size)} cells: those around what is read, written or pointed at` : "");
  }

  function drawCell(node, cell, reads, writes, names) {
    const [index, value, marks] = node.children;
    const held = run.layers.tape[cell];
    const wanted = answer.get(cell);
    node.dataset.cell = cell;
    setText(index, String(cell));
    setText(value, String(held));
    setText(marks, names.length > 2 ? `${names[0]} +${names.length - 1}` : names.join(" "));
    marks.title = names.join(" ");
    const state = [reads.includes(cell) && "read", writes.includes(cell) && "written"];
    if (wanted !== undefined) state.push("scored", wanted === held && "correct");
    node.className = ["cell", ...state.filter(Boolean)].join(" ");
    node.setAttribute("aria-label", `cell ${cell}: ${held}${names.length ? `, ${names.join(" and ")} point here` : ""}`);
  }

  function drawRegisters() {
    const nodes = fit(registers, scene.registers, makeCell);
    run.layers.registers.forEach((value, j) => {
      const [name, shown, was] = nodes[j].children;
      const old = run.before("registers", j);
      setText(name, `r${j + 1}`);
      setText(shown, String(value));
      setText(was, old !== value ? `was ${old}` : value === 0 ? "zero" : "");
      nodes[j].dataset.register = j + 1;
      setClass(nodes[j], `cell${old !== value ? " new" : ""}${value === 0 ? " zero" : ""}`);
      nodes[j].setAttribute("aria-label", `register ${j + 1}: ${value}`);
    });
  }

  function drawCircuit() {
    circuit.replaceChildren(make("p", { class: "words", text: run.at ? run.words(run.at) || "nothing" : "The run has not begun: step forward with →." }));
    if (!run.action) return;
    const { lines } = run.action;
    const views = circuit.appendChild(make("div", { class: "views" }));
    if (run.action.after.length || run.action.writes.length)
      views.append(make("div", { class: "scroll" }, drawWiring(run.action, run.note("values"), lines.join("; ") || run.words(run.at))));
    if (lines.length) views.append(make("pre", { text: lines.join("\n") }));
    drawProbabilities(circuit, run);
  }

  return {
    draw() {
      drawTape();
      drawRegisters();
      drawCircuit();
    },
    fillRow(node, step) {
      const [number, words] = fit(node, 2, () => make("span"));
      setClass(node, "row");
      setText(number, String(step));
      setText(words, run.words(step) || "–");
    },
    tell: () => `Registers: ${list.format(run.layers.registers.map((value, j) => `r${j + 1} ${value}`))}.`,
  };
}

function makeCell() {
  return make("div", { class: "cell", role: "img" }, make("small"), make("b"), make("i"));
}

function legend() {
  const item = (kind, text) => make("span", {}, make("span", { class: `key ${kind}` }), text);
  return make("p", { class: "legend", "aria-hidden": "true" }, item("read", "read"), item("written", "written"), item("scored", "part of the answer"), item("correct", "right"));
}

/** How sure the agent was of each choice that is no dead wiring, if it tells: least sure first. */
function drawProbabilities(host, run) {
  const probabilities = run.note("probabilities");
  if (!probabilities) return;
  const rows = run.action.live.filter((name) => probabilities[name]).map((name) => [name, Math.max(...probabilities[name])]);
  rows.sort((one, other) => one[1] - other[1]);
  if (rows[0][1] >= 0.9995) {
    host.append(make("p", { class: "faint", text: `Each of the ${rows.length} choices had a probability of at least 99.9 % before it was made hard.` }));
    return;
  }
  const bars = rows.slice(0, MOST_BARS).map(([name, weight]) => bar(name, weight));
  const rest = rows.length > MOST_BARS ? `, the least certain ${MOST_BARS} of ${rows.length}` : "";
  host.append(make("h3", { text: `Probability of each choice before it was made hard${rest}` }), make("div", { class: "bars" }, ...bars));
}

/** Draw what feeds what, from the left: registers, modules in the order of need, effects. */
function drawWiring(action, values, label) {
  const boxes = action.nodes.map(([name, ...inputs], i) => ({ name, inputs, text: String(values[i]), kind: inputs.length ? "module" : "source" }));
  for (const box of boxes) box.level = box.inputs.length ? 1 + Math.max(...box.inputs.map((i) => boxes[i].level)) : 0;
  const last = 1 + Math.max(0, ...boxes.map((box) => box.level));
  for (const [address, value] of action.writes)
    boxes.push({ name: "WRITE", inputs: [address, value], text: `[${values[address]}] ← ${values[value]}`, kind: "effect write", level: last });
  for (const [register, node] of action.after)
    boxes.push({ name: `r${register + 1} :=`, inputs: isConstant(boxes[node]) ? [] : [node], text: String(values[node]), kind: "effect", level: last });
  const used = new Set(boxes.flatMap((box) => box.inputs));
  const drawn = boxes.filter((box, i) => used.has(i) || box.level === last);
  place(boxes, drawn, last);
  const width = (last + 1) * (BOX.width + BOX.across) - BOX.across + 4;
  const height = 4 + Math.max(...drawn.map((box) => box.y + BOX.height));
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  for (const box of drawn) svg.append(...box.inputs.map((from, i) => wire(boxes[from], box, i)));
  for (const box of drawn) svg.append(drawBox(box));
  return svg;
}

const isConstant = (box) => /^\d/.test(box.name);

/** Give every box its place: columns by level, in a column near to what feeds it. */
function place(boxes, drawn, last) {
  const mean = (box) => box.inputs.reduce((sum, i) => sum + boxes[i].y, 0) / (box.inputs.length || 1);
  for (let level = 0; level <= last; level++) {
    const column = drawn.filter((box) => box.level === level);
    for (const box of column) box.wish = box.inputs.length ? mean(box) : level * 1e6;
    if (level) column.sort((one, other) => one.wish - other.wish);
    let free = 2;
    for (const box of column) {
      box.x = 2 + level * (BOX.width + BOX.across);
      box.y = Math.max(free, box.inputs.length ? box.wish : 0);
      free = box.y + BOX.height + BOX.down;
    }
  }
}

function shape(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function wire(from, to, input) {
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + (BOX.height * (input + 1)) / (to.inputs.length + 1)];
  const bend = (x2 - x1) / 2;
  return shape("path", { class: "wire", d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` });
}

function drawBox(box) {
  const group = shape("g", { class: `box ${box.kind}`, transform: `translate(${box.x} ${box.y})` });
  group.append(
    shape("rect", { width: BOX.width, height: BOX.height, rx: 7 }),
    shape("text", { class: "name", x: BOX.width / 2, y: 15 }, box.name),
    shape("text", { class: "value", x: BOX.width / 2, y: 33 }, box.text),
  );
  return group;
}
