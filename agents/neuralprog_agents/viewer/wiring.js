// What feeds what in one step of a circuit: boxes in levels, wires in lanes between them.

const ACROSS_PAGE = { along: 96, gap: 40, across: 40, lane: 6, apart: 14, upright: false };
const DEEP = { ...ACROSS_PAGE, along: 84, gap: 24 };
const MOST_LEVELS = 4;
const LEAST_SCALE = 0.85;
const DOWN_PAGE = { along: 40, gap: 36, across: 76, lane: 6, apart: 10, upright: true };
const [MODULE_COLOURS, CONSTANT_COLOUR] = [[5, 6, 7, 3, 4, 2, 1], 8];
const SWEEPS = 6;

/**
 * Draw an action: registers first, modules in the order of need, what is written and assigned last.
 * A wire has the colour of where it comes from, and passes between the boxes on its way.
 * There is room for so many pixels beside each other.
 */
function drawWiring(run, room) {
  const boxes = boxesOf(run);
  const form = formFor(boxes.at(-1).level + 1, room);
  const levels = [];
  for (const box of boxes.filter((each) => each.isShown)) (levels[box.level] ??= []).push(box);
  const wires = boxes.flatMap((box) => box.inputs.map((from, port) => ({ from: boxes[from], to: box, port })));
  for (const wire of wires) wire.lanes = lanesOf(wire, levels, form);
  arrange(levels, wires, form);
  return drawn(levels.flat().filter((item) => item.name), wires, form);
}

/** Across the page if there is room for so many levels, else down it. */
function formFor(levels, room) {
  const form = levels <= MOST_LEVELS ? ACROSS_PAGE : DEEP;
  return levels * (form.along + form.gap) - form.gap <= room / LEAST_SCALE ? form : DOWN_PAGE;
}

function boxesOf(run) {
  const { nodes, writes, after } = run.action;
  const values = run.note("values");
  let modules = 0;
  const boxes = nodes.map(([name, ...inputs], i) => {
    const [kind, number] = [inputs.length ? "module" : "source", Number(name.slice(1))];
    const isConstant = /^\d/.test(name);
    const isRegister = kind === "source" && name[0] === "r";
    const colour = isConstant ? CONSTANT_COLOUR : isRegister ? registerColour(number) : MODULE_COLOURS[modules++ % MODULE_COLOURS.length];
    return { name: isConstant ? "constant" : name, inputs, text: String(values[i]), kind, colour, isConstant };
  });
  for (const box of boxes) box.level = box.inputs.length ? 1 + Math.max(...box.inputs.map((i) => boxes[i].level)) : 0;
  const level = 1 + Math.max(0, ...boxes.map((box) => box.level));
  const ends = writes.map(([address, value]) => {
    const cell = values[address];
    return { name: `cell ${cell}`, inputs: [address, value], text: change(run.before("tape", cell), values[value]), kind: "effect write" };
  });
  for (const [register, node] of [...after].sort((one, other) => one[0] - other[0]))
    ends.push({ name: `r${register + 1}`, inputs: boxes[node].isConstant ? [] : [node], text: change(run.before("registers", register), values[node]), kind: "effect", colour: registerColour(register + 1) });
  const used = new Set([...boxes, ...ends].flatMap((box) => box.inputs));
  boxes.forEach((box, i) => (box.isShown = used.has(i)));
  return [...boxes, ...ends.map((end) => ({ ...end, level, isShown: true }))];
}

const change = (before, after) => (before === after ? String(after) : `${before} → ${after}`);

/** Give a wire a lane through each level between its ends; wires from one box share theirs. */
function lanesOf({ from, to }, levels, form) {
  from.lanes ??= {};
  const between = Array.from({ length: to.level - from.level - 1 }, (_, i) => from.level + 1 + i);
  return between.map((level) => {
    if (!from.lanes[level]) levels[level].push((from.lanes[level] = { level, size: form.lane }));
    return from.lanes[level];
  });
}

/** Give all items their places; the first and the last level keep their order. */
function arrange(levels, wires, form) {
  for (const item of levels.flat()) Object.assign(item, { size: item.size ?? form.across, before: [], after: [] });
  for (const { from, to, lanes } of wires)
    [from, ...lanes].forEach((item, i) => link(item, [...lanes, to][i]));
  levels.forEach((items) => settle(items.map((item, i) => Object.assign(item, { wish: i * (form.across + form.apart) })), form.apart));
  for (let sweep = 0; sweep < SWEEPS; sweep++)
    levels.forEach((items, level) => {
      for (const item of items) item.wish = mean([...item.before, ...item.after].map(middle), middle(item));
      if (level && level < levels.length - 1) items.sort((one, other) => one.wish - other.wish);
      settle(items, form.apart);
    });
  const start = Math.min(...levels.flat().map((item) => item.at));
  for (const item of levels.flat()) item.at += 2 - start;
}

function link(one, other) {
  if (!one.after.includes(other)) one.after.push(other);
  if (!other.before.includes(one)) other.before.push(one);
}

const middle = (item) => item.at + item.size / 2;
const mean = (numbers, otherwise) => (numbers.length ? numbers.reduce((sum, x) => sum + x, 0) / numbers.length : otherwise);

/** Put items in their order as near to what they wish as their sizes let them: pool adjacent violators. */
function settle(items, apart) {
  const blocks = [];
  let offset = 0;
  for (const item of items) {
    item.offset = offset;
    let block = { items: [item], start: item.wish - item.size / 2 - offset };
    offset += item.size + apart;
    while (blocks.length && blocks.at(-1).start > block.start) {
      const last = blocks.pop();
      const [n, m] = [last.items.length, block.items.length];
      block = { items: [...last.items, ...block.items], start: (n * last.start + m * block.start) / (n + m) };
    }
    blocks.push(block);
  }
  for (const block of blocks) for (const item of block.items) item.at = block.start + item.offset;
}

function drawn(boxes, wires, form) {
  const step = form.along + form.gap;
  const long = Math.max(...boxes.map((box) => box.level)) * step + form.along + 4;
  const wide = Math.max(...boxes.map((box) => box.at + box.size)) + 2;
  const [width, height] = form.upright ? [wide, long] : [long, wide];
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  svg.style.minWidth = `${Math.round(LEAST_SCALE * width)}px`;
  svg.append(...wires.map((wire) => shape("path", { class: `wire c${wire.from.colour}`, d: route(wire, form) })));
  svg.append(...boxes.map((box) => drawBox(box, form)));
  return svg;
}

/** A wire's path: curves in the gaps, straight through its lanes. */
function route({ from, to, port, lanes }, form) {
  const step = form.along + form.gap;
  const point = (along, across) => (form.upright ? `${across} ${along}` : `${along} ${across}`);
  const end = to.at + (to.size * (port + 1)) / (to.inputs.length + 1);
  let [along, across] = [2 + from.level * step + form.along, middle(from)];
  let path = `M${point(along, across)}`;
  for (const [item, target] of [...lanes.map((lane) => [lane, middle(lane)]), [to, end]]) {
    const [next, half] = [2 + item.level * step, form.gap / 2];
    path += `C${point(along + half, across)} ${point(next - half, target)} ${point(next, target)}`;
    [along, across] = [next + form.along, target];
    if (item !== to) path += `L${point(along, across)}`;
  }
  return path;
}

function drawBox(box, form) {
  const [along, level] = [2 + box.level * (form.along + form.gap), box.at];
  const [x, y, width, height] = form.upright ? [level, along, box.size, form.along] : [along, level, form.along, box.size];
  const group = shape("g", { class: `box ${box.kind} c${box.colour ?? 0}`, transform: `translate(${x} ${y})` });
  group.append(
    shape("rect", { width, height, rx: 8 }),
    shape("text", { class: `name${form.upright ? " small" : ""}`, x: width / 2, y: 15 }, box.name),
    shape("text", { class: "value", x: width / 2, y: 32 }, box.text),
  );
  return group;
}

function shape(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}
