"""The tape tasks: their answers, experts, samplers, splits, and how they take users' input."""

from __future__ import annotations

import re

import numpy as np
import pytest

from neuralprog_envs import REGISTRY
from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape.cpu import Cpu
from tests.envs.tape.references import FUNCTIONS, INPUTS, REFERENCES

IDS = sorted(id_ for id_, row in REGISTRY.items() if row.family == "tape")
over_tasks = pytest.mark.parametrize("env_id", IDS)
LONGEST = 64


def algorithm(env_id):
    return make_task(env_id).algorithm


def task_of_length(env_id, n, spare=0):
    return make_task(env_id, length=n, memory_size=algorithm(env_id).memory_size(n) + spare)


def draw_some(task, count, n, seed=0):
    return draw(task, seed, np.arange(count), (n, n), "all")


def rows_of(instances):
    return [batch.take(instances, slice(i, i + 1)) for i in range(len(instances.tape))]


def run_expert(task, one):
    """Run the expert on a batch of one; return the final state and how many steps it took."""
    episode = task.machine.begin(one)
    count = 0
    for act in task.algorithm.expert(Cpu(episode.registers)):
        assert not episode.halted
        episode.step(act.action)
        count += 1
    assert episode.halted
    return episode.state(), count


def bound(task, n):
    return int(task.algorithm.steps(np.array([n]))[0])


@over_tasks
def test_every_task_has_a_reference_and_an_input(env_id):
    assert env_id in REFERENCES, f"write a reference for {env_id} in tests/envs/tape/references.py"
    assert env_id in INPUTS, f"say in tests/envs/tape/references.py how a user writes {env_id}"


# Answers


@over_tasks
@pytest.mark.parametrize("spare", [0, 1, 7])
def test_answers_agree_with_the_reference(env_id, spare):
    first = algorithm(env_id).shortest
    task = task_of_length(env_id, 24, spare)
    instances = draw(task, 5, np.arange(400), (first, 24), "all")
    assert set(instances.length.tolist()) == set(range(first, 25))
    for one in rows_of(instances):
        right = REFERENCES[env_id](one.tape[0].tolist(), int(one.length[0]))
        scored = np.flatnonzero(one.mask[0])
        assert dict(zip(scored.tolist(), one.answer[0, scored].tolist(), strict=True)) == right
        assert not one.answer[0, ~one.mask[0]].any()


@over_tasks
def test_the_least_memory_is_legal_and_holds_the_scored_cells(env_id):
    shortest = algorithm(env_id).shortest
    sizes = [algorithm(env_id).memory_size(n) for n in range(shortest, LONGEST + 1)]
    assert sizes[0] >= 3
    assert sizes == sorted(sizes)
    for n in (shortest, shortest + 1, 9):
        assert task_of_length(env_id, n).lengths[1] >= n
        instances = draw_some(task_of_length(env_id, n), 50, n)
        for one in rows_of(instances):
            REFERENCES[env_id](one.tape[0].tolist(), n)


@over_tasks
def test_the_drawn_example_is_true(env_id):
    text = REGISTRY[env_id].description
    n = int(re.search(r"n = (\d+)", text).group(1))
    cells, tape, output = (
        re.findall(r"\d+|\.", re.search(rf"{name} +([\d. ]+)", text).group(1))
        for name in ("cell", "input", "output")
    )
    assert cells == [str(i) for i in range(len(tape))]
    task = make_task(env_id, length=n, memory_size=len(tape))
    posed = task.pose(np.array([tape], dtype=np.int32), np.array([n], dtype=np.int32))
    pairs = zip(posed.answer[0], posed.mask[0], strict=True)
    assert output == [str(value) if scored else "." for value, scored in pairs]
    REFERENCES[env_id]([int(cell) for cell in tape], n)


# Experts


@over_tasks
def test_the_expert_solves_a_thousand_instances_within_its_bound(env_id):
    """Evenly over all lengths to 64, half of them with memory to spare."""
    lengths = range(algorithm(env_id).shortest, LONGEST + 1)
    counts = {n: 1000 // len(lengths) + (i < 1000 % len(lengths)) for i, n in enumerate(lengths)}
    assert sum(counts.values()) == 1000
    for n, count in counts.items():
        for spare, share in ((0, count - count // 2), (1 + n % 9, count // 2)):
            task = task_of_length(env_id, n, spare)
            for one in rows_of(draw_some(task, share, n, seed=spare)):
                state, steps = run_expert(task, one)
                assert task.score(state, one)[0] == 1.0
                assert steps <= bound(task, n)


@over_tasks
def test_the_bound_of_the_steps_is_reached(env_id):
    n = algorithm(env_id).shortest + 2
    task = task_of_length(env_id, n)
    most = max(run_expert(task, one)[1] for one in rows_of(draw_some(task, 200, n)))
    if env_id in FUNCTIONS:  # how many steps the worst pair of numbers needs is irregular
        assert most <= bound(task, n) <= 3 * most
    else:
        assert most == bound(task, n)


@over_tasks
def test_the_expert_needs_every_register(env_id):
    task = task_of_length(env_id, 5)
    used = set()
    for one in rows_of(draw_some(task, 20, 5)):
        episode = task.machine.begin(one)
        for act in task.algorithm.expert(Cpu(episode.registers)):
            used.update(act.action[1:])
            episode.step(act.action)
    assert used == set(range(task.algorithm.registers))


EXTREMES = {
    "NRAMAccess-v0": [[1, 2], [3, 4, 4, 4], [1, 4, 1, 1], [2, 2, 2]],
    "NRAMIncrement-v0": [[2], [1], [2, 2], [1, 1, 1, 1], [5, 5, 5, 5, 5]],
    "NRAMCopy-v0": [[2], [4, 4], [1, 1, 1], [6, 6, 6]],
    "NRAMReverse-v0": [[2], [4, 4], [1, 2, 6]],
    "NRAMSwap-v0": [[2, 3, 4, 4], [2, 3, 1, 4], [2, 5, 6, 1, 1, 2], [3, 4, 1, 5, 5]],
    "NRAMPermutation-v0": [[0, 2], [1, 0, 4, 4], [0, 1, 4, 1], [2, 1, 0, 6, 5, 4]],
    "NRAMListK-v0": [[3, 1, 2, 0, 4], [5, 2, 2, 0, 6, 3, 6], [5, 1, 2, 0, 1, 3, 1]],
    "NRAMListSearch-v0": [[3, 4, 2, 0, 4], [5, 6, 2, 0, 6, 3, 6], [5, 1, 2, 0, 1, 3, 6]],
    "NRAMMerge-v0": [
        [1, 0, 1], [7, 0, 7], [1, 0, 7], [7, 0, 1], [9, 9, 0, 9], [9, 0, 1, 9], [1, 2, 3, 0, 11],
        [3, 3, 3, 0, 3, 3, 3], [1, 0, 1, 1, 1, 13],
    ],
    "NRAMWalkBST-v0": [
        [3, 1, 0, 5, 0, 0],
        [4, 1, 1, 0, 9, 7, 0, 1],
        [4, 1, 2, 0, 1, 0, 7, 9],
[11, 1, 2, 2, 0, 12, 0, 8, 13, 0, 0, 11, 0, 5],
        [11, 1, 1, 1, 0, 12, 8, 0, 1, 0, 0, 13, 5, 0],
    ],
    "NRAMSort-v0": [[2], [3, 3], [3, 1], [5, 4, 3, 2, 1], [1, 2, 3, 4], [5, 5, 1, 5]],
    "NRAMSortZeros-v0": [[0], [0, 0], [2, 0], [5, 4, 3, 2, 1], [0, 0, 4, 0], [4, 4, 0, 4]],
    "NRAMPrefixSum-v0": [[2], [1, 1], [3, 3, 3], [1, 1, 1, 1]],
    "NRAMCount-v0": [[1, 2], [3, 3, 3, 3], [2, 1, 1], [4, 1, 1, 4]],
    "NRAMDeduplicate-v0": [[2], [4, 4], [1, 1, 1], [1, 2, 1], [6, 6, 6]],
    "NRAMDuplicatedInput-v0": [[3, 3], [6, 6, 6, 6], [1, 1, 1, 1, 9, 9]],
    "NRAMRepeatCopy-v0": [[4], [8, 8], [1, 2, 12]],
    "NRAMReversedAddition-v0": [[2, 2], [0, 0], [2, 2, 2, 2, 2, 2], [2, 1, 2, 0, 2, 0]],
    "NRAMVectorAddition-v0": [[0, 0], [3, 3], [1, 2, 4, 5], [6, 6, 0, 1, 2, 0]],
    **{f: [[0, 0, 4], [0, 3, 4], [3, 0, 4], [3, 3, 4], [8, 8, 9], [8, 7, 9]] for f in FUNCTIONS},
}  # fmt: skip


@over_tasks
@pytest.mark.parametrize("spare", [0, 10])
def test_the_expert_solves_the_extremes(env_id, spare):
    """Least lengths, ties, largest values, wrap-around, carries, chains."""
    for values in EXTREMES[env_id]:
        cells, n = algorithm(env_id).encode(values)
        needed = max(len(cells), algorithm(env_id).memory_size(n)) + spare
        task = make_task(env_id, length=n, memory_size=needed)
        one = task.pose_input(values)
        state, steps = run_expert(task, one)
        assert task.score(state, one)[0] == 1.0, values
        assert steps <= bound(task, n)


@pytest.mark.parametrize(
    ("env_id", "values"),
    [
        ("NRAMSort-v0", list(range(20, 0, -1))),
        ("NRAMSortZeros-v0", list(range(19, -1, -1))),
        ("NRAMListK-v0", [9, 4, 2, 0, 1, 3, 1, 5, 1, 7, 1]),
        ("NRAMListSearch-v0", [9, 2, 2, 0, 2, 3, 1, 5, 1, 7, 1]),
        ("NRAMWalkBST-v0", [11, 1, 2, 2, 0, 12, 0, 8, 13, 0, 0, 11, 0, 5]),
    ],
)
def test_the_worst_case_reaches_the_bound(env_id, values):
    _, n = algorithm(env_id).encode(values)
    task = task_of_length(env_id, n, spare=5)
    one = task.pose_input(values)
    state, steps = run_expert(task, one)
    assert task.score(state, one)[0] == 1.0
    assert steps == bound(task, n)


@over_tasks
def test_random_instructions_mostly_fail(env_id):
    n = algorithm(env_id).split_from
    task = task_of_length(env_id, n)
    instances = draw_some(task, 200, n)
    rng = np.random.default_rng(0)
    state = task.machine.initial(instances)
    solved = np.zeros(200, dtype=bool)
    for _ in range(int(task.horizon(instances.length[:1])[0])):
        running = ~state.halted
        state = task.machine.step(state, rng.integers(task.machine.actions, size=(200, 4)))
        solved |= running & state.halted & (task.score(state, instances) == 1.0)
    assert solved.mean() < 0.5


# Samplers


@over_tasks
def test_tapes_hold_integers_of_the_machine(env_id):
    task = make_task(env_id)
    instances = draw(task, 0, np.arange(2000), task.lengths, "all")
    for array in (instances.tape, instances.answer):
        assert array.dtype == np.int32
        assert array.shape == (2000, task.machine.memory_size)
        assert array.min() >= 0
        assert array.max() < task.machine.memory_size
    assert instances.mask.any(axis=1).all()
    assert np.ptp(np.bincount(instances.length)[task.lengths[0] :]) < 300


@over_tasks
def test_a_row_depends_on_its_address_alone(env_id):
    """Drawn alone, in another order, or among other lengths, an instance is the same."""
    task = make_task(env_id, length=12)
    lengths = task.lengths
    together = draw(task, 3, np.arange(60), lengths, "all")
    backwards = draw(task, 3, np.arange(60)[::-1], lengths, "all")
    np.testing.assert_array_equal(together.tape, backwards.tape[::-1])
    for i, one in enumerate(rows_of(together)):
        alone = draw(task, 3, np.array([i]), lengths, "all")
        np.testing.assert_array_equal(alone.tape, one.tape)
        np.testing.assert_array_equal(alone.answer, one.answer)
    other = draw(task, 4, np.arange(60), lengths, "all")
    assert not np.array_equal(other.tape, together.tape)


@over_tasks
def test_values_spread_over_the_whole_range(env_id):
    n = 6
    task = task_of_length(env_id, n, spare=4)
    instances = draw_some(task, 3000, n)
    highest = {"NRAMReversedAddition-v0": 13, **dict.fromkeys(FUNCTIONS, n - 1)}.get(
        env_id, task.machine.memory_size - 1
    )
    assert instances.tape.max() == highest


def is_uniform(counts):
    """Return whether counts are as even as chance makes them: χ² within five deviations."""
    mean = counts.mean()
    freedom = len(counts) - 1
    return ((counts - mean) ** 2 / mean).sum() < freedom + 5 * np.sqrt(2 * freedom)


def frequencies(keys):
    return np.unique(keys, axis=0, return_counts=True)[1]


def test_addresses_and_values_are_uniform():
    tape = draw_some(task_of_length("NRAMAccess-v0", 5), 6000, 5).tape
    counts = frequencies(tape[:, :2])
    assert len(counts) == 5 * 6
    assert is_uniform(counts)


def test_pairs_to_swap_are_uniform():
    counts = frequencies(draw_some(task_of_length("NRAMSwap-v0", 5), 6000, 5).tape[:, :2])
    assert len(counts) == 10
    assert is_uniform(counts)


def test_permutations_are_uniform():
    counts = frequencies(draw_some(task_of_length("NRAMPermutation-v0", 4), 6000, 4).tape[:, 1:5])
    assert len(counts) == 24
    assert is_uniform(counts)


def test_nodes_lie_anywhere_with_equal_chance():
    task = task_of_length("NRAMListK-v0", 2, spare=2)
    tape = draw_some(task, 6000, 2).tape
    second = tape[np.arange(6000), tape[:, 0]]
    counts = frequencies(np.stack([tape[:, 0], second], axis=1))
    assert len(counts) == 2 * 6
    assert is_uniform(counts)


def test_trees_grow_by_random_insertion_and_targets_are_uniform():
    """Of 3 keys in random order, two orders make the balanced tree and one each other shape."""
    task = task_of_length("NRAMWalkBST-v0", 3)
    tape = draw_some(task, 6000, 3).tape
    rows = np.arange(6000)
    root = tape[:, 0]
    both = (tape[rows, root + 1] > 0) & (tape[rows, root + 2] > 0)
    assert abs(both.mean() - 1 / 3) < 0.03
    depth = (tape[:, 2:5] == 0).argmax(axis=1)
    assert abs((depth == 0).mean() - 1 / 3) < 0.03
    assert abs((depth == 2).mean() - 2 / 3 / 3) < 0.03


def test_arrays_to_merge_are_divided_uniformly():
    counts = frequencies(draw_some(task_of_length("NRAMMerge-v0", 6), 6000, 6).tape[:, 1])
    assert len(counts) == 5
    assert is_uniform(counts)


# Splits


@over_tasks
def test_splits_share_no_tape_whatever_the_seed(env_id):
    n = algorithm(env_id).split_from
    task = task_of_length(env_id, n)
    seen = {}
    for seed in range(3):
        for split in ("train", "validation", "test"):
            tapes = draw(task, seed, np.arange(400), (n, n), split).tape
            seen.setdefault(split, set()).update(row.tobytes() for row in tapes)
    assert not seen["train"] & seen["validation"]
    assert not seen["train"] & seen["test"]
    assert not seen["validation"] & seen["test"]
    assert all(seen.values())


@over_tasks
def test_split_from_is_the_first_length_with_a_thousand_instances(env_id):
    n = algorithm(env_id).split_from
    assert distinct(env_id, n) >= 1000
    if n > algorithm(env_id).shortest:
        assert distinct(env_id, n - 1) < 1000


def distinct(env_id, n):
    task = task_of_length(env_id, n)
    return len(set(task.fingerprint(draw_some(task, 15000, n)).tolist()))


# Users' input


@over_tasks
def test_input_makes_the_same_instance(env_id):
    for n in (algorithm(env_id).shortest, 4, 7):
        task = task_of_length(env_id, n)
        for one in rows_of(draw_some(task, 40, n)):
            typed = INPUTS[env_id](one.tape[0].tolist(), n)
            posed = task.pose_input(typed)
            for left, right in zip(vars(one).values(), vars(posed).values(), strict=True):
                np.testing.assert_array_equal(left, right)


def test_the_published_list_is_read():
    """ANC's example: list 4, 5, 6, 7; the second is 5."""
    task = make_task("NRAMListK", memory_size=20)
    posed = task.pose_input([7, 2, 2, 5, 5, 9, 6, 3, 4, 0, 7])
    assert posed.length[0] == 4
    assert posed.answer[0, 2] == 5


def test_trailing_zeros_of_a_tree_may_be_left_out():
    task = make_task("NRAMWalkBST", length=1)
    assert task.pose_input([3, 1, 0, 5]).answer[0, 1] == 5


BAD_INPUTS = [
    ("NRAMAccess", [], "empty"),
    ("NRAMAccess", [1], "array is missing"),
    ("NRAMAccess", [3, 1, 2], r"address 3 is outside the array: it is in cells 1\.\.2"),
    ("NRAMAccess", [1, 2, 0], "value 0 is too small"),
    ("NRAMIncrement", [1, 0], "value 0 is too small: values here are at least 1"),
    ("NRAMReverse", [], "empty"),
    ("NRAMSwap", [2, 3, 4], "too few numbers"),
    ("NRAMSwap", [3, 2, 4, 4], "p must be less than q"),
    ("NRAMSwap", [2, 4, 5, 5], r"in cells 2\.\.3"),
    ("NRAMPermutation", [0, 1, 2], "3 numbers: give P, then A"),
    ("NRAMPermutation", [0, 0, 2, 2], r"\[0, 0\] is not a permutation: .* 0\.\.1 once"),
    ("NRAMPermutation", [1, 0, 2, 0], "value 0 is too small"),
    ("NRAMListK", [3, 1, 2], "too short"),
    ("NRAMListK", [3, 2, 2, 0, 4], r"k = 2 is outside the list: it has elements 1\.\.1"),
    ("NRAMListK", [3, 1, 3, 0, 4], "cell 2 holds 3, but must point to itself"),
    ("NRAMListK", [3, 1, 2, 3, 4], "node at address 3 overlaps"),
    ("NRAMListK", [4, 1, 2, 3, 4], "no room for a node of 2 cells at address 4"),
    ("NRAMListK", [0, 1, 2, 3, 4], "overlaps another node, or cells before the nodes"),
    ("NRAMListK", [3, 1, 2, 0, 0], "value 0 is too small"),
    ("NRAMListK", [3, 1, 2, -1, 4], "value -1 is too small"),
    ("NRAMListSearch", [3, 2, 2, 0, 4], r"v = 2 is not in the list: it must be one of \[4\]"),
    ("NRAMMerge", [1, 2, 3], "one 0 between them"),
    ("NRAMMerge", [1, 0, 2, 0], "one 0 between them"),
    ("NRAMMerge", [2, 1, 0, 2], r"\[2, 1\] is not ascending: give \[1, 2\]"),
    ("NRAMMerge", [0, 2], "empty"),
    ("NRAMMerge", [2, 0], "empty"),
    ("NRAMWalkBST", [3, 1], "too short"),
    ("NRAMWalkBST", [3, 2, 0, 5], "cell 1 holds 2"),
    ("NRAMWalkBST", [0, 1, 0, 5], "cell 0 holds 0"),
    ("NRAMWalkBST", [4, 1, 1, 0, 5], "path leaves the tree at its step 1"),
    ("NRAMWalkBST", [4, 1, 3, 0, 5], "step 3 of the path is neither 1"),
    ("NRAMWalkBST", [3, 1, 0, 5, 3, 0], "node at address 3 overlaps"),
    ("NRAMWalkBST", [3, 1, 0, 5, 6, 0, 6], r"no search tree: .* \[6, 5\]"),
    ("NRAMWalkBST", [3, 1, 0, 0, 6, 0, 6], "value 0 is too small"),
    ("NRAMWalkBST", [9, 1, 0, 5], "no room for a node of 3 cells at address 9"),
    ("NRAMSort", [3, 0, 1], "value 0 is too small"),
    ("NRAMSortZeros", [], "empty"),
    ("NRAMPrefixSum", [2, 0, 1], "value 0 is too small"),
    ("NRAMCount", [2], "the array is missing"),
    ("NRAMDeduplicate", [3, 3, 0], "value 0 is too small"),
    ("NRAMDuplicatedInput", [1, 1, 2], "each symbol must occur twice in a row"),
    ("NRAMDuplicatedInput", [1, 2], "each symbol must occur twice in a row"),
    ("NRAMRepeatCopy", [0], "value 0 is too small"),
    ("NRAMReversedAddition", [1, 2, 0], "3 digits: give pairs"),
    ("NRAMReversedAddition", [1, 3], "digit 3 is too large: digits are 0 to 2"),
    ("NRAMReversedAddition", [1, -1], "value -1 is too small"),
    ("NRAMVectorAddition", [1, 2, 0], "3 elements: give pairs"),
    ("NRAMVectorAddition", [1, -1], "value -1 is too small"),
    ("NRAMGcd", [], "empty"),
    ("NRAMGcd", [8], "1 numbers: Gcd takes two numbers a and b"),
    ("NRAMGcd", [8, 6, 9, 9], "4 numbers"),
    ("NRAMGcd", [8, -6], "value -6 is too small"),
    ("NRAMPrimality", [7, 2], "2 numbers: Primality takes one number a, or three"),
    ("NRAMPower", [10, 4], "above 9999: give a, b and n"),
]


@pytest.mark.parametrize(("name", "values", "message"), BAD_INPUTS)
def test_encode_says_what_is_wrong(name, values, message):
    with pytest.raises(ValueError, match=message):
        algorithm(name).encode(values)


def test_every_task_has_a_bad_input():
    ours = {name for name, *_ in BAD_INPUTS} | {"NRAMCopy"}
    assert ours == {id_[:-3] for id_ in IDS if id_ not in FUNCTIONS or id_[:-3] in ours}


@over_tasks
def test_input_that_does_not_fit_is_refused(env_id):
    task = task_of_length(env_id, algorithm(env_id).shortest)
    with pytest.raises(ValueError, match=r"memory_size is"):
        task.pose_input(EXTREMES[env_id][-1])
