// Puts the page together: heading, stage, list of steps, playback.

const SPEEDS = [1, 2, 4, 16, 64, 256, 1024];
const LONGEST = 90;
const byId = (id) => document.getElementById(id);

/** An answer as one text: numbers as on a tape, texts with commas; a long one is cut. */
function joined(items) {
  const text = items.join(typeof items[0] === "number" ? " " : ", ");
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} … (${grouped(items.length)} in all)` : text;
}

const trace = JSON.parse(byId("trace").textContent);
const run = new Run(trace);
const stage = makeStage(run, byId("stage"));
const steps = new StepList(byId("list"), stage.fillRow, chooseRow);
const player = { timer: 0, started: 0, from: 0 };

function chooseRow(step, event) {
  if (stage.fold?.(step, event)) steps.show(stage.rows());
  else go(step);
}

function writeHeading() {
  const name = trace.env ?? `${trace.family} task`;
  document.title = trace.agent ? `${trace.agent} · ${name}` : name;
  setText(byId("title"), name);
  byId("about").append(...describeRun());
  const verdict = byId("verdict");
  const [word, kind] = trace.success === null ? ["answer", "open"] : trace.success ? ["right", "good"] : ["wrong", "bad"];
  verdict.append(make("span", { class: `chip ${kind}`, text: word }), make("b", { text: joined(trace.answer) || "(none)" }));
  if (trace.success === false && joined(trace.expected) !== joined(trace.answer))
    verdict.append(make("span", { class: "faint", text: `expected ${joined(trace.expected)}` }));
}

function* describeRun() {
  if (trace.agent) yield make("span", { text: `agent ${trace.agent}` });
  const input = typeof trace.input === "object" && trace.input ? (Array.isArray(trace.input) ? joined(trace.input) : "") : trace.input;
  if (input) yield make("span", { text: `input ${input}` });
  else if (trace.input === undefined) yield make("span", { text: `length ${trace.length}${trace.seed === undefined ? "" : `, seed ${trace.seed}`}` });
  yield make("span", { text: `${grouped(run.length)} ${run.length === 1 ? "step" : "steps"}` });
}

/** Show the state after a step. */
function go(step) {
  run.seek(step);
  stage.draw();
  steps.mark(run.at);
  byId("slider").value = run.at;
  byId("slider").setAttribute("aria-valuetext", `${run.at} of ${run.length}: ${run.words(run.at)}`);
  setText(byId("place"), `${grouped(run.at)} / ${grouped(run.length)}`);
  for (const id of ["first", "back"]) byId(id).disabled = run.at === 0;
  for (const id of ["forward", "last"]) byId(id).disabled = run.at === run.length;
  document.body.dataset.step = run.at;
  if (!player.timer || speed() <= 2) say();
}

/** Tell those who listen what has happened. */
function say() {
  const end = run.at === run.length ? ` The end. Answer: ${joined(trace.answer)}.` : "";
  setText(byId("said"), `Step ${run.at} of ${run.length}: ${run.words(run.at)}. ${stage.tell?.() ?? ""}${end}`);
}

const speed = () => Number(byId("speed").value);

function play() {
  if (run.at === run.length) go(0);
  Object.assign(player, { started: performance.now(), from: run.at });
  player.timer = requestAnimationFrame(tick);
  showPlaying();
}

function tick(now) {
  const target = player.from + Math.floor(((now - player.started) / 1000) * speed());
  if (target > run.at) go(target);
  if (run.at === run.length) return pause();
  player.timer = requestAnimationFrame(tick);
}

function pause() {
  cancelAnimationFrame(player.timer);
  player.timer = 0;
  showPlaying();
  say();
}

function showPlaying() {
  byId("play").classList.toggle("playing", Boolean(player.timer));
  byId("play").setAttribute("aria-label", player.timer ? "Pause" : "Play");
}

const toggle = () => (player.timer ? pause() : play());

function step(to) {
  if (player.timer) pause();
  go(to);
}

const KEYS = {
  ArrowRight: () => step(run.at + 1),
  ArrowLeft: () => step(run.at - 1),
  ArrowDown: () => step(run.at + 1),
  ArrowUp: () => step(run.at - 1),
  PageDown: () => step(run.at + 10),
  PageUp: () => step(run.at - 10),
  Home: () => step(0),
  End: () => step(run.length),
  " ": toggle,
};

/** Where a key already means something else: a menu, a button, text to scroll. */
function isTaken(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select")) return true;
  if (event.key === " ") return event.target.matches("button, summary, input[type=checkbox]");
  return /Up|Down/.test(event.key) && !event.target.matches("#list, #slider, body");
}

function listen() {
  document.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || isTaken(event)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  byId("first").onclick = KEYS.Home;
  byId("back").onclick = KEYS.ArrowLeft;
  byId("play").onclick = toggle;
  byId("forward").onclick = KEYS.ArrowRight;
  byId("last").onclick = KEYS.End;
  byId("slider").oninput = (event) => step(Number(event.target.value));
  byId("speed").onchange = () => Object.assign(player, { started: performance.now(), from: run.at });
}

byId("slider").max = run.length;
byId("speed").append(...SPEEDS.map((value) => make("option", { value, text: `${value} / s` })));
byId("speed").value = run.length > 2000 ? 256 : run.length > 100 ? 16 : 2;
byId("steps-title").textContent = stage.listTitle ?? "Steps";
writeHeading();
listen();
steps.show(stage.rows?.() ?? Array.from({ length: run.length + 1 }, (_, step) => step));
go(0);
document.body.dataset.ready = Math.round(performance.now());
