"""The page in headless Chromium, one family at a time, compared with the environment."""

import copy
import re
from itertools import pairwise

import numpy as np
import pytest

from neuralprog_envs.interfaces.replay import replay
from neuralprog_envs.interfaces.trace import trace
from neuralprog_envs.registry import make_task
from neuralprog_envs.table.language import MEANINGS
from neuralprog_envs.table.pose import actions_of
from neuralprog_envs.table.tables import Table
from tests.agents.viewer.conftest import DESK, PHONE, play

FAMILIES = {
    "tape": ("search-sort", None, [3, 1, 2, 5, 4], None),
    "program": ("expert", "NPIQuickSort", None, 4),
    "table": ("expert", "NPWikiTableQuestions", None, 12),
}
families = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(scope="module")
def plays():
    return {family: play(*arguments) for family, arguments in FAMILIES.items()}


def states(played):
    task, instance = played.done.task, played.done.instance
    return [step.state for step in replay(task.machine, instance, played.done.actions)]


def assert_tape(page, state, _):
    assert page.values("#tape") == [str(value) for value in state.tape[0]]
    assert page.values("#registers") == [str(value) for value in state.registers[0]]


def assert_program(page, state, machine):
    shown = [value.strip("·") for value in page.values("#pad")]
    shown = np.array(shown).reshape(state.pad[0].shape)
    symbols = machine.world.symbols
    wanted = [[symbols.get(int(v), str(v)).strip(".") for v in row] for row in state.pad[0]]
    assert shown.tolist() == wanted
    calls = [machine.words(call) for call in state.stack[0, : int(state.depth[0])]]
    assert page.texts(".stack li") == calls
    for pointer, place in zip(machine.world.pointers, state.pointers[0], strict=True):
        if pointer.row is not None and 0 <= place < machine.world.columns:
            at = f"#pad [data-place='{pointer.row * machine.world.columns + place}'] i"
            assert pointer.name in page.run("return document.querySelector(arguments[0]).title", at)


def assert_table(page, state, machine):
    rows = "return [...document.querySelectorAll('#table .%s')].map(e => Number(e.dataset.row))"
    printed = np.flatnonzero(state.printed[0]).tolist()
    selected = np.flatnonzero(state.selected[0]).tolist()
    assert page.run(rows % "printed") == printed
    assert page.run(rows % "selected") == ([] if printed else selected)


CHECKS = {"tape": assert_tape, "program": assert_program, "table": assert_table}


@families
def test_the_keyboard_steps_through_the_states_of_the_environment(family, plays, show):
    played = plays[family]
    page, held, machine = show(played.trace), states(played), played.done.task.machine
    last = len(held) - 1

    def check(step):
        assert page.step == step
        CHECKS[family](page, held[step], machine)

    check(0)
    for step in range(1, min(last, 12) + 1):
        page.press("ARROW_RIGHT")
        check(step)
    page.press("ARROW_LEFT", 2)
    check(min(last, 12) - 2)
    page.press("END")
    check(last)
    page.press("ARROW_RIGHT")
    check(last)
    page.press("HOME")
    check(0)
    page.press("PAGE_DOWN")
    check(min(10, last))


@families
def test_it_plays_and_pauses(family, plays, show):
    page = show(plays[family].trace)
    set_speed = "const s = document.getElementById('speed'); s.value = arguments[0]; s.onchange()"
    label = "return document.getElementById('play').getAttribute('aria-label')"
    page.run(set_speed, 1)
    page.press("SPACE")
    assert page.run(label) == "Pause"
    page.run(set_speed, 1024)
    last = len(plays[family].done.actions)
    page.driver.set_script_timeout(10)
    page.driver.execute_async_script(
        "const done = arguments[1];"
        "const look = () => document.body.dataset.step == arguments[0] ? done() "
        ": requestAnimationFrame(look); look()",
        last,
    )
    assert page.run(label) == "Play"


@families
def test_those_who_cannot_see_it_are_told(family, plays, show):
    page = show(plays[family].trace)
    page.press("ARROW_RIGHT")
    words = plays[family].trace["texts"][plays[family].trace["steps"]["words"][0]]
    assert f"Step 1 of {len(plays[family].done.actions)}: {words}." in page.text("#said")
    page.press("END")
    assert "Answer:" in page.text("#said")
    nameless = page.run(
        "return [...document.querySelectorAll('button, select, input, [role=img], [role=region]')]"
        ".filter(e => !(e.ariaLabel || e.labels?.[0]?.textContent.trim() || e.textContent.trim()))"
        ".map(e => e.outerHTML)"
    )
    assert nameless == []
    current = "return document.querySelectorAll('[role=option][aria-selected=true]').length"
    assert page.run(current) == 1


@families
def test_a_phone_scrolls_in_one_direction_only(family, plays, show):
    page = show(plays[family].trace, PHONE)
    for key in ("HOME", "END"):
        page.press(key)
        assert page.run("return document.documentElement.scrollWidth") <= PHONE[0]
        wide = (
            "return [...document.querySelectorAll('footer *, header *, section')]"
            ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)"
        )
        assert page.run(wide) == []


@families
def test_what_matters_is_seen_without_scrolling(family, plays, show):
    page = show(plays[family].trace)
    page.press("ARROW_RIGHT", 3)
    fits = "e.scrollHeight <= e.clientHeight + 1"
    assert page.run(f"const e = document.documentElement; return {fits}")
    assert page.run(f"const e = document.getElementById('stage'); return {fits}")
    lit = ".line.lit, #circuit svg, #chosen .choice, #result, .row[aria-selected=true]"
    places = page.run(
        "return [...document.querySelectorAll(arguments[0])].map(e => e.getBoundingClientRect())"
        ".map(box => [box.top, box.bottom])",
        lit,
    )
    assert len(places) > 1
    assert all(0 <= top < bottom <= DESK[1] for top, bottom in places)


@families
def test_the_page_says_what_was_posed_and_what_came_out(family, plays, show):
    trace = plays[family].trace
    page = show(trace)
    assert page.text("#task").startswith(trace["task"])
    assert page.texts("#verdict *")[:2] == ["Final result", "✓ right"]
    page = show({**trace, "success": False, "expected": ["other"]})
    assert page.texts("#verdict *")[1] == "✗ wrong"
    assert page.texts("#verdict *")[-1] == "expected other"
    keys = " ".join(page.texts("kbd"))
    assert keys == "← → space Home End"


def test_the_instance_is_told_where_no_input_was_typed(plays, show):
    tape = {**plays["tape"].trace, "input": None}
    assert show(tape).text("#task") == "Sort an array. Input: the tape 5 3 1 2 5 4 0."
    pad = " ".join(str(value) for value in plays["program"].done.instance.pad[0, 0, :4])
    assert f"Input: ARRAY {pad}," in show(plays["program"].trace).text("#task")


@families
def test_a_link_leads_to_a_step(family, plays, show):
    page = show(plays[family].trace, fragment="#step=3")
    assert page.step == 3
    page.press("ARROW_LEFT")
    assert page.run("return document.getElementById('place').getAttribute('href')") == "#step=2"
    page.driver.execute_async_script("setTimeout(arguments[0], 400)")
    assert page.run("return location.hash") == "#step=2"
    page.driver.execute_async_script("location.hash = '#step=1'; setTimeout(arguments[0], 50)")
    assert page.step == 1


@pytest.mark.parametrize("fragment", ["#step=99999", "#step=-1", "#step=<b>", "#other"])
def test_a_link_to_no_step_leads_to_the_nearest_or_the_first(fragment, plays, show):
    last = len(plays["table"].done.actions)
    assert show(plays["table"].trace, fragment=fragment).step == (last if "9" in fragment else 0)


@pytest.mark.parametrize(
    "name", ["nram-sort", "nram-listk", "search-walkbst", "search-deduplicate"]
)
def test_the_branch_that_ran_is_lit_with_what_came_of_it(name, show):
    played = play(name, length=3)
    page, held = show(played.trace), states(played)
    for before, after in pairwise(held):
        page.press("ARROW_RIGHT")
        heading, *lines = page.texts(".block.ran .line")
        was, now = before.registers[0], after.registers[0]
        condition = re.sub(r"r(\d+)", r"was[\1 - 1]", heading.strip(":").removeprefix("when "))
        condition = condition.replace("!= 0", "> 0").replace("=", "==").replace(",", " and")
        assert heading == "always:" or eval(condition, {"was": was})
        told = {line.partition(" := ")[0]: line for line in lines if " := " in line}
        for j, (old, new) in enumerate(zip(was, now, strict=True), start=1):
            if old != new:
                assert told[f"r{j}"].endswith(f"{old} → {new}")
                assert page.texts(f"[data-register='{j}'] s") == [str(old)]
            else:
                assert told.get(f"r{j}", f"{new}").endswith(f"{new}")
        changed = np.flatnonzero(before.tape[0] != after.tape[0])
        old = [str(before.tape[0, cell]) for cell in changed]
        assert page.texts("#tape s") == old


def test_the_next_branch_is_marked(plays, show):
    page = show(plays["tape"].trace)
    for _ in plays["tape"].done.actions:
        (following,) = page.texts(".block.next .line:first-child .code")
        page.press("ARROW_RIGHT")
        assert page.text(".block.ran .line:first-child .code") == following
    assert page.texts(".block.next") == []


@pytest.mark.parametrize(
    "name", ["synthesis-bubblesort-npi", "synthesis-addition", "synthesis-hanoi"]
)
def test_the_line_of_a_recursive_program_is_lit(name, show):
    trace = play(name, length=2).trace
    page = show(trace)
    for word in trace["steps"]["words"][:60]:
        page.press("ARROW_RIGHT")
        assert page.texts(".line.lit .code") == [trace["texts"][word]]
        assert page.run("return document.querySelector('.line.lit').checkVisibility()")


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("name", ["nram-listk", "nram-walkbst", "nram-permutation"])
def test_wires_go_round_the_boxes_and_outputs_are_sorted(name, size, show):
    page = show(play(name, length=3).trace, size)
    for _ in range(6):
        page.press("ARROW_RIGHT")
        assert page.run(CROSSINGS) == []
        names = page.texts(".box.effect .name")
        assert names == sorted(names)


CROSSINGS = """
const boxes = [...document.querySelectorAll('.box')].map(box => {
  const [x, y] = box.getAttribute('transform').match(/[\\d.-]+/g).map(Number);
  const rect = box.querySelector('rect');
  return [x, y, x + rect.width.baseVal.value, y + rect.height.baseVal.value];
});
const crossings = [];
for (const wire of document.querySelectorAll('.wire'))
  for (let at = 0; at <= wire.getTotalLength(); at += 2) {
    const {x, y} = wire.getPointAtLength(at);
    const within = ([left, top, right, bottom]) =>
      x > left + 1 && x < right - 1 && y > top + 1 && y < bottom - 1;
    if (boxes.some(within)) crossings.push(wire.getAttribute('d'));
  }
return crossings;
"""


def test_a_moved_pointer_shows_where_it_was(plays, show):
    page = show(plays["program"].trace)
    held = states(plays["program"])
    pointers = plays["program"].done.task.machine.world.pointers
    moves = 0
    for before, after in pairwise(held[:30]):
        page.press("ARROW_RIGHT")
        moved = np.flatnonzero(before.pointers[0] != after.pointers[0])
        told = page.texts("#variables .new")
        assert told == [
            f"{pointers[i].name}: {before.pointers[0, i]} → {after.pointers[0, i]}" for i in moved
        ]
        moves += len(moved)
    assert moves


def test_the_arguments_of_an_effect_have_probabilities(plays, show):
    trace = copy.deepcopy(plays["program"].trace)
    machine = plays["program"].done.task.machine
    count = len(trace["steps"]["action"])
    weights = {
        name: [0.0] * n for name, n in zip(machine.action_names, machine.actions, strict=True)
    }
    step = next(
        i for i, n in enumerate(trace["steps"]["action"]) if trace["actions"][n]["kind"] == "act"
    )
    choice = trace["actions"][trace["steps"]["action"][step]]["choice"]
    for own, number in zip(weights.values(), choice, strict=True):
        own[number] = 0.9
    trace["steps"]["probabilities"] = [weights] * count
    page = show(trace, fragment=f"#step={step + 1}")
    words = trace["texts"][trace["steps"]["words"][step]].strip()
    varied = [i for i in (1, 2, 3) if len({c[i] for c in machine.library.words if c[0] == 1}) > 1]
    assert page.texts("#chosen .bars p") == ["ACT90.0 %", *[f"{words}90.0 %"] * len(varied)]


def test_the_chosen_row_of_a_long_table_is_in_view(show):
    task = make_task("NPSingleColumn", length=100)
    table = [["x"], *([number] for number in range(100))]
    instances = task.pose_input({"table": table, "question": "greater 97 print"})
    machine = task.machine
    greater = machine.operations.index("greater")
    page = show(trace(task, instances, [(greater, 0, 0)]))
    page.press("ARROW_RIGHT")
    box = "e => e.getBoundingClientRect()"
    boxes = page.run(f"return [...document.querySelectorAll('#table .selected')].map({box})")
    assert len(boxes) == 2
    assert all(box["top"] > 0 and box["bottom"] < DESK[1] for box in boxes)


def test_a_step_of_a_table_says_what_its_operation_means_and_what_came_of_it(show):
    task = make_task("NPWikiTableQuestions", length=4, operations="wiki")
    rows = [["Team", "Points"], ["b", "1"], ["a", "2"], ["a", "4"], ["c", "9"]]
    program = "mode[Team] -> first -> more[Points] -> average[Points]"
    (actions,) = actions_of(program, Table(rows[0], rows[1:]), task.machine)
    instances = task.pose_input({"table": rows, "question": "how many Points?"})
    page, words = show(trace(task, instances, actions)), program.split(" -> ")
    left = ("2 of 4 rows: 2 3", "1 of 4 rows: 2", "2 of 4 rows: 3 4", "6.5")
    for step, (word, result) in enumerate(zip(words, left, strict=True), 1):
        page.press("ARROW_RIGHT")
        assert page.text("#result b") == result
        assert page.text("#result .means") == MEANINGS[word.split("[")[0]]
        assert f"{word} → {result}" in page.text(f"#step-{step}")


EVIL = "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>\u2028&amp;"


def test_a_cell_a_name_and_a_question_with_markup_stay_text(show):
    task = make_task("NPWikiTableQuestions", length=3)
    table = [["Name", f"Col {EVIL}"], ["a", EVIL], ["b", "2"]]
    question = f"how many {EVIL}?"
    instances = task.pose_input({"table": table, "question": question})
    run = trace(task, instances, [(task.machine.operations.index("reset"), 0, 0)] * 4)
    run |= {"agent": EVIL, "env": EVIL, "program": EVIL}
    page = show(run)
    page.press("END")
    assert page.run("return window.hit ?? 0") == 0
    assert page.run("return document.scripts.length") == 2
    assert page.run("return document.querySelectorAll('img').length") == 0
    assert page.texts("#table td")[1] == EVIL
    assert page.text("#title") == EVIL
    assert page.text(".asked") == question


def test_the_policy_of_the_page_forbids_scripts_even_if_one_came_in(show, plays):
    page = show(plays["tape"].trace)
    page.run(
        "const s = document.createElement('script'); s.textContent = 'window.hit = 1';"
        "document.body.append(s)"
    )
    assert page.run("return window.hit ?? 0") == 0
    complaints = page.errors()
    assert complaints
    assert all("Content Security Policy" in complaint for complaint in complaints)


def stretched(trace, total):
    """Return a trace whose steps are repeated; every text is another, as in a long run."""
    long = copy.deepcopy(trace)
    steps, count = long["steps"], len(long["steps"]["action"])
    times = -(-total // count)
    repeat = lambda column: (column * times)[:total]  # noqa: E731
    changes = {name: repeat(column) for name, column in steps.pop("changes").items()}
    long["steps"] = {name: repeat(column) for name, column in steps.items()}
    long["texts"] = [f"{trace['texts'][w]} {i}" for i, w in enumerate(long["steps"]["words"])]
    long["steps"] |= {"words": list(range(total)), "changes": changes}
    return long


@pytest.mark.parametrize("family", ["tape", "program"])
def test_a_trace_of_100_000_steps_is_interactive_in_two_seconds(family, plays, show):
    page = show(stretched(plays[family].trace, 100_000))
    assert int(page.run("return document.body.dataset.ready")) < 2000
    code = (
        "const [key, done] = arguments; const began = performance.now();"
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));"
        "requestAnimationFrame(() => done(performance.now() - began))"
    )
    for key, step in (("End", 100_000), ("ArrowLeft", 99_999), ("Home", 0), ("ArrowRight", 1)):
        assert page.driver.execute_async_script(code, key) < 1000
        assert page.step == step
    assert page.run("return document.querySelectorAll('#list [role=option]').length") < 100


def test_a_call_can_be_folded_away(show, plays):
    page = show(plays["program"].trace)
    rows = "return Number(document.querySelector('#list [role=option]').ariaSetSize)"
    everything = page.run(rows)
    page.run("document.querySelector('#step-0 .fold').click()")
    assert page.run(rows) == 1
    page.run("document.querySelector('#step-0 .fold').click()")
    assert page.run(rows) == everything


def test_probabilities_are_shaded_and_can_be_switched_off(show, plays):
    trace = copy.deepcopy(plays["table"].trace)
    scene, steps = trace["scene"], trace["steps"]
    soft = [0.25, 0.75, *[0.0] * (len(scene["operations"]) - 2)]
    distributions = {"operation": soft, "words": [0.5, *[0.0] * (len(scene["words"]) - 1)]}
    steps["probabilities"] = [distributions] * len(steps["action"])
    page = show(trace)
    page.press("ARROW_RIGHT")
    weight = "return [...document.querySelectorAll('.heat')[0].querySelectorAll('td.now')]"
    weight += ".map(e => Number(e.style.getPropertyValue('--weight')))"
    assert page.run(weight) == soft
    chosen = {trace["actions"][number]["choice"][0] for number in steps["action"]}
    shown = "return [...document.querySelector('.heat tbody').rows].filter(e => !e.hidden)"
    names = [name for i, (name, *_) in enumerate(scene["operations"]) if soft[i] or i in chosen]
    assert page.run(f"{shown}.map(e => e.cells[0].textContent)") == names
    token = "return document.querySelector('.tokens span').style.getPropertyValue('--weight')"
    assert page.run(token) == "0.5"
    page.run("document.querySelector('.switch input').click()")
    assert sorted(page.run(weight)) == [*[0] * (len(soft) - 1), 1]


def test_what_a_program_agent_considered_is_shown(show, plays):
    trace = copy.deepcopy(plays["program"].trace)
    weights = [0.0] * len(trace["scene"]["programs"])
    weights[:2] = [0.25, 0.75]
    trace["steps"]["probabilities"] = [{"program": weights}] * len(trace["steps"]["action"])
    page = show(trace)
    page.press("ARROW_RIGHT")
    assert page.texts("#chosen .bars p") == ["ACT75.0 %", "RETURN25.0 %", "PARTITION0.0 %"]
    assert page.texts("#chosen .bars .chosen > span:first-child") == ["PARTITION"]
