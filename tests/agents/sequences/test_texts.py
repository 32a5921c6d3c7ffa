"""What sequence models read does not depend on what is displayed."""

import numpy as np
import pytest

from neuralprog_agents.sequences import texts
from neuralprog_envs import REGISTRY, make_task
from neuralprog_envs.core.display import Display
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.display import display_of


@pytest.mark.parametrize("env_id", sorted(REGISTRY))
def test_a_change_of_the_display_changes_neither_text_nor_answer(env_id, monkeypatch):
    task = make_task(env_id)
    instances = draw(task, 0, np.arange(3), REGISTRY[env_id].defaults["length"], "all")
    state = task.machine.initial(instances)
    before = texts.input_texts(task, instances), task.score(state, instances).tolist()
    for name in (name for name in vars(Display) if not name.startswith("_")):
        monkeypatch.setattr(type(display_of(task.machine)), name, None)
    assert (texts.input_texts(task, instances), task.score(state, instances).tolist()) == before
