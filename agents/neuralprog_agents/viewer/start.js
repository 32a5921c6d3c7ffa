// Puts the page together: heading, stage, list of steps, playback.

const SPEEDS = [1, 2, 4, 16, 64, 256, 1024];
const REST = 250;
const byId = (id) => document.getElementById(id);

const trace = JSON.parse(byId("trace").textContent);
const run = new Run(trace);
const stage = makeStage(run, byId("stage"), byId("side"));
document.body.classList.add(trace.family);
const steps = new StepList(byId("list"), stage.fillRow, chooseRow);
const player = { timer: 0, started: 0, from: 0, rest: 0 };

function chooseRow(step, event) {
  if (stage.fold?.(step, event)) steps.show(stage.rows());
  else go(step);
}

function writeHeading() {
  const name = trace.env?.replace(/-v0$/, "") ?? `${trace.family} task`;
  document.title = trace.agent ? `${trace.agent} · ${name}` : name;
  setText(byId("title"), name);
  setText(byId("task"), [trace.task, posed()].filter(Boolean).join(" "));
  byId("about").append(...describeRun());
  const verdict = byId("verdict");
  const [word, kind] = trace.success === null ? ["not judged", "open"] : trace.success ? ["✓ right", "good"] : ["✗ wrong", "bad"];
  verdict.append(make("span", { class: "what", text: "Final result" }), make("span", { class: `chip ${kind}`, text: word }), make("b", { text: joined(trace.answer) || "(nothing)" }));
  if (trace.success === false && joined(trace.expected) !== joined(trace.answer))
    verdict.append(make("span", { class: "faint", text: `expected ${joined(trace.expected)}` }));
}

/** What was posed, in words: the user's input, or the instance as the stage tells it. */
function posed() {
  const { input } = trace;
  const typed = Array.isArray(input) ? joined(input) : typeof input === "object" ? "" : (input ?? "");
  const shown = typed || stage.posed?.();
  return shown ? `Input: ${shown}${shown.endsWith("…") ? "" : "."}` : "";
}

function* describeRun() {
  if (trace.agent) yield make("span", { text: `agent ${trace.agent}` });
  yield make("span", { text: `${grouped(run.length)} ${run.length === 1 ? "step" : "steps"}` });
  if (trace.input === undefined) yield make("span", { text: `length ${trace.length}` });
  if (trace.seed !== undefined) yield make("span", { text: `seed ${trace.seed}` });
}

/** Show the state after a step. */
function go(step) {
  run.seek(step);
  stage.draw();
  steps.mark(run.at);
  byId("slider").value = run.at;
  byId("slider").setAttribute("aria-valuetext", `${run.at} of ${run.length}: ${run.words(run.at)}`);
  setText(byId("place"), `${grouped(run.at)} / ${grouped(run.length)}`);
  byId("place").href = `#step=${run.at}`;
  for (const id of ["first", "back"]) byId(id).disabled = run.at === 0;
  for (const id of ["forward", "last"]) byId(id).disabled = run.at === run.length;
  document.body.dataset.step = run.at;
  if (!player.timer || speed() <= 2) say();
  clearTimeout(player.rest);
  player.rest = setTimeout(keepAddress, REST);
}

/** Put the step into the page's address once it rests there, so that a link leads to it. */
function keepAddress() {
  if (!player.timer && location.protocol !== "about:") history.replaceState(null, "", `#step=${run.at}`);
}

/** The step that the page's address names; 0 if it names none. */
const stepOfAddress = () => Number(/^#step=(\d+)$/.exec(location.hash)?.[1] ?? 0);

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
  addEventListener("hashchange", () => step(stepOfAddress()));
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
go(stepOfAddress());
document.body.dataset.ready = Math.round(performance.now());
