"""What a training run of the Neural Programmer can be told; YAML files hold differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Config:
    """One task's Neural Programmer and its training.

    What the paper publishes and what it leaves open is told in ``README.md`` in this folder.
    """

    env: str
    """The task's environment id."""
    seed: int = 0
    """Restart i draws everything from (seed, i)."""
    restarts: int = 5
    """The most restarts that `train` tries before it gives up."""

    columns: tuple[int, int] = (1, 1)
    """The fewest and the most columns of a table in training; tests have the most."""
    length: tuple[int, int] = (30, 100)
    """The fewest and the most rows of a table in training."""
    value_range: float = 100.0
    """Values and numbers of questions lie within plus and minus this in training."""
    test_lengths: tuple[int, ...] = (120,)
    """Rows of the tables on which it is scored."""
    test_value_range: float = 200.0
    """The range of values with which it is scored."""
    examples: int = 50_000
    """Different training examples."""

    learner: Literal["programs", "gradient"] = "programs"
    """"programs": the likelihood of programs that a search finds to be right (ours, see
    ``likelihood``). "gradient": through the soft machine, as published (see ``soft``)."""

    steps: int = 4
    """T."""
    hidden: int = 64
    """d: the size of word vectors, states and operations' vectors."""
    bidirectional: bool = False
    """Whether the question is also read from right to left, as the paper does for synonyms."""
    attention: bool = True
    """Whether each step also looks at the question's words again, as the 2017 system does."""

    batch: int = 100
    """Examples in a gradient step."""
    budget: int = 2500
    """The most gradient steps of a restart."""
    judged_every: int = 500
    """Gradient steps between two hard validations."""
    patience: int = 2500
    """A restart whose hard validation has not improved for so many steps is given up."""
    solved: float = 1.0
    """A restart whose hard validation is at least this has succeeded."""

    most: int = 64
    """"programs": questions that more programs answer rightly are left out."""
    simplicity: float = 1.0
    """"programs": λ, how much less a program counts at first for each of its steps."""
    simplicity_steps: int = 200
    """"programs": gradient steps in which λ falls to 0, linearly."""

    learning_rate: float = 3e-3
    """Adam's."""
    noise: float = 0.0
    """η of the gradient noise, σ² = η / (1 + t)^0.55."""
    clip_norm: float = 1.0
    """The gradient's norm is at most this before the noise is added."""
    huber: float = 10.0
    """"gradient": δ: errors of numbers beyond this cost linearly."""
    power: float = 0.5
    """"gradient": p: Huber's loss counts by its p-th power, see ``losses.loss``; 1 as published."""
    entropy: float = 1.0
    """"gradient": the weight of the bonus for the entropy of the choices at the start."""
    entropy_half_life: float = 400.0
    """"gradient": gradient steps in which that weight halves."""
    dropout: float = 0.3
    """"gradient": the share of operations that each example can't choose in each step, at first."""
    dropout_steps: int = 1500
    """"gradient": gradient steps in which that share falls to 0, linearly."""
    last_dropout: float = 0.1
    """"gradient": the same for step T: more makes earlier steps store answers for "difference"."""
    lookup_weight: float = 10.0
    """"gradient": λ: the weight of the loss of printed cells."""

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        for name in ("columns", "length"):
            low, high = getattr(self, name)
            if not 1 <= low <= high:
                raise ValueError(f"{name} must be two ascending numbers, got {[low, high]}")
        if self.batch > self.examples:
            raise ValueError(f"batch must be at most examples ({self.examples}), got {self.batch}")


_COUNTS = (
    "restarts", "examples", "steps", "hidden", "batch", "budget", "judged_every", "patience",
    "dropout_steps", "simplicity_steps", "most",
)  # fmt: skip
_LEAST = {
    **dict.fromkeys(_COUNTS, 1),
    **dict.fromkeys(("value_range", "test_value_range"), 0.01),
    **dict.fromkeys(("learning_rate", "clip_norm", "huber", "power", "entropy_half_life"), 1e-9),
    **dict.fromkeys(
        ("lookup_weight", "noise", "solved", "entropy", "dropout", "last_dropout", "simplicity"),
        0.0,
    ),
}
