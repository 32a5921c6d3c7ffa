"""The page in headless Chromium, one family at a time, compared with the environment."""

import copy

import numpy as np
import pytest

from neuralprog_envs.interfaces.replay import replay
from neuralprog_envs.interfaces.trace import trace
from neuralprog_envs.registry import make_task
from tests.agents.viewer.conftest import PHONE, play

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
    assert page.texts("#tape .cell b") == [str(value) for value in state.tape[0]]
    assert page.texts("#registers .cell b") == [str(value) for value in state.registers[0]]


def assert_program(page, state, machine):
    shown = np.array(page.texts("#pad .cell b")).reshape(state.pad[0].shape)
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
    assert page.texts("#considered p")[:2] == ["ACT75.0 %", "RETURN25.0 %"]
