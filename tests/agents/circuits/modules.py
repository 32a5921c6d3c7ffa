"""Learned modules for the tests, of programs that experts write."""

from neuralprog_agents.circuits.expert import expert_table
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape.learned import LearnedModule


def of_expert(env_id):
    """Return an expert's program as a module."""
    algorithm = make_task(env_id).algorithm
    circuits = expert_table(algorithm)
    return LearnedModule(algorithm.name.upper(), algorithm.arity, circuits, algorithm.bound)
