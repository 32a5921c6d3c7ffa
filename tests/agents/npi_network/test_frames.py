"""What the NPI learns from: frames are the expert's calls, batches are stratified and pure."""

from dataclasses import replace

import numpy as np
import pytest

from neuralprog_agents.agents.npi import data
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.npi_network.frames import Sampler, join, take, updated_priority
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.program.frames import batch_frames, frames

ADDITION = Config(env="NPIAddition", length=(1, 3), traces=8)
SORT = Config(env="NPIBubbleSort", length=(1, 3), traces=8, observation="order")


@pytest.mark.parametrize("config", [ADDITION, replace(ADDITION, recursive=False), SORT])
def test_frames_looked_up_call_by_call_act_as_the_expert_does(config):
    """A table from (program, arguments, views so far) to actions, run with a list as its stack."""
    task = data.task_of(config, 3)
    instances = draw(task, 5, np.arange(6), (3, 3))
    table = {}
    for frame in frames(task, instances):
        for step, action in enumerate(frame.target):
            seen = frame.view[: step + 1].tobytes()
            table[frame.program, frame.arguments, seen] = tuple(action)
    for row in range(6):
        one = type(instances)(*[part[row : row + 1] for part in vars(instances).values()])
        episode, histories, actions = task.machine.begin(one), [b""], []
        while not episode.halted:
            histories[-1] += np.array(episode.view(), dtype=np.int32).tobytes()
            program, *arguments = episode.running
            action = table[program, tuple(arguments), histories[-1]]
            actions.append(action)
            episode.step(action)
            if action[0] == 0:
                histories.pop()
            elif action[0] > 1:
                histories.append(b"")
        assert actions == demonstration(task, one)
        assert task.score(episode.state(), one)[0] == 1.0


def test_drawn_frames_are_different_and_depend_on_the_restart_alone():
    one, again, other = (data.draw_frames(ADDITION, index) for index in (0, 0, 1))
    assert len(one.program) == len(np.unique(np.concatenate([
        one.view.reshape(len(one.program), -1), one.program[:, None]
    ], axis=1), axis=0))  # fmt: skip
    np.testing.assert_array_equal(one.view, again.view)
    assert one.view.shape != other.view.shape or (one.view != other.view).any()


def test_batches_are_stratified_and_hard_frames_boosted():
    batch = data.draw_frames(ADDITION, 0)
    easy = np.zeros(len(batch.program))
    lengths = batch.mask.sum(axis=1)
    rows = Sampler(batch, easy, 0.5).rows(20_000, 1)
    _, counts = np.unique(np.stack([batch.program, lengths])[:, rows], axis=1, return_counts=True)
    assert counts.max() < 1.2 * counts.min()
    failing = np.isin(np.arange(len(easy)), [3, 5])
    hard = updated_priority(easy, failing)
    rows = Sampler(batch, hard, 0.5).rows(128, 1)
    assert set(rows[:8].tolist()) == {3, 5}
    np.testing.assert_array_equal(rows, Sampler(batch, hard, 0.5).rows(128, 1))
    rows = Sampler(batch, np.ones(len(easy)), 0.25).rows(128, 1)
    assert len(rows) == 128


def test_hardness_counts_errors_and_fades():
    priority = np.zeros(2)
    for _ in range(3):
        priority = updated_priority(priority, np.array([True, False]))
    np.testing.assert_allclose(priority, [1 + 0.8 + 0.64, 0])
    for _ in range(30):
        priority = updated_priority(priority, np.array([False, False]))
    assert priority.tolist() == [0, 0]


def test_frames_are_taken_and_joined_as_they_are():
    task = data.task_of(ADDITION, 3)
    short = batch_frames(frames(task, draw(task, 0, np.arange(2), (1, 1))))
    loops = data.task_of(replace(ADDITION, recursive=False), 3)
    long = batch_frames(frames(loops, draw(loops, 0, np.arange(2), (3, 3))))
    both = join(short, long)
    size = len(short.program)
    for part, rows in ((short, np.arange(size)), (long, np.arange(size, len(both.program)))):
        taken = take(both, rows)
        for name, array in vars(part).items():
            np.testing.assert_array_equal(getattr(taken, name), array)
