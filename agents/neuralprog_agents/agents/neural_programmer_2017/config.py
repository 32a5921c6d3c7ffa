"""What a training run of the 2017 system can be told; YAML files hold differences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """The Neural Programmer for real tables, and its training; see ``README.md`` in this folder."""

    env: str = "NPWikiTableQuestions"
    """The environment id."""
    seed: int = 0
    """Restart i draws everything from (seed, i)."""
    restarts: int = 1
    """The most restarts that `train` tries before it gives up."""

    data: str = ""
    """The release's folder; "" for what WIKITABLEQUESTIONS names, else the package's sample."""
    questions: str = "random-split-1-train"
    """The questions that it learns from."""
    judged: str = "random-split-1-dev"
    """The questions on which epochs are judged: the best one's networks are kept."""
    test_lengths: tuple[int, ...] = (12,)
    """Rows of the tables on which `evaluate` draws episodes; their questions are the sample's."""
    solved: float = 0.36
    """A restart that answers this fraction of them has succeeded."""

    steps: int = 4
    """T."""
    operations: str = "wiki"
    """The operation set."""
    word_cutoff: int = 3
    """How often a word must occur in questions and columns' names to be known."""
    hidden: int = 128
    """d."""
    embedding: int = 96
    """The size of words' vectors."""
    most: int = 24
    """Right programs of a question that are learned from, drawn anew in each epoch."""

    simplicity: float = 1.0
    """How much less a program counts at first for each of its steps, in the logarithm."""
    simplicity_share: float = 0.3
    """The share of the training in which that falls to 0, linearly."""

    epochs: int = 6
    """Times that it goes through the questions."""
    judged_every: int = 3
    """Epochs between two judgements; the last one is always judged."""
    batch: int = 32
    """Questions in a gradient step."""
    learning_rate: float = 1e-3
    """Adam's; it falls to a twentieth, linearly."""
    clip_norm: float = 5.0
    """The gradient's norm is at most this."""
    weight_decay: float = 1e-5
    """AdamW's."""
    dropout: float = 0.3
    """The share of vectors' entries that are left out."""
    beam: int = 8
    """Programs kept in each step when questions are answered."""

    def __post_init__(self) -> None:
        for name in (
            "steps",
            "word_cutoff",
            "embedding",
            "most",
            "epochs",
            "batch",
            "beam",
            "judged_every",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.hidden < 2 or self.hidden % 2:
            raise ValueError(f"hidden must be even and at least 2, got {self.hidden}")
        if self.simplicity < 0 or not 0.0 < self.simplicity_share <= 1.0:
            raise ValueError("simplicity must be at least 0, simplicity_share above 0 and up to 1")
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout must be 0 to below 1, got {self.dropout}")
