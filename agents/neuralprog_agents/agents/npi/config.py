"""What an NPI training run can be told; YAML files hold differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Task:
    """One more task for the same network, and the traces that it is learned from."""

    env: str
    """The task's environment id."""
    recursive: bool = True
    """Whether the expert recurses."""
    observation: str = ""
    """The form of the view; empty takes the task's first."""
    length: tuple[int, int] = (1, 5)
    """The shortest and the longest instance whose traces are learned from."""
    traces: int = 64
    """Traces of each length."""
    wide: bool = False
    """Whether every program is also learned on pads that random effects of ACT have changed."""
    prove: bool = False
    """Whether to go on until the verification set holds no failing frame, learning from those."""
    test_lengths: tuple[int, ...] = (10, 100)
    """Where `evaluate` scores by default."""

    def __post_init__(self) -> None:
        if self.traces < 1:
            raise ValueError(f"traces must be at least 1, got {self.traces}")
        if not 1 <= self.length[0] <= self.length[1]:
            raise ValueError(f"length must be two ascending lengths, got {list(self.length)}")


@dataclass(frozen=True)
class Config:
    """An NPI of one task or several, and its training on the frames of experts' traces."""

    env: str
    """The (first) task's environment id."""
    seed: int = 0
    """Restart i draws everything from (seed, i)."""
    restarts: int = 5
    """The most restarts that `train` tries before it gives up."""

    recursive: bool = True
    """Whether the expert recurses."""
    observation: str = ""
    """The form of the view; empty takes the task's first."""
    length: tuple[int, int] = (1, 5)
    """The shortest and the longest instance whose traces are learned from."""
    traces: int = 64
    """Traces of each length."""
    wide: bool = False
    """Whether every program is also learned on pads that random effects of ACT have changed."""
    also: tuple[Task, ...] = ()
    """More tasks that the same network learns."""
    base: str = ""
    """A trained NPI, whose numbers all stay as they are: only programs that it lacks are learned.

    It gives the sizes, too, and goes on with its own tasks. A pretrained one's name, or a run
    folder; empty trains from random weights."""

    state: int = 64
    """D: what the encoder gives."""
    program: int = 32
    """P: the width of the program memory."""
    key: int = 16
    """K: the width of the key memory."""
    hidden: int = 64
    """Units in the core's MLP and in each of its LSTM layers."""
    layers: int = 1
    """LSTM layers."""

    learning_rate: float = 8e-3
    """Adam's, at the start."""
    half_life: int = 2000
    """Gradient steps in which the learning rate halves."""
    batch: int = 128
    """Frames in a gradient step."""
    boost: float = 0.5
    """The fraction of a batch that is drawn from the frames that are wrong."""
    clip_norm: float = 1.0
    """The gradient's norm is at most this."""
    budget: int = 8000
    """The most gradient steps of a restart."""
    prove: bool = False
    """Whether to go on until the verification set holds no failing frame, learning from those."""

    test_lengths: tuple[int, ...] = (10, 100)
    """Where `evaluate` scores by default."""

    def __post_init__(self) -> None:
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 0 <= self.boost < 1:
            raise ValueError(f"boost must be at least 0 and below 1, got {self.boost}")
        envs = [task.env for task in self.tasks]
        if len(set(envs)) < len(envs):
            raise ValueError(f"each task is learned once, not {', '.join(envs)}")

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every task, the first one first."""
        first = Task(**{field.name: getattr(self, field.name) for field in fields(Task)})
        return first, *self.also


_AT_LEAST_ONE = (
    "restarts", "state", "program", "key", "hidden", "layers", "half_life", "batch", "budget",
)  # fmt: skip
