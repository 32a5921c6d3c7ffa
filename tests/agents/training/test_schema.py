"""Types as schemas of what files hold."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest

from neuralprog_agents.training.schema import SchemaError, Size, Within, structured


@dataclass(frozen=True)
class Inner:
    name: str
    rate: float = 1.0

    def __post_init__(self):
        if self.rate < 0:
            raise ValueError("rate must be at least 0")


@dataclass(frozen=True)
class Outer:
    size: Size
    kind: Literal["a", "b"] = "a"
    pair: tuple[int, int] = (1, 2)
    inner: tuple[Inner, ...] = ()
    rates: dict[str, float | None] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    length: tuple[int, int] | None = None
    share: Annotated[float, Within(0, 1)] = 0.5
    on: bool = False


def test_a_mapping_becomes_its_dataclass():
    given = {"size": 3, "inner": [{"name": "x", "rate": 2}], "rates": {"y": "1e-3", "z": None}}
    made = structured(Outer, {**given, "unknown": 4})
    assert made == Outer(3, inner=(Inner("x", 2.0),), rates={"y": 1e-3, "z": None})
    assert type(made.inner[0].rate) is float


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "size is missing"),
        ([], "expected a mapping"),
        ({"size": True}, "size: expected int, got True"),
        ({"size": 2.0}, "size: expected int, got 2.0"),
        ({"size": 0}, "size must be at least 1 and at most 1,048,576, got 0"),
        ({"size": 2**70}, "size must be at least 1 and at most 1,048,576"),
        ({"size": 1, "kind": "c"}, "kind: expected a or b, got c"),
        ({"size": 1, "kind": ["a"]}, "kind: expected a or b"),
        ({"size": 1, "pair": [1]}, "pair: expected a list of 2"),
        ({"size": 1, "pair": "12"}, "pair: expected a list"),
        ({"size": 1, "pair": [1, "2"]}, r"pair\[1\]: expected int, got 2"),
        ({"size": 1, "inner": {"name": "x"}}, "inner: expected a list"),
        ({"size": 1, "inner": [{"rate": 1}]}, r"inner\[0\].name is missing"),
        ({"size": 1, "inner": [{"name": "x", "rate": -1}]}, r"inner\[0\]: rate must be"),
        ({"size": 1, "rates": {"y": "fast"}}, "rates.y: expected float, got fast"),
        ({"size": 1, "extra": 3}, "extra: expected a mapping"),
        ({"size": 1, "length": 3}, "length: expected a list of 2|length: expected a list"),
        ({"size": 1, "share": 1.5}, "share must be at least 0 and at most 1, got 1.5"),
        ({"size": 1, "on": "yes"}, "on: expected bool, got yes"),
        ({"size": 1, "sise": 1}, "unknown setting sise: did you mean size"),
        ({"size": 1, "inner": [{"name": "x", "rte": 1}]}, r"unknown setting inner\[0\].rte"),
    ],
)
def test_what_does_not_fit_is_named(given, message):
    with pytest.raises(SchemaError, match=message) as caught:
        structured(Outer, given, strict=True)
    assert "\n" not in str(caught.value)
