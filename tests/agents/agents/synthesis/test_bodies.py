"""Bodies as trees, as tables and as words."""

import numpy as np
import pytest

from neuralprog_agents.agents.synthesis import bodies
from neuralprog_agents.agents.synthesis.bodies import CallNode, MatchNode, ReturnNode
from neuralprog_envs.registry import make_task

TASK = make_task("NPIHanoi", length=3)
LIBRARY, VIEW = TASK.machine.library, TASK.machine.world.view
SEEN = [values for _, values in VIEW]
MOVE = list(LIBRARY.actions).index("MOVE_DISK")
BODY = MatchNode(
    3, {0: CallNode(MOVE, CallNode(MOVE, ReturnNode())), 1: CallNode(MOVE, ReturnNode())}
)


def test_a_table_holds_the_body_and_equal_parts_once():
    nodes, roots = bodies.tabulate([BODY], 2)
    assert bodies.body_of(nodes, int(roots[0])) == BODY
    assert len(nodes) == 4
    bodies.check({"nodes": nodes, "roots": roots}, LIBRARY, SEEN)


def test_in_words_it_says_what_it_looks_at_and_calls():
    assert bodies.text(LIBRARY, VIEW, [BODY]).splitlines() == [
        "HANOI:",
        "    N=1 = 0:",
        "        MOVE_DISK",
        "        MOVE_DISK",
        "        RETURN",
        "    N=1 = 1:",
        "        MOVE_DISK",
        "        RETURN",
    ]


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [(0, 0, 3), (1, 1, 99), (3, 1, 5), (1, 2, 1), (1, 2, 3), (1, 2, -1), (3, 3, -2)],
)
def test_nodes_that_are_no_body_are_refused(row, column, value):
    """Kinds, choices, components out of range; nodes that are not followed by earlier ones."""
    nodes, roots = bodies.tabulate([BODY], 2)
    nodes[row, column] = value
    with pytest.raises(ValueError, match="not bodies"):
        bodies.check({"nodes": nodes, "roots": roots}, LIBRARY, SEEN)


def test_tables_of_another_library_are_refused():
    nodes, roots = bodies.tabulate([BODY, BODY], 2)
    with pytest.raises(ValueError, match="another library"):
        bodies.check({"nodes": nodes, "roots": roots}, LIBRARY, SEEN)
    with pytest.raises(ValueError, match="two arrays"):
        bodies.check({"nodes": np.zeros((1, 4))}, LIBRARY, SEEN)
