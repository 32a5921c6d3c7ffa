// The tape family: cells, registers, the program with the branch that ran, and the step's wiring.

const MOST_CELLS = 160;
const BLOCK = 16;
const MOST_BARS = 12;

function makeStage(run, host) {
  const { scene } = run;
  const above = host.appendChild(make("div", { class: "pair" }));
  const tape = panel(above, "Tape", "tape");
  const more = tape.parentElement.appendChild(make("p", { class: "faint" }));
  tape.parentElement.append(legend());
  const registers = panel(above, "Registers", "registers");
  const below = host.appendChild(make("div", { class: "pair tall" }));
  const program = run.trace.program ? makeProgram(run, panel(below, "Learned program", "program")) : null;
  const circuit = panel(below, "This step", "circuit");
  const answer = new Map(scene.scored.map((cell, i) => [cell, scene.answer[i]]));
  tape.style.setProperty("--digits", String(scene.memory_size - 1).length);
  let room = 0;
  new ResizeObserver(() => circuit.clientWidth !== room && drawCircuit()).observe(circuit);

  /** All cells, or of a long tape the blocks in which something is read, written or pointed at. */
  function cellsShown(touched) {
    if (scene.memory_size <= MOST_CELLS) return Array.from({ length: scene.memory_size }, (_, cell) => cell);
    const blocks = [...new Set([0, ...touched].map((cell) => Math.floor(cell / BLOCK)))].sort((one, other) => one - other);
    const cells = blocks.flatMap((block) => Array.from({ length: BLOCK }, (_, i) => block * BLOCK + i));
    return cells.filter((cell) => cell < scene.memory_size);
  }

  /** The registers by the cells that they hold now, and by those that they have left. */
  function pointers() {
    const found = new Map();
    const point = (cell, pointer) => found.set(cell, [...(found.get(cell) ?? []), pointer]);
    run.layers.registers.forEach((cell, j) => {
      const old = run.before("registers", j);
      point(cell, { name: `r${j + 1}`, number: j + 1 });
      if (old !== cell) point(old, { name: old < cell ? `r${j + 1}→` : `←r${j + 1}`, number: j + 1, isGone: true });
    });
    return found;
  }

  function drawTape() {
    const [reads, writes] = [run.note("reads") ?? [], run.note("writes") ?? []];
    const marks = pointers();
    const shown = cellsShown([...reads, ...writes, ...marks.keys()]);
    const nodes = fit(tape, shown.length, makeCell);
    shown.forEach((cell, i) => {
      drawCell(nodes[i], cell, reads, writes, marks.get(cell) ?? []);
      nodes[i].classList.toggle("gap", i > 0 && shown[i - 1] !== cell - 1);
    });
    setText(more, shown.length < scene.memory_size ? `${shown.length} of ${grouped(scene.memory_size)} cells: those around what is read, written or pointed at` : "");
  }

  function drawCell(node, cell, reads, writes, pointing) {
    const [index, value, marks] = node.children;
    const held = run.layers.tape[cell];
    const wanted = answer.get(cell);
    const names = pointing.filter((pointer) => !pointer.isGone).map((pointer) => pointer.name);
    node.dataset.cell = cell;
    setText(index, String(cell));
    showChange(value, String(run.before("tape", cell)), String(held));
    showMarks(marks, pointing);
    const state = [reads.includes(cell) && "read", writes.includes(cell) && "written"];
    if (wanted !== undefined) state.push("scored", wanted === held && "correct");
    node.className = ["cell", ...state.filter(Boolean)].join(" ");
    node.setAttribute("aria-label", `cell ${cell}: ${held}${names.length ? `, ${names.join(" and ")} point here` : ""}`);
  }

  function drawRegisters() {
    const nodes = fit(registers, scene.registers, makeCell);
    run.layers.registers.forEach((value, j) => {
      const [name, shown, zero] = nodes[j].children;
      const old = run.before("registers", j);
      setText(name, `r${j + 1}`);
      showChange(shown, String(old), String(value));
      setText(zero, value === 0 ? "zero" : "");
      nodes[j].dataset.register = j + 1;
      setClass(nodes[j], `cell c${registerColour(j + 1)}${old !== value ? " new" : ""}${value === 0 ? " zero" : ""}`);
      nodes[j].setAttribute("aria-label", `register ${j + 1}: ${value}${old === value ? "" : `, before ${old}`}`);
    });
  }

  function drawCircuit() {
    const words = run.at ? run.words(run.at) || "nothing is read or written" : BEFORE;
    circuit.replaceChildren(make("p", { class: "words", text: words }));
    room = circuit.clientWidth;
    if (!run.action) return;
    if (run.action.after.length || run.action.writes.length) {
      const svg = drawWiring(run, room);
      svg.setAttribute("aria-label", run.action.lines.join("; ") || words);
      circuit.append(make("div", { class: "scroll" }, svg));
    }
    if (!program && run.action.lines.length) circuit.append(make("pre", { text: run.action.lines.join("\n") }));
    drawProbabilities(circuit, run);
  }

  return {
    posed: () => `the tape ${shortened(run.trace.start.tape)}`,
    draw() {
      drawTape();
      drawRegisters();
      drawCircuit();
      program?.draw();
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

/** Numbers as text, of the zeros at their end only the first. */
function shortened(numbers) {
  const used = 1 + numbers.findLastIndex((number) => number !== 0);
  return joined(numbers.slice(0, used + 1), " ") + (numbers.length > used + 1 ? " …" : "");
}

/** The program's text: the branch that ran is lit, with what came of each line; the next is marked. */
function makeProgram(run, host) {
  const lines = linesOf(run.trace.program);
  const branches = branchesOf(lines);
  const listing = new Listing(host, lines);
  const was = () => run.layers.registers.map((_, j) => run.before("registers", j));
  return {
    draw() {
      const ran = run.at ? branches.find((branch) => branch.holds(was())) : undefined;
      const next = run.at < run.length ? branches.find((branch) => branch.holds(run.layers.registers)) : undefined;
      listing.show(new Map(ran ? notesOf(run, lines, ran) : []), next?.numbers ?? []);
    },
  };
}

/** The blocks of a program: the numbers of their lines, and whether they run with some registers. */
function branchesOf(lines) {
  const branches = [];
  lines.forEach(({ text, block }, i) => {
    if (!text) return;
    branches[block] ??= { numbers: [], holds: conditionOf(text) };
    branches[block].numbers.push(i);
  });
  return branches.filter(Boolean);
}

/** Whether registers meet a heading such as "when (r1 = 0, r2 != 0) or (r3 = 0):". */
function conditionOf(heading) {
  const cases = heading.split(" or ").map((part) => [...part.matchAll(/r(\d+) (!?=) 0/g)].map(([, number, sign]) => [number - 1, sign === "="]));
  return (registers) => cases.some((tests) => tests.every(([j, isZero]) => (registers[j] === 0) === isZero));
}

/** Each line of a branch with what came of it: what was read, or what was before and after. */
function notesOf(run, lines, branch) {
  const [reads, writes] = [[...run.note("reads")], [...run.note("writes")]];
  const counts = (pattern) => branch.numbers.filter((i) => pattern.test(lines[i].text)).length;
  const [readsTell, writesTell] = [counts(/ = READ\(/) === reads.length, counts(/^WRITE\(/) === writes.length];
  return branch.numbers.map((i) => {
    const { text } = lines[i];
    const register = /^r(\d+) :=/.exec(text);
    if (register) return [i, change(run.before("registers", register[1] - 1), run.layers.registers[register[1] - 1])];
    if (/ = READ\(/.test(text) && readsTell) return [i, String(run.before("tape", reads.shift()))];
    if (text.startsWith("WRITE(") && writesTell) return [i, changeOfCell(run, writes.shift())];
    return [i, ""];
  });
}

const changeOfCell = (run, cell) => `[${cell}] ${change(run.before("tape", cell), run.layers.tape[cell])}`;

/** The names below a cell; of many only the first. */
function showMarks(node, pointing) {
  node.title = pointing.map((pointer) => pointer.name).join(" ");
  const here = pointing.filter((pointer) => !pointer.isGone);
  const marks = here.length > 2 ? here.slice(0, 1) : [...here, ...pointing.filter((pointer) => pointer.isGone)].slice(0, 2);
  const rest = here.length > 2 ? [make("span", { text: `+${here.length - 1}` })] : [];
  node.replaceChildren(...marks.map(({ name, number, isGone }) => make("span", { class: `c${registerColour(number)}${isGone ? " gone" : ""}`, text: name })), ...rest);
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
    host.append(make("p", { class: "faint", text: `The network was sure: each of the ${rows.length} choices behind this step had a probability of at least 99.9 %.` }));
    return;
  }
  const bars = rows.slice(0, MOST_BARS).map(([name, weight]) => bar(name, weight));
  const rest = rows.length > MOST_BARS ? `, the least certain ${MOST_BARS} of ${rows.length}` : "";
  host.append(make("h3", { text: `Probability of each choice behind this step${rest}` }), make("div", { class: "bars" }, ...bars));
}
