"""``list``: the agents that can be loaded, the environments, the settings to train with."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from textwrap import fill

from neuralprog_agents.commands.errors import SUCCESS
from neuralprog_agents.evaluation.agents import pretrained
from neuralprog_agents.training import config, runs, shipped
from neuralprog_agents.training.files import read_json
from neuralprog_envs.registry import REGISTRY

_WIDTH = 80


def list_names(args: Namespace) -> int:
    """Print what there is, a name a line; return the exit status."""
    shown = (args.what,) if args.what else tuple(_SECTIONS)
    print("\n\n".join("\n".join(_SECTIONS[what]()) for what in shown))
    return SUCCESS


def _agents() -> Iterator[str]:
    yield "Pretrained agents, by what they learned from (run --agent NAME):"
    cards = {name: read_json(folder / runs.CARD) for name, folder in pretrained().items()}
    for supervision in sorted({card["supervision"] for card in cards.values()}):
        yield f"  {supervision}"
        fitting = {n: c["env"] for n, c in cards.items() if c["supervision"] == supervision}
        yield from _columns(fitting, "    ")
    yield "  none: random and expert act in every environment (--env ID)"


def _environments() -> Iterator[str]:
    yield "Environments (gym.make(ID), --env ID):"
    yield from _columns({row.id: row.description.partition("\n")[0] for row in REGISTRY.values()})


def _configs() -> Iterator[str]:
    yield "Settings (train --config NAME):"
    yield from _columns({name: config.load(path)[1].env for name, path in shipped.known().items()})


def _columns(rows: Mapping[str, str], indent: str = "  ") -> Iterator[str]:
    """Yield names with what there is to say of each, at most 80 columns wide."""
    width = max(map(len, rows), default=0)
    for name, words in rows.items():
        first = f"{indent}{name:{width}}  "
        yield fill(words, _WIDTH, initial_indent=first, subsequent_indent=" " * len(first))


_SECTIONS = {"agents": _agents, "environments": _environments, "configs": _configs}
