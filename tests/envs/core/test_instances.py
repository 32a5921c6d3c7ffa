import numpy as np
import pytest

from neuralprog_envs.core import batch, instances
from neuralprog_envs.core.instances import InstanceStream, draw
from neuralprog_envs.registry import make_task

TASK, LENGTHS = make_task("NRAMCopy-v0", length=(1, 4)), (1, 4)
SEEDS = [7, 11, 12]


def expected(slots, index):
    return draw(TASK, np.array(SEEDS)[slots], index, LENGTHS)


def assert_equal(one, other):
    for name, array in vars(one).items():
        np.testing.assert_array_equal(array, vars(other)[name])


@pytest.mark.parametrize("held", [1, 400, 10**6])
def test_a_stream_yields_its_addresses_whatever_it_draws_ahead(held, monkeypatch):
    monkeypatch.setattr(instances, "_BUFFER_BYTES", held)
    stream, came = InstanceStream(TASK, SEEDS, LENGTHS, "train"), np.zeros(3, dtype=np.int64)
    for turn in range(600):
        slots = np.flatnonzero([True, turn % 3 == 0, turn % 50 == 0])
        assert_equal(stream.next(slots), expected(slots, came[slots]))
        came[slots] += 1
    assert stream.position[1].tolist() == came.tolist()


@pytest.mark.parametrize("passed", [1, 5, 300])
def test_instances_of_another_length_are_passed_over(passed, monkeypatch):
    monkeypatch.setattr(instances, "_BUFFER_BYTES", 2000)
    stream, slots = InstanceStream(TASK, SEEDS, LENGTHS, "train"), np.arange(3)
    for _ in range(2):
        stream.next(slots)
    for _ in range(passed):
        assert (stream.next_at(slots[:2], 4).length == 4).all()
    for turn in range(20):
        index = 2 + np.array([passed, passed, 0]) + turn
        assert_equal(stream.next(slots), expected(slots, index))


def test_rows_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch):
    index = np.arange(50)
    whole = draw(TASK, 3, index, LENGTHS)
    monkeypatch.setattr(instances, "_at_once", lambda task: 7)
    assert_equal(draw(TASK, 3, index, LENGTHS), whole)
    assert_equal(draw(TASK, 3, index[:0], LENGTHS), batch.take(whole, index[:0]))
    buffer, rows = batch.blank(whole, 60), np.random.default_rng(0).permutation(60)[:50]
    assert draw(TASK, 3, index, LENGTHS, into=(buffer, rows)) is buffer
    assert_equal(batch.take(buffer, rows), whole)
