"""An agent in use: it runs on inputs, predicts actions and shows its program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from neuralprog_agents.agent import Actions, Answerer, Masks, Policy, Privileged
from neuralprog_agents.evaluation.agents import Agent
from neuralprog_agents.evaluation.apply import Application, apply, as_batch
from neuralprog_agents.evaluation.inputs import example, opened, prepare, read_input
from neuralprog_agents.training.files import write_atomically
from neuralprog_agents.viewer.notebook import framed, preformatted
from neuralprog_agents.viewer.page import page
from neuralprog_envs.interfaces.env import TaskEnv
from neuralprog_envs.interfaces.frame import Style
from neuralprog_envs.interfaces.setting import configure
from neuralprog_envs.interfaces.trace import heading


class Program(str):
    """A learned program as text; a notebook shows it in a monospaced font."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return preformatted(self)


@dataclass(frozen=True)
class Posed:
    """What an agent is to run on, checked.

    Attributes:
        env: The environment in which it is posed.
        values: The user's input; None if the environment poses an instance.
        opened: The same with its CSV file read, if it has one.
        seed: The seed of the instance that the environment poses.
    """

    env: TaskEnv
    values: Any = None
    opened: Any = None
    seed: int = 0


@dataclass(frozen=True)
class Run:
    """One run of an agent; in a notebook it shows itself as a page to step through.

    Attributes:
        agent: Who acted or answered.
        application: What it did.
        values: The user's input; None if the environment posed the instance.
        seed: The seed of that instance.
    """

    agent: Agent
    application: Application
    values: Any = None
    seed: int = 0

    @property
    def answer(self) -> list[Any]:
        """What the machine holds where the answer belongs, or what the agent said."""
        return self.application.answer

    @property
    def expected(self) -> list[Any] | None:
        """The right answer; None where it is not known."""
        return self.application.expected

    @property
    def success(self) -> bool | None:
        """Whether the answer is wholly right; None where that is not known."""
        return self.application.success

    @cached_property
    def trace(self) -> dict[str, Any]:
        """The whole trace, as ``neuralprog_envs/interfaces/trace.schema.json`` specifies it."""
        posed = {"seed": self.seed} if self.values is None else {"input": _plain(self.values)}
        head = heading(self.agent.env_id, self.agent.name, **posed)
        trace = {**head, **self.application.trace}
        if hasattr(self.agent.policy, "program_text"):
            trace["program"] = self.agent.policy.program_text()
        return trace

    def text(self, *, unfold: bool = False) -> str:
        """Return the steps as text; see ``Application.text``."""
        return self.application.text(unfold=unfold)

    def page(self) -> str:
        """Return the run as one HTML page to step through, which needs no network.

        Raises:
            ValueError: The agent said its answer and did not act.
        """
        self._check_acted()
        return page(self.trace)

    def write_page(self, path: str | Path) -> None:
        """Write ``page`` to a file.

        Raises:
            ValueError: The agent said its answer and did not act.
            OSError: The file can't be written.
        """
        write_atomically(Path(path), self.page().encode())

    def write_gif(self, path: str | Path, size: Any = None, theme: str = "light") -> None:
        """Write the run as a moving picture.

        Args:
            path: The file.
            size: Width and height in pixels, or the width alone; None: 784 wide.
            theme: "light" or "dark".

        Raises:
            ValueError: The agent said its answer and did not act, or there is no such size.
            ModuleNotFoundError: Pillow is missing: install the extra "render".
            OSError: The file can't be written.
        """
        from neuralprog_agents.viewer.animation import write_gif

        self._check_acted()
        write_gif(Path(path), self.agent.env_id, self.application, Style(size, theme))

    def _check_acted(self) -> None:
        if self.application.direct_answer is not None:
            raise ValueError(
                f"{self.agent.name} says its answer and does not act: no trace to draw"
            )

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        if self.application.direct_answer is not None:
            return preformatted(f"answer    {' '.join(map(str, self.answer))}")
        return framed(self.page())


@dataclass(frozen=True)
class State:
    """Stands for what an agent remembers of n episodes after an action; see ``predict``."""

    n: int
    step: int


class LoadedAgent:
    """A trained agent in use; ``neuralprog_agents.load`` makes one.

    Args:
        agent: From ``evaluation.agents.open_agent``.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self._state: State | None = None

    def __repr__(self) -> str:
        return f"<{self.name}, an agent of {self.env_id}>"

    @property
    def name(self) -> str:
        """The name it was asked for by."""
        return self.agent.name

    @property
    def env_id(self) -> str:
        """The environment where it acts."""
        return self.agent.env_id

    @property
    def program(self) -> Program | None:
        """What it learned, as Python source or else in words; None where it is a network.

        The source of a tape program is a file that stands alone.
        """
        policy = self.agent.policy
        for name in ("program_source", "program_text"):
            if hasattr(policy, name):
                return Program(getattr(policy, name)())
        return None

    def make(self, length: int | None = None, **settings: Any) -> gym.Env[Any, Any]:
        """Return the environment where it acts, as ``gym.make`` does, with the settings it needs.

        Args:
            length: The instances' length; None takes the shortest that it is scored at.
            **settings: Of the environment, over the agent's own: "split", "render_mode" …

        Raises:
            ValueError: It can't act at that length, or a setting is out of its range.
        """
        length = self.agent.test_lengths[0] if length is None else length
        own = self.agent.policy.settings(length)
        return gym.make(self.env_id, **{"length": length, **own, **settings})

    def run(
        self,
        values: Any = None,
        *,
        table: Any = None,
        length: int | None = None,
        seed: int = 0,
        memory_size: int | None = None,
    ) -> Run:
        """Let it act on an input, or on an instance of its environment.

        Args:
            values: What the task takes: a list of numbers for a tape; a list or a text such as
                "96 125" for a program; a question for a table. A text of numbers is read too.
                None poses an instance of the environment.
            table: What a question is about: a CSV file, or what ``neuralprog_envs`` takes for one.
            length: The length of the environment's instance.
            seed: Its seed.
            memory_size: M, of tapes; None takes what the input needs.

        Raises:
            ValueError: The input has not the task's form, or is too long for the agent; or
                something is given that has no meaning with an input, or without one.
        """
        return self.play(self.pose(values, table, length, seed, memory_size))

    def pose(
        self,
        values: Any = None,
        table: Any = None,
        length: int | None = None,
        seed: int = 0,
        memory_size: int | None = None,
    ) -> Posed:
        """Check what it is to run on, see ``run``; return that in its environment."""
        policy, env_id = self.agent.policy, self.env_id
        _check_given(values, table, length, memory_size)
        if values is None:
            return Posed(example(policy, env_id, length), seed=seed)
        read = _read(env_id, values, table)
        ready = opened(read)
        return Posed(prepare(policy, env_id, ready, memory_size), read, ready, seed)

    def play(self, posed: Posed) -> Run:
        """Let it act on what ``pose`` returned."""
        done = apply(self.agent.policy, posed.env, posed.opened, posed.seed)
        return Run(self.agent, done, posed.values, posed.seed)

    def predict(
        self,
        observation: Any,
        action_masks: Masks | None = None,
        state: State | None = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Actions, State]:
        """Return the next action in one environment or in n, as Stable-Baselines3's models do.

        ::

            observation, info = env.reset(seed=0)
            state = None
            while not over:
                action, state = agent.predict(observation, info["action_mask"], state)
                observation, reward, terminated, truncated, info = env.step(action)
                over = terminated or truncated

        Args:
            observation: Of the environment that ``make`` returns; or n of them, stacked.
            action_masks: The legal choices, ``info["action_mask"]``, shape (sum of choices,) or
                (n, sum of choices). None: all.
            state: What the last call returned. None: new episodes begin.
            episode_start: True where a new episode begins, one or n; all n must begin together.
            deterministic: Always True: the likeliest action is chosen.

        Returns:
            The action, shape (K,) or (n, K), and the state for the next call.

        Raises:
            ValueError: The agent says answers, or must know the instance; some episodes begin
                and others go on; or ``state`` is not that of the last call.
        """
        policy = self._acting(deterministic)
        machine, one = self._machine, self._is_one(observation)
        batch = as_batch(observation) if one else observation
        n = len(next(iter(batch.values())) if isinstance(batch, Mapping) else batch)
        masks = np.ones((n, sum(machine.actions)), dtype=bool)
        if action_masks is not None:
            masks = np.asarray(action_masks, dtype=bool).reshape(n, -1)
        step = self._step(n, state, episode_start)
        if step == 0:
            policy.start(n)
        actions = policy.act(batch, masks)
        self._state = State(n, step + 1)
        return actions[0] if one else actions, self._state

    def _acting(self, deterministic: bool) -> Policy:
        policy = self.agent.policy
        if isinstance(policy, Answerer):
            raise ValueError(f"{self.name} says its answer and does not act: use run")
        if isinstance(policy, Privileged):
            raise ValueError(f"{self.name} looks at the instance, not at an observation: use run")
        if not deterministic:
            raise ValueError(f"{self.name} always chooses the likeliest action: deterministic=True")
        return policy

    @cached_property
    def _machine(self) -> Any:
        length = self.agent.test_lengths[0]
        settings = {"length": length, **self.agent.policy.settings(length)}
        return configure(self.env_id, **settings).task.machine

    def _is_one(self, observation: Any) -> bool:
        """Return whether an observation has no axis of n environments."""
        fields = self._machine.observation
        name, field = next(iter(fields.items()))
        array = observation[name] if isinstance(observation, Mapping) else observation
        return np.ndim(array) == len(field.shape)

    def _step(self, n: int, state: State | None, episode_start: Any) -> int:
        """Return how many actions the episodes have had, and check that they go on as they were."""
        begins = np.full(n, state is None) if episode_start is None else np.ravel(episode_start)
        if state is None or begins.all():
            return 0
        if begins.any():
            raise ValueError(
                f"{self.name} plays {n} episodes that begin together: reset all environments at "
                f"once, or load it once for each"
            )
        if state is not self._state or state.n != n:
            raise ValueError("state is not what the last call returned: None begins new episodes")
        return state.step


def _check_given(values: Any, table: Any, length: int | None, memory_size: int | None) -> None:
    """Raise ValueError if something is given that would change nothing."""
    if values is None and table is not None:
        raise ValueError("a table is what a question is about: give the question as input, too")
    if values is None and memory_size is not None:
        raise ValueError("memory_size is that of an input's tape: give an input, too")
    if values is not None and length is not None:
        raise ValueError("length is that of an instance of the environment: an input has its own")


def _read(env_id: str, values: Any, table: Any) -> Any:
    """Return an input as the task takes it."""
    table = str(table) if isinstance(table, Path) else table
    if isinstance(values, str) and (table is None or isinstance(table, str)):
        return read_input(env_id, values, table)
    return values if table is None else {"table": table, "question": values}


def _plain(values: Any) -> Any:
    """Return an input in the types of JSON."""
    return values.tolist() if isinstance(values, np.ndarray) else values
