"""The program family: the machine against a slow one, calls and limits, experts, frames."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuralprog_envs import REGISTRY, make_task
from neuralprog_envs.core import batch
from neuralprog_envs.core.events import Act, Call, Return
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.interfaces.replay import demonstration, replay
from neuralprog_envs.program.frames import batch_frames, frames, nested
from tests.envs.program.references import Slow

NAMES = sorted(row.name for row in REGISTRY.values() if row.family == "program")
FORMS = [(name, form) for name in NAMES for form in make_task(name).definition.variants]
VIEWS = [(name, view) for name in NAMES for view in make_task(name).definition.observations]
forms = pytest.mark.parametrize(("name", "form"), FORMS)


def perform(task, instances):
    """Let the expert solve one instance; return its episode at the end."""
    episode = task.machine.begin(instances)
    for _ in task.perform(episode):
        pass
    return episode


def acts(task, instances):
    """Return what the expert's run does to the pad, in words."""
    library = task.machine.library
    actions = demonstration(task, instances)
    return [library.words[action] for action in actions if action[0] == 1]


# --- the machine against the slow one -------------------------------------------------------


def random_words(rng, slow):
    """Return a random action in words, mostly legal, mostly no return."""
    words = list(slow.library.actions)
    if rng.random() < 0.8:
        words = [w for w in words if w != "RETURN" and slow.legal(w)] or words
    return words[rng.integers(len(words))]


def assert_equal_state(machine, states, row, slow, episode):
    state = batch.take(states, slice(row, row + 1))
    seen = machine.observe(state)
    for name, array in episode.observe().items():
        np.testing.assert_array_equal(seen[name][0], array)
    np.testing.assert_array_equal(machine.action_mask(state)[0], episode.action_mask())
    assert seen["view"][0].tolist() == slow.view()
    assert seen["depth"][0, 0] == len(slow.stack)
    assert bool(state.halted[0]) == slow.halted == episode.halted
    np.testing.assert_array_equal(state.pad[0], slow.pad)
    np.testing.assert_array_equal(state.pointers[0], slow.p)
    one = episode.state()
    np.testing.assert_array_equal(state.pad, one.pad)
    depth = int(state.depth[0])
    np.testing.assert_array_equal(state.stack[0, :depth], one.stack[0, :depth])
    calls = [machine.library.actions[" ".join((name, *args))] for name, args in slow.stack]
    assert [tuple(frame) for frame in state.stack[0, :depth].tolist()] == calls


@pytest.mark.parametrize(("name", "view"), VIEWS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31), length=st.integers(1, 6), which=st.integers(0, 2))
def test_the_machine_does_what_a_slow_one_does(name, view, seed, length, which):
    variants = make_task(name).definition.variants
    form = variants[which % len(variants)]
    task = make_task(name, length=6, recursive=form, observation=view, max_depth=4)
    machine, rng, rows = task.machine, np.random.default_rng(seed), 3
    posed = draw(task, seed, np.arange(rows), (length, length), "all")
    ones = [batch.take(posed, slice(row, row + 1)) for row in range(rows)]
    slows = [Slow(name, task, one) for one in ones]
    episodes = [machine.begin(one) for one in ones]
    states = machine.initial(posed)
    for _ in range(50):
        live = [slow for slow in slows if not slow.halted]
        if not live:
            break
        words = [random_words(rng, slow) if not slow.halted else "RETURN" for slow in slows]
        actions = np.array([machine.library.actions[w] for w in words])
        states = machine.step(states, actions)
        for row, slow in enumerate(slows):
            slow.step(words[row])
            episodes[row].step(actions[row])
            assert_equal_state(machine, states, row, slow, episodes[row])


@forms
def test_masks_are_the_preconditions(name, form):
    task = make_task(name, length=4, recursive=form)
    rng, machine = np.random.default_rng(0), task.machine
    library = machine.library
    for index in range(6):
        instances = draw(task, 1, [index], (1, 4), "all")
        slow, episode = Slow(name, task, instances), machine.begin(instances)
        for _ in range(60):
            if episode.halted:
                break
            legal = [words for words in library.actions if slow.legal(words)]
            known = np.array([library.actions[words] for words in legal])
            parts = np.split(episode.action_mask(), np.cumsum(machine.actions)[:-1])
            for number, part in enumerate(parts):
                assert set(np.flatnonzero(part)) == set(known[:, number].tolist())
            words = random_words(rng, slow)
            slow.step(words)
            episode.step(library.actions[words])


def test_an_illegal_action_changes_nothing_but_costs_a_step():
    task = make_task("NPIAddition", length=2)
    instances = task.pose_input("12 34")
    actions = task.machine.library.actions
    unknown_arguments = (1, 1, 3, 4)
    for action in (actions["ADD"], actions["CARRY"], unknown_arguments):
        before = task.machine.initial(instances)
        after = task.machine.step(before, np.array([action]))
        assert after.steps[0] == 1
        for name in ("pad", "pointers", "depth", "stack", "halted"):
            np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


def test_a_step_leaves_the_state_before_it_alone_and_an_advance_does_not():
    task = make_task("NPIAddition", length=2)
    state = task.machine.initial(task.pose_input("12 34"))
    action = np.array([task.machine.library.actions["WRITE OUT 7"]])
    after = task.machine.step(state, action)
    assert 7 not in state.pad
    task.machine.advance(state, action)
    np.testing.assert_array_equal(state.pad, after.pad)


def test_arguments_that_a_program_does_not_take_become_the_default():
    task = make_task("NPIAddition", length=2)
    state = task.machine.initial(task.pose_input("12 34"))
    add1 = task.machine.library.names.index("ADD1")
    after = task.machine.step(state, np.array([[add1, 3, 2, 5]]))
    assert after.stack[0, :2].tolist() == [[task.machine.library.main, 0, 0, 0], [add1, 0, 0, 0]]


# --- limits ----------------------------------------------------------------------------------


@forms
def test_the_limits_say_which_was_hit(name, form):
    task = make_task(name, length=4, recursive=form)
    instances = draw(task, 0, [0], (4, 4), "all")
    episode = perform(task, instances)
    assert task.outcome(episode.state()) == "returned"
    assert task.score(episode.state(), instances)[0] == 1.0
    assert task.outcome(task.machine.initial(instances)) == "running"
    env = gym.make(f"{name}-v0", length=4, recursive=form, max_depth=1)
    env.reset(seed=0)
    calls = [a for a in demonstration(task, env.unwrapped.instance) if a[0] > 1]
    _, _, terminated, truncated, info = env.step(np.array(calls[0]))
    state = env.unwrapped._episode.state()
    assert (terminated, truncated, info["success"]) == (True, False, False)
    assert env.unwrapped.task.outcome(state) == "depth limit"
    display = display_of(env.unwrapped.task.machine)
    assert "depth limit of 1" in display.text(state, instances)
    env = gym.make(f"{name}-v0", length=4, recursive=form, max_steps=2)
    env.reset(seed=0)
    env.step(np.array(calls[0]))
    _, _, terminated, truncated, info = env.step(np.array(calls[0]))
    assert (terminated, truncated, info["success"]) == (False, True, False)
    assert env.unwrapped.task.outcome(env.unwrapped._episode.state(), limit=2) == "step limit"


def test_the_right_answer_counts_only_once_the_program_has_returned():
    task = make_task("NPIHanoi", length=1)
    instances = task.pose_input("1")
    actions = task.machine.library.actions
    *_, moved = replay(task.machine, instances, [actions["MOVE_DISK"]])
    *_, returned = replay(task.machine, instances, [actions["MOVE_DISK"], actions["RETURN"]])
    assert task.score(moved.state, instances)[0] == 0.5
    assert task.score(returned.state, instances)[0] == 1.0


def test_five_thousand_nested_calls_do_not_touch_pythons_limit():
    assert sys.getrecursionlimit() < 5000
    task = make_task("NPIAddition", length=5000, recursive=True)
    instances = task.pose_input("9" * 5000 + " 1")
    episode, deepest = task.machine.begin(instances), 0
    for _ in task.perform(episode):
        deepest = max(deepest, len(episode.frames))
    assert deepest > 5000
    assert task.definition.read(episode.state()) == "1" + "0" * 5000


# --- experts ---------------------------------------------------------------------------------

LENGTHS = {
    "NPIAddition": [*range(1, 41)] * 24 + [*range(45, 65)] * 2,
    "NPIBubbleSort": [*range(1, 5)] * 230 + [*range(5, 10)] * 15 + [20, 30, 40, 48, 64],
    "NPIMax": [*range(1, 5)] * 230 + [*range(5, 10)] * 15 + [20, 30, 40, 48, 64],
    "NPIQuickSort": [*range(1, 9)] * 120 + [*range(25, 65)],
    "NPITopologicalSort": [*range(1, 9)] * 120 + [*range(25, 65)],
    "NPIHanoi": [1, 2, 3, 4, 5] * 199 + [6, 7, 8, 9, 10],
    "NPICanonicalize": [*range(1, 9)] * 125,
}
"""A thousand lengths for each task, as long as time allows."""


@pytest.mark.parametrize("name", NAMES)
def test_the_experts_solve_a_thousand_instances(name):
    assert len(LENGTHS[name]) == 1000
    variants = make_task(name).definition.variants
    for which, form in enumerate(variants):
        lengths = LENGTHS[name][which :: len(variants)]
        task = make_task(name, length=max(lengths), recursive=form)
        for index, length in enumerate(lengths):
            instances = draw(task, 7, [index], (length, length), "all")
            episode, deepest = task.machine.begin(instances), 1
            for _ in task.perform(episode):
                deepest = max(deepest, len(episode.frames))
            assert task.score(episode.state(), instances)[0] == 1.0
            assert episode.steps <= task.definition.steps(np.array([length]))[0]
            assert deepest <= task.definition.depth(length, form)


@pytest.mark.parametrize("name", NAMES)
def test_all_forms_of_an_expert_do_the_same_to_the_pad(name):
    variants = [form for form in make_task(name).definition.variants if name != "NPIQuickSort"]
    for index in range(20):
        done = []
        for form in variants:
            task = make_task(name, length=6, recursive=form)
            done.append(acts(task, draw(task, 2, [index], (1, 6), "all")))
        assert all(one == other for one, other in pairwise(done))


@pytest.mark.parametrize(("name", "view"), VIEWS)
def test_experts_decide_by_what_was_seen_in_the_call_alone(name, view):
    for form in make_task(name).definition.variants:
        task = make_task(name, length=6, recursive=form, observation=view)
        decided = {}
        for frame in frames(task, draw(task, 3, np.arange(60), (1, 6), "all")):
            for step in range(len(frame.view)):
                looks = frame.view[: step + 1].tobytes(), frame.hidden[: step + 1].tobytes()
                seen = frame.program, frame.arguments, looks
                target = frame.target[step].tolist()
                assert decided.setdefault(seen, target) == target


def test_judges_are_not_fooled():
    task = make_task("NPITopologicalSort", length=3)
    instances = task.pose_input("1-2 2-3")
    right = np.array([[[2, 1, 0]], [[0, 1, 2]], [[2, 2, 0]], [[2, -1, -1]], [[2, 1, 1]]])
    state = task.machine.initial(instances)
    scores = []
    for result in right:
        state.pad[0, 1, :3] = result
        scores.append(round(float(task.definition.judge(state, instances)[0]) * 3))
    assert scores == [3, 1, 1, 1, 2]


def test_sums_are_right_by_pythons_own_integers():
    task = make_task("NPIAddition", length=30)
    posed = draw(task, 0, np.arange(200), (1, 30), "all")
    for pad, answer in zip(posed.pad.tolist(), posed.answer.tolist(), strict=True):
        one, other, total = (
            int("".join(str(v) for v in row if v != 10)) for row in (pad[0], pad[1], answer)
        )
        assert one + other == total


# --- what the papers print -------------------------------------------------------------------

PRINTED = """
ADD
  ADD1: WRITE OUT 1; CARRY(PTR CARRY LEFT; WRITE CARRY 1; PTR CARRY RIGHT)
  LSHIFT: PTR INP1 LEFT; PTR INP2 LEFT; PTR CARRY LEFT; PTR OUT LEFT
  ADD1: WRITE OUT 2; CARRY(PTR CARRY LEFT; WRITE CARRY 1; PTR CARRY RIGHT)
  LSHIFT: PTR INP1 LEFT; PTR INP2 LEFT; PTR CARRY LEFT; PTR OUT LEFT
  ADD1: WRITE OUT 2
  LSHIFT: PTR INP1 LEFT; PTR INP2 LEFT; PTR CARRY LEFT; PTR OUT LEFT
"""
"""Reed and de Freitas 2016, figure 3b, in short."""


def test_the_printed_trace_of_96_plus_125():
    task = make_task("NPIAddition", length=3)
    instances = task.pose_input("96 125")
    lines = list(nested(task, instances, demonstration(task, instances)))
    printed = PRINTED.replace("(", "; ").replace(")", "").replace(": ", "; ").replace("\n", "; ")
    assert [line.strip() for line in lines] == [w.strip() for w in printed.split("; ") if w.strip()]
    assert len(lines) == 30
    assert task.definition.read(perform(task, instances).state()) == "221"


def test_folding_leaves_out_calls_of_a_program_by_itself_alone():
    task = make_task("NPICanonicalize", length=2)
    instances = task.pose_input("17 15 30")
    lines = list(nested(task, instances, demonstration(task, instances), fold=True))
    assert lines == [
        "GOTO",
        "  HGOTO",
        "    LGOTO",
        "      LEFT",
        "  VGOTO",
        "    DGOTO",
        "      DOWN",
    ]


def test_one_array_has_every_step_of_recursive_quicksort():
    """Cai, Shin and Song 2017, section 4: [8,2,1,2,0,8,5,8,3,7] is the whole verification set."""
    task = make_task("NPIQuickSort", length=10, recursive=True)
    one = step_histories(task, task.pose_input([8, 2, 1, 2, 0, 8, 5, 8, 3, 7]))
    assert step_histories(task, draw(task, 0, np.arange(300), (2, 10), "all")) == one


def step_histories(task, instances):
    """Return what may be seen in a call up to each of its steps."""
    return {
        (frame.program, frame.arguments, frame.view[: step + 1].tobytes())
        for frame in frames(task, instances)
        for step in range(len(frame.view))
    }


def contents(frame_batch):
    """Return each frame's program, arguments, views and targets, without padding."""
    for row, mask in enumerate(frame_batch.mask):
        parts = (frame_batch.view[row][mask], frame_batch.target[row][mask])
        arguments = frame_batch.arguments[row].tolist()
        yield int(frame_batch.program[row]), arguments, *(part.tolist() for part in parts)


# --- frames ----------------------------------------------------------------------------------


@forms
def test_frames_hold_the_whole_run(name, form):
    task = make_task(name, length=4, recursive=form)
    instances = draw(task, 0, [3], (4, 4), "all")
    found = list(frames(task, instances))
    events = list(task.expert(instances))
    assert len(found) == sum(isinstance(event, Call) for event in events)
    assert len(found) == sum(isinstance(event, Return) for event in events)
    steps = sorted(tuple(target) for frame in found for target in frame.target.tolist())
    assert steps == sorted(event.action for event in events if isinstance(event, Act))
    for frame in found:
        assert frame.view.dtype == frame.target.dtype == np.int32
        assert frame.view.shape == (len(frame.target), len(task.machine.world.view))
        assert frame.target[:-1, 0].all()
        assert not frame.target[-1].any()
    assert found[-1].program == task.machine.library.main


def test_batches_of_frames_are_padded_and_keep_equal_frames_once():
    task = make_task("NPIAddition", length=3)
    found = list(frames(task, task.pose_input("96 125")))
    everything, unique = batch_frames(found, unique=False), batch_frames(found)
    assert everything.view.shape == (9, 7, 4)
    assert everything.target.shape == (9, 7, 4)
    assert everything.mask.sum() == sum(len(frame.view) for frame in found) == 38
    assert not everything.target[~everything.mask].any()
    assert list(contents(everything)) == [
        (f.program, list(f.arguments), f.view.tolist(), f.target.tolist()) for f in found
    ]
    twice = batch_frames(found + found)
    assert list(contents(twice)) == list(contents(unique))
    with pytest.raises(ValueError, match="no frames"):
        batch_frames([])


# --- pictures --------------------------------------------------------------------------------


def test_a_picture_is_a_pure_function_and_every_pose_looks_different():
    task = make_task("NPICanonicalize")
    poses = [(7, azimuth, elevation) for azimuth in range(24) for elevation in range(6)]
    shown = task.machine.pictures(np.array(poses))
    assert shown.shape == (144, 128, 128, 3)
    assert shown.dtype == np.uint8
    assert len({picture.tobytes() for picture in shown}) == 144
    np.testing.assert_array_equal(shown[5], task.machine.pictures(np.array(poses[5:6]))[0])


def test_the_image_is_of_the_pose_that_the_expert_sees_and_the_view_does_not_tell_it():
    task = make_task("NPICanonicalize", length=4)
    instances = draw(task, 0, [0], (4, 4), "all")
    found = list(frames(task, instances))
    assert all(frame.hidden.shape == (len(frame.view), 3) for frame in found)
    assert len({tuple(view) for frame in found for view in frame.view.tolist()}) == 1
    state = task.machine.initial(instances)
    image = task.machine.observe(state)["image"]
    np.testing.assert_array_equal(image, task.machine.pictures(found[-1].hidden[:1]))


def test_no_car_is_in_two_splits():
    task = make_task("NPICanonicalize", length=(1, 4))
    cars = [
        set(draw(task, 0, np.arange(400), (1, 4), split).pointers[:, 2].tolist())
        for split in ("train", "validation", "test")
    ]
    assert all(len(one) > 50 for one in cars)
    assert len(set.union(*cars)) == sum(map(len, cars))


def test_a_length_without_a_start_is_refused():
    with pytest.raises(ValueError, match="no start is more than 8 steps away"):
        make_task("NPICanonicalize", length=9)


# --- inputs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "answer"),
    [
        ("NPIAddition", "96 125", "221"),
        ("NPIAddition", [10**5000, 5], "1" + "0" * 4999 + "5"),
        ("NPIAddition", "007 0", "7"),
        ("NPIBubbleSort", [3, -1, 2], "-1 2 3"),
        ("NPIBubbleSort", "9, 2, 5", "2 5 9"),
        ("NPIBubbleSort", ["pear", "fig", "apple", "fig"], "0 1 1 2"),
        ("NPIBubbleSort", "pear fig", "0 1"),
        ("NPIQuickSort", [0.5, 0.25, 0.75], "0 1 2"),
        ("NPIMax", "4 9 2", "9"),
        ("NPITopologicalSort", "1-2 1-5 2-4 2-5 3-5", "3 1 2 5 4"),
        ("NPITopologicalSort", [(2, 1)], "2 1"),
        ("NPIHanoi", 2, "- | - | 2 1"),
        ("NPIHanoi", "2", "- | - | 2 1"),
        ("NPICanonicalize", "17 -60 45", "azimuth 0 elevation 15"),
        ("NPICanonicalize", [3, 120, 15], "azimuth 0 elevation 15"),
    ],
)
def test_a_users_own_input_is_solved(name, values, answer):
    length = make_task(name).definition.encode(values)[1]
    view = make_task(name).definition.observations[-1]
    task = make_task(name, length=length, observation=view)
    instances = task.pose_input(values)
    episode = perform(task, instances)
    assert task.score(episode.state(), instances)[0] == 1.0
    assert task.definition.read(episode.state()) == answer


@pytest.mark.parametrize("name", ["NPIBubbleSort", "NPIQuickSort", "NPIMax"])
@pytest.mark.parametrize(
    ("values", "ordered"),
    [
        ("007 7 3", "3 007 7"),
        ("7 007 3", "3 7 007"),
        ("+5, -0, 0, 1_0", "-0 0 +5 1_0"),
        ("1.0 1 1e0 0.5", "0.5 1.0 1 1e0"),
        (["b", "a", "b"], "a b b"),
        ([2, 2.0, True], "True 2 2.0"),
    ],
)
def test_items_come_back_as_they_were_typed(name, values, ordered):
    definition = make_task(name).definition
    numbers, _ = definition.encode(values)
    told = " ".join(map(str, sorted(numbers)))
    assert definition.spell(told, values) == ordered
    assert definition.spell("99 " + told.split()[0], values) == f"99 {ordered.split()[0]}"


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("NPIAddition", "96", "two whole numbers, as in '96 125'"),
        ("NPIAddition", "96 -1", "two whole numbers"),
        ("NPIAddition", [1.5, 2], "two whole numbers"),
        ("NPIAddition", "123456 1", "the pad is made for 5"),
        ("NPIBubbleSort", [], "the input is empty"),
        ("NPIBubbleSort", "", "the input is empty"),
        ("NPIBubbleSort", [1, "a"], "cannot be compared"),
        ("NPIBubbleSort", [12, 3], "must be digits"),
        ("NPIBubbleSort", [1] * 6, "the pad is made for 5"),
        ("NPIQuickSort", [None, 1], "cannot be compared"),
        ("NPITopologicalSort", "1-2 2-1", "has a cycle"),
        ("NPITopologicalSort", "1+2", "as in '1-2 1-5 3-5'"),
        ("NPITopologicalSort", "0-1", "between vertices 1, 2"),
        ("NPITopologicalSort", [(1, 2, 3)], "an edge is two vertices"),
        ("NPITopologicalSort", [], "give edges"),
        ("NPIHanoi", "0", "the number of disks"),
        ("NPIHanoi", "x", "the number of disks"),
        ("NPICanonicalize", "17 45", "a car and its pose"),
        ("NPICanonicalize", "17 44 45", "multiples of 15"),
        ("NPICanonicalize", "1000 45 45", "cars 0 to 999"),
        ("NPICanonicalize", "17 0 15", "at the target already"),
    ],
)
def test_bad_inputs_are_refused_in_words(name, values, message):
    with pytest.raises(ValueError, match=message):
        make_task(name).pose_input(values)


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"recursive": "twice"}, "recursive: 'twice' is not among"),
        ({"observation": "nothing"}, "observation: 'nothing' is not among"),
        ({"max_depth": 0}, "max_depth must be at least 1"),
    ],
)
def test_bad_settings_are_refused_in_words(settings_, message):
    with pytest.raises(ValueError, match=message):
        make_task("NPIAddition", **settings_)


@pytest.mark.parametrize("name", NAMES)
def test_instances_keep_their_split_in_a_longer_pad(name):
    """A fingerprint is of the content alone; a pad with room to spare changes nothing."""
    values = {
        "NPIAddition": "96 125",
        "NPITopologicalSort": "1-2 1-3",
        "NPIHanoi": 3,
        "NPICanonicalize": "17 45 15",
    }.get(name, [3, 1, 2])
    marks = {
        int(make_task(name, length=length).fingerprint(task_input)[0])
        for length in (3, 5, 8)
        for task_input in [make_task(name, length=length).pose_input(values)]
    }
    assert len(marks) == 1


@pytest.mark.parametrize("name", ["NPIHanoi-v0", "NPIBubbleSort-v0", "NPIQuickSort-v0"])
def test_an_expert_ends_at_the_depth_limit_and_the_answer_is_known_all_the_same(name):
    task, enough = (make_task(name, length=3, **own) for own in ({"max_depth": 1}, {}))
    one = draw(task, 0, np.arange(1), (3, 3), "all")
    assert len(list(zip(task.expert(one), range(1000)))) < 1000  # noqa: B905
    start, same = (made.machine.begin(one).state() for made in (task, enough))
    assert task.answers(start, one) == enough.answers(same, one)


@pytest.mark.parametrize("env_id", ["NPIAddition-v0", "NPIHanoi-v0", "NPIQuickSort-v0"])
def test_masks_from_a_table_are_those_that_are_computed(env_id):
    machine = make_task(env_id).machine
    random = np.random.default_rng(0)
    running = random.integers(len(machine.library.names), size=200)
    view = np.stack([random.integers(size, size=200) for _, size in machine.world.view])
    computed = replace(machine.rules, masks=None).mask(running, view)
    assert np.array_equal(machine.rules.mask(running, view), computed)
    assert 0 < computed.mean() < 1
