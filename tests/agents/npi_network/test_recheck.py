"""The checker of certificates: it decides as the network does, and finds what does not stand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuralprog_agents.agents.npi import data, train
from neuralprog_agents.agents.npi.card import Card
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.cli import main
from neuralprog_agents.evaluation.agents import open_agent, pretrained, weights_of
from neuralprog_agents.npi_network import proof, recheck
from neuralprog_agents.npi_network.frames import take
from neuralprog_agents.training.schema import structured

CONFIG = Config(env="NPIAddition", length=(1, 3), traces=8, layers=2, hidden=16, state=16)


@pytest.mark.parametrize("layers", [1, 2])
def test_it_counts_the_errors_that_the_network_itself_finds(layers):
    config = replace(CONFIG, layers=layers)
    frames = data.draw_frames(config, 0)
    for key in range(3):
        model = train.initial(train.sizes_of(config), key)
        some = take(frames, np.arange(key, len(frames.program), 7))
        half = np.arange(len(some.program)) % 2 == 0
        some.target[half] = _decided(model, some)[half]
        failing = proof.failing(model, some)
        wrong = recheck.count_wrong(train.weights(model), model.sizes, some, slice(None))
        assert not failing[half].any()
        assert wrong == failing.sum() > 0


def _decided(model, frames):
    from neuralprog_agents.npi_network.model import decide

    return decide(proof.forward(model, frames)).numpy() * frames.mask[..., None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("proof") / "certificate.json"
    assert main(["prove", "--agent", "npi-hanoi", "--certificate", str(path)]) == 0
    return path


def run_recheck(path, agent="npi-hanoi"):
    return main(["recheck", "--agent", agent, "--certificate", str(path)])


def test_a_certificate_stands(certificate, capsys):
    (record,) = json.loads(certificate.read_text())
    assert record["holds"]
    assert record["cases"] == 9
    assert run_recheck(certificate) == 0
    assert capsys.readouterr().out == "npi-hanoi, verification set, 9 cases: stands\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"env": "NPIMax-v0"}, "it is about NPIMax-v0"),
        ({"weights_sha256": "0" * 64}, "it is about other weights"),
        ({"failing": 1, "holds": False}, "it claims nothing"),
        ({"holds": False}, "it claims nothing"),
        ({"failing": 1}, "it claims nothing"),
        ({"cases": 0}, "it claims nothing"),
        ({"cases": 8}, "about another set of 8 cases"),
        ({"details": {"set_sha256": "0" * 64}}, "about another set of 9 cases"),
    ],
)
def test_what_a_certificate_must_say(certificate, tmp_path, capsys, change, message):
    (record,) = json.loads(certificate.read_text())
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps([{**record, **change}]))
    assert run_recheck(forged) == 1
    assert message in capsys.readouterr().out


@pytest.mark.parametrize("change", [{"covers": "right on everything"}, {"method": "induction"}])
@pytest.mark.parametrize("agent", ["npi-hanoi", "synthesis-hanoi-npi", "search-duplicatedinput"])
def test_a_certificate_claims_nothing_that_is_not_shown(agent, change, tmp_path, capsys):
    records = json.loads((pretrained()[agent] / "certificate.json").read_text())
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps([{**record, **change} for record in records]))
    assert run_recheck(forged, agent) == 1
    faults = [
        line.partition("does NOT stand: ")[2] for line in capsys.readouterr().out.splitlines()
    ]
    assert len(faults) == len(records)
    assert all(word in fault for fault in faults for word in ("claim", *change.values()))


def test_weights_that_fail_are_found(certificate):
    (record,) = json.loads(certificate.read_text())
    agent = open_agent("npi-hanoi")
    weights = weights_of(agent)
    weights["end.bias"] = weights["end.bias"] + 100
    with pytest.raises(ValueError, match="9 of 9 cases fail"):
        recheck.check_certificate(weights, structured(Card, agent.card["model"]), record)


def test_what_is_no_certificate_is_refused(capsys):
    assert run_recheck(Path(__file__).parents[3] / "pyproject.toml") == 2
    assert "pyproject.toml" in capsys.readouterr().err
