"""What every agent, every config and every pretrained program must hold."""

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import get_args

import pytest

from neuralprog_agents import registry
from neuralprog_agents.evaluation import certificate
from neuralprog_agents.evaluation.agents import open_agent, pretrained
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training import config as settings
from neuralprog_agents.training.ranges import RESTARTS, type_hints
from neuralprog_agents.training.runs import task_name
from neuralprog_envs.registry import make_task

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
PRETRAINED = sorted(pretrained())
SHORT = {"library_learning": "library", "neural_programmer": "np", "neural_programmer_2017": "np"}
"""Agents whose pretrained programs go by a shorter name."""
LEAST = {"np-wikitables": 0.85, "NPICanonicalize-v0": 0.93}
"""What those reach that are not right every time: on the questions that come with the package, and
on pictures of cars that training has not seen."""


def certificate_of(name):
    return pretrained()[name] / "certificate.json"


agents = pytest.mark.parametrize("name", sorted(registry.AGENTS))


@agents
def test_its_module_offers_what_an_agent_must(name):
    module = registry.find(name)
    assert module.SUPERVISION
    assert is_dataclass(module.Config)
    assert module.Config.__dataclass_params__.frozen
    assert {"env", "seed", "restarts"} <= {field.name for field in fields(module.Config)}
    assert callable(module.learner)
    assert callable(module.load)


@pytest.mark.parametrize(
    "name",
    [n for n in registry.AGENTS if "modules" in {f.name for f in fields(registry.find(n).Config)}],
)
def test_what_is_learned_with_modules_names_them(name):
    config = registry.find(name).Config("NRAMGcd-v0")
    alone = registry.supervision(name, config)
    said = registry.supervision(name, replace(config, modules=("library-gcd", "runs/own")))
    assert said == f"{alone}, and programs of library-gcd, runs/own"


@agents
def test_every_setting_has_a_help_text(name):
    help_text = settings.help_text(name)
    for field in fields(registry.find(name).Config):
        told = help_text.partition(f"\n  --{field.name} ")[2].split("\n")[1]
        assert len(told.split()) >= 4, field.name


KEPT_AS = {"time_limit": "steps", "value_range": "test_value_range"}
"""What cards call some settings."""


def ranges_of(kind):
    """Return the range of each of a dataclass's numbers, by name; outer records before inner."""
    inner, found = [], {}
    for name, hint in type_hints(kind).items():
        parts = [part for part in (hint, *get_args(hint)) if isinstance(part, type)]
        inner += [part for part in parts if is_dataclass(part)]
        for rule in getattr(hint, "__metadata__", ()):
            found[name] = getattr(rule, "within", rule)
    for each in inner:
        found = {**ranges_of(each), **found}
    return found


@agents
def test_what_may_be_trained_can_be_loaded(name):
    module = registry.find(name)
    asked, kept = ranges_of(module.Config), ranges_of(module.Card)
    named = {field: KEPT_AS.get(field, field) for field in kept}
    shared = {field: own for field, own in named.items() if own in asked}
    assert shared
    for field, own in shared.items():
        assert asked[own] == kept[field], own


@agents
def test_the_most_restarts_are_the_same(name):
    assert ranges_of(registry.find(name).Config)["restarts"] == RESTARTS


@agents
def test_it_documents_itself(name):
    folder = ROOT / "agents" / "neuralprog_agents" / "agents" / name
    assert "## Results" in (folder / "README.md").read_text()


def test_every_agent_has_configs():
    assert {path.parent.name for path in CONFIGS} == set(registry.AGENTS)
    assert len(CONFIGS) == sum(1 for _ in (ROOT / "configs").glob("*/*"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_config_says_what_it_is_for_and_why_and_can_be_trained(path):
    what, launch, *lines = path.read_text().splitlines()
    assert what.startswith("# ")
    assert what.endswith(".")
    assert launch == f"# python scripts/train.py --config {path.relative_to(ROOT)}"
    own = [line for line in lines if not line.startswith(("agent:", "env:", " "))]
    assert all("  # " in line for line in own), "why does a value differ from the default?"
    agent = settings.read_agent(path)
    assert agent == path.parent.name
    config = settings.parse(agent, path)
    assert f"env: {config.env}" in lines
    check = getattr(registry.find(agent), "check", None)
    if check is not None:
        check(config)


@agents
def test_lengths_that_a_task_does_not_have_are_refused(name):
    for path in (ROOT / "configs" / name).glob("*.yaml"):
        config = settings.parse(name, path, [])
        shortest = make_task(config.env, length=8).lengths[0]
        if shortest == 1 or not hasattr(config, "length"):
            continue
        with pytest.raises(ValueError, match=f"length.*(at least|from) {shortest}"):
            registry.check(name, replace(config, length=(1, config.length[1])))


@pytest.mark.parametrize("name", PRETRAINED)
def test_a_pretrained_program_is_what_its_card_says(name):
    agent = open_agent(name)
    kind = SHORT.get(agent.card["agent"], agent.card["agent"])
    own = name.removeprefix(f"{kind}-")
    task, _, variant = own.partition("-")
    several = bool(agent.card["config"].get("also"))
    assert several or task == task_name(agent.card["env"])
    assert not (several or variant) or f"/{own}.yaml" in agent.card["command"]
    for key in ("supervision", "command", "seed", "commit", "config", "metrics"):
        assert agent.card[key] is not None
    assert not agent.card["dirty"]
    for acting in agent.everywhere() if several else [agent]:
        scores = list(evaluate(acting.policy, acting.env_id, acting.test_lengths, 10))
        least = LEAST.get(name, LEAST.get(acting.env_id, 1.0))
        assert all(score.success_rate >= least for score in scores), scores


@pytest.mark.parametrize("name", [name for name in PRETRAINED if certificate_of(name).exists()])
def test_a_shipped_certificate_is_of_the_shipped_weights(name):
    records = certificate.read(certificate_of(name))
    weights = open_agent(name).card["weights_sha256"]
    assert records
    assert all(record["weights_sha256"] == weights for record in records)
    assert all(record["agent"] == name and record["holds"] for record in records)
