"""An expert's circuits do what the expert does, instruction by instruction."""

import numpy as np
import pytest

from neuralprog_agents.circuits import tables
from neuralprog_agents.circuits.expert import expert_table
from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import REGISTRY, make_task

B, N = 30, 6
over_tasks = pytest.mark.parametrize(
    "env_id", sorted(row.id for row in REGISTRY.values() if row.family == "tape")
)


@over_tasks
def test_the_circuits_end_with_the_experts_tape_after_as_many_steps(env_id):
    written = make_task(env_id, length=N)
    table = expert_table(written.algorithm)
    R = len(table).bit_length() - 1
    task = make_task(env_id, length=N, registers=R, action="circuit", observation="flags")
    posed = draw(task, 0, np.arange(B), (written.algorithm.shortest, N), "all")
    final = tables.run(task.machine, table, posed, written.horizon(posed.length))
    assert final.halted.all()
    for i in range(B):
        row = batch.take(posed, np.array([i]))
        episode = written.machine.begin(row)
        acts = [act.action for act in written.expert(row)]
        for action in acts:
            episode.step(action)
        np.testing.assert_array_equal(episode.tape, final.tape[i])
        assert final.steps[i] == len(acts)
