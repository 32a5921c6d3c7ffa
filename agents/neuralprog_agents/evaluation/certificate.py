"""What has been proven of a learned program, and of exactly which weights.

A policy that can be proven has ``prove() -> list[Proof]``; ``neuralprog prove`` asks for these
and writes a certificate of each: the proof, bound to the weights by their hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from neuralprog_agents.training.files import read_json
from neuralprog_agents.training.schema import Count, structured

FORMAT = "neuralprog-certificate"
VERSION = 1


@dataclass(frozen=True)
class Proof:
    """The outcome of a complete check.

    Attributes:
        method: How it was checked: "verification set", "every input up to a size", "induction".
        covers: One sentence: what holds, of which inputs, if none fails.
        cases: How many cases were checked.
        failing: How many of them fail; the claim holds if it is 0.
        trained_on: Whether the cases were also used in training.
        details: What else belongs to it (the hash of the set, its bounds …); plain JSON.
    """

    method: str
    covers: str
    cases: int
    failing: int
    trained_on: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether there were cases, and none fails."""
        return self.cases > 0 and self.failing == 0


@runtime_checkable
class Provable(Protocol):
    """A policy of which something can be proven.

    One that has learned several environments has ``provable -> bool``, too: whether there is a
    proof for the one where it acts.
    """

    def prove(self) -> list[Proof]:
        """Check everything that can be checked completely.

        Raises:
            ValueError: There is no proof of this task; the message says of which there are.
        """


@dataclass(frozen=True)
class CertificateFields:
    """What must be in a certificate's file."""

    format: Literal["neuralprog-certificate"]
    version: Literal[1]
    env: str
    weights_sha256: str
    method: str
    covers: str
    cases: Count
    failing: Count
    holds: bool
    details: dict[str, Any] = field(default_factory=dict)


def record_of(agent: str, env: str, weights_sha256: str, proof: Proof) -> dict[str, Any]:
    """Return the certificate of a proof, of the weights with a hash, in the types of JSON."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "agent": agent,
        "env": env,
        "weights_sha256": weights_sha256,
        **asdict(proof),
        "holds": proof.holds,
    }


def check_claim(record: Mapping[str, Any], method: str, covers: str) -> None:
    """Raise ValueError unless a record claims what a check shows: by its method, in its words."""
    for name, shown in (("method", method), ("covers", covers)):
        if record[name] != shown:
            raise ValueError(f"{name}: the certificate claims {record[name]!r}; shown is {shown!r}")


def read(path: Path) -> list[dict[str, Any]]:
    """Return the records in a file of certificates.

    Raises:
        ValueError: It is missing, or something else.
    """
    records = read_json(path)
    try:
        structured(tuple[CertificateFields, ...], records)
    except ValueError as error:
        raise ValueError(
            f"{path}: not a list of certificates of format {FORMAT} {VERSION} ({error})"
        ) from None
    return list(records)
