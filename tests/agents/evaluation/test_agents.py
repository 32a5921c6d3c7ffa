"""Folders of strangers: whatever card and weights say, an agent opens or is refused in one line.

Each kind's card is changed at random places to values of other types and sizes, and its weights in
names, dtypes, shapes and numbers. What opens must also play.
"""

import copy
import json
import random
import shutil
import signal

import numpy as np
import pytest

from neuralprog_agents.evaluation.agents import open_agent, pretrained
from neuralprog_agents.evaluation.evaluate import check, evaluate
from neuralprog_agents.training import checkpoint

KINDS = (
    "alphanpi-hanoi", "library-gcd", "np-singlecolumn", "np-wikitables", "npi-hanoi",
    "npi-max-frozen",
    "nram-access", "ntm-copy-classic", "rl-bubblesort", "search-access-halt", "seq2seq",
    "synthesis-hanoi", "synthesis-hanoi-npi",
)  # fmt: skip
CHANGES = 40
MISSING = object()
VALUES = (
    MISSING, None, True, -1, 0, 1, 3, 10**9, 2**62, 10**30, 1.5, float("inf"), float("nan"), "",
    "x", "NRAMCopy", "NPIHanoi", "x:NRAMCopy", "../..", [], [1], [-1, 2], ["x"], {}, {"x": 1},
    [[]], [[[[]]]], "a" * 1000,
)  # fmt: skip
_READ = ("env", "length", "test_lengths", "also", "base")
"""What is read of a card's config."""


@pytest.fixture(autouse=True)
def _deadline():
    """Let what hangs fail."""
    if hasattr(signal, "SIGALRM"):
        signal.alarm(120)
        before = signal.signal(signal.SIGALRM, _late)
        yield
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    else:
        yield


def _late(*_):
    raise AssertionError("it hangs")


@pytest.fixture
def folder(tmp_path, request):
    """Return a copy of an agent's folder; of the kind that none is trained of, a new one's."""
    if request.param in pretrained():
        shutil.copytree(pretrained()[request.param], tmp_path / "agent")
        return tmp_path / "agent"
    from neuralprog_agents.agents.seq2seq.card import Form
    from neuralprog_agents.agents.seq2seq.learner import Seq2Seq
    from neuralprog_agents.training.network import weights

    (tmp_path / "agent").mkdir()
    form = {"model": "lstm-attention", "format": "text", "hidden": 8, "layers": 1}
    path = tmp_path / "agent" / "weights.safetensors"
    digest = checkpoint.save(path, "weights", weights(Seq2Seq(Form(**form)).model), {})
    model = {"env": "NRAMCopy", "settings": {}, "form": form}
    card = {"agent": "seq2seq", "env": "NRAMCopy", "config": {}, "model": model}
    write(tmp_path / "agent", {**card, "weights_sha256": digest})
    return tmp_path / "agent"


def read(folder):
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def write(folder, card):
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")


def opened(folder):
    """Open an agent and play an episode; return the message where it is refused."""
    try:
        agent = open_agent(str(folder))
        length = min(agent.test_lengths[0], 8)
        check(agent.policy, agent.env_id, [length], 1, "all")
        list(evaluate(agent.policy, agent.env_id, [length], 1, split="all"))
    except ValueError as error:
        return str(error)
    return ""


def places(value, at=()):
    """Yield the path to everything in a card."""
    if at:
        yield at
    each = value.items() if isinstance(value, dict) else ()
    each = list(enumerate(value[:3])) if isinstance(value, list) else each
    for key, inner in each:
        yield from places(inner, (*at, key))


def changed(card, path, new):
    card = copy.deepcopy(card)
    inner = card
    for key in path[:-1]:
        inner = inner[key]
    if new is MISSING:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return card


def test_every_pretrained_agent_is_among_the_kinds():
    kinds = {read(pretrained()[name])["agent"] for name in KINDS if name in pretrained()}
    assert kinds == {read(folder)["agent"] for folder in pretrained().values()}


@pytest.mark.parametrize("folder", KINDS, indirect=True)
def test_a_changed_card_opens_or_is_refused_in_one_line(folder, request):
    assert not opened(folder)
    card, draw = read(folder), random.Random(request.node.callspec.params["folder"])
    card["config"] = {key: value for key, value in card["config"].items() if key in _READ}
    card = {key: card[key] for key in ("agent", "env", "config", "model", "weights_sha256")}
    everywhere = [at for at in places(card) if "proof" not in at]
    for _ in range(CHANGES):
        at, new = draw.choice(everywhere), draw.choice(VALUES)
        write(folder, changed(card, at, new))
        message = opened(folder)
        assert "\n" not in message, (at, new)
        assert len(message) < 1500, (at, new)


def _changed_arrays(arrays):
    """Yield weights that are no agent's: other names, dtypes, shapes and numbers."""
    name, array = next(iter(arrays.items()))
    rest = {key: value for key, value in arrays.items() if key != name}
    yield {}
    yield rest
    yield {**rest, f"{name}x": array}
    yield {**arrays, "more": np.zeros(3, dtype=np.float32)}
    for dtype in (np.float64, np.int32, np.uint8, np.bool_):
        if dtype != array.dtype:
            yield {**rest, name: array.astype(dtype)}
    yield {**rest, name: array[..., :-1]}
    yield {**rest, name: array[None]}
    yield {**rest, name: array[:0]}
    yield {**rest, name: np.array(array.flat[0])}
    if array.dtype.kind == "f":
        for value in (np.nan, np.inf, -np.inf):
            yield {**rest, name: np.full_like(array, value)}
    else:
        for value in (-1, 10**6, np.iinfo(array.dtype).max):
            yield {**rest, name: np.full_like(array, value)}


@pytest.mark.parametrize("folder", KINDS, indirect=True)
def test_changed_weights_are_refused_in_one_line(folder):
    card, path = read(folder), folder / "weights.safetensors"
    arrays, _ = checkpoint.load(path, "weights")
    for number, other in enumerate(_changed_arrays(arrays)):
        digest = checkpoint.save(path, "weights", other, {})
        write(folder, {**card, "weights_sha256": digest})
        message = opened(folder)
        assert message, number
        assert "\n" not in message


@pytest.mark.parametrize("folder", ["search-access-halt"], indirect=True)
def test_a_base_that_names_itself_is_refused(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for base in (".", "../agent", str(folder)):
        card = read(folder)
        write(folder, {**card, "config": {**card["config"], "env": "NRAMSwap", "base": base}})
        assert "built on itself" in opened(folder)
