"""Settings: their ranges, their full ids, and their old names."""

from dataclasses import dataclass, fields, replace
from math import inf, nan
from typing import Annotated, get_type_hints

import pytest

from neuralprog_agents import registry
from neuralprog_agents.evaluation.agents import AgentError, open_agent, pretrained
from neuralprog_agents.training import config as settings
from neuralprog_agents.training.renames import CONFIGS, SETTINGS

OUTSIDE = {int: (-1, 2**70), float: (-1.0, nan, inf), tuple: ((-1, 3),)}
"""By the type of a setting, values that are in no range."""


ANY = {"finish_bias", "halt_bias"}
"""Numbers that are added to a logit: any will do."""


@pytest.mark.parametrize("agent", sorted(registry.AGENTS))
def test_every_number_has_a_range_and_what_is_outside_is_refused(agent):
    config = registry.find(agent).Config(env="NRAMCopy-v0")
    hints = get_type_hints(type(config), include_extras=True)
    for field in fields(config):
        value = getattr(config, field.name)
        ranged = hasattr(hints[field.name], "__metadata__")
        assert ranged or type(value) not in (int, float) or field.name in ANY, field.name
        for outside in OUTSIDE.get(type(value), ()) if ranged else ():
            with pytest.raises(ValueError, match=f"{field.name} must be"):
                replace(config, **{field.name: outside})


@pytest.mark.parametrize(
    ("agent", "old"), [(a, old) for a, table in SETTINGS.items() for old in table]
)
def test_an_old_setting_is_refused_with_its_new_name(agent, old, tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(f"agent: {agent}\nenv: NRAMCopy\n{old}: 1\n")
    new = SETTINGS[agent][old]
    with pytest.raises(
        settings.ConfigError, match=rf"old.yaml: the setting {old} is now "
    ) as caught:
        settings.parse(agent, path)
    assert new in str(caught.value)
    path.write_text(f"agent: {agent}\nenv: NRAMCopy\n")
    with pytest.raises(settings.ConfigError, match=rf"the setting {old} is now "):
        settings.parse(agent, path, [f"--{old}=1"])
    names = {field.name for field in fields(registry.find(agent).Config)}
    assert old not in names
    assert new.startswith("gone") or new.partition(",")[0].partition(" ")[0] in {*names, "part"}


def test_an_old_config_is_refused_with_its_new_name(tmp_path):
    for old, new in CONFIGS.items():
        with pytest.raises(settings.ConfigError, match="it is now ") as caught:
            settings.read_agent(tmp_path / f"{old}.yaml")
        assert new in str(caught.value)


def test_an_old_card_is_refused_with_the_command_that_rewrites_it(tmp_path):
    card = pretrained()["search-copy"] / "card.json"
    (tmp_path / "card.json").write_text(card.read_text().replace("initial_temperature", "hot"))
    with pytest.raises(AgentError, match=r"hot is now initial_temperature \(python scripts/rename"):
        open_agent(str(tmp_path))


def test_files_hold_full_ids_and_short_ones_can_be_typed(tmp_path):
    path = tmp_path / "short.yaml"
    path.write_text("agent: npi\nenv: NPIAddition\nalso: [{env: NPIMax}]\n")
    config = settings.parse("npi", path)
    assert [task.env for task in config.tasks] == ["NPIAddition-v0", "NPIMax-v0"]
    assert settings.parse("npi", path, ["--env=double:Double"]).env == "double:Double-v0"
    assert "env: NPIAddition-v0" in settings.dump("npi", config)


def test_changed_settings_are_those_that_are_not_defaults():
    config = registry.find("search").Config("NRAMCopy-v0", length=(1, 3), seed=0)
    assert settings.changed_settings(config) == {"env": "NRAMCopy-v0", "length": [1, 3]}
    assert settings.changed_settings("a digest") == "a digest"


@dataclass(frozen=True)
class Texts:
    """Settings that are texts, with and without a rule."""

    ruled: Annotated[str, "any"] = ""
    plain: str = ""
    switch: bool = False


def test_a_text_is_taken_as_it_is_with_a_rule_or_without():
    found = {}
    for key in ("ruled", "plain", "switch"):
        settings._set_at(found, Texts, key, "on")
    assert found == {"ruled": "on", "plain": "on", "switch": True}
