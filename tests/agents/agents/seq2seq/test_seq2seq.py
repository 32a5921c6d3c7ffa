"""Networks over symbols: what they read and say, that they learn, and that they resume exactly."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from neuralprog_agents.agents.seq2seq import agent, learner, model
from neuralprog_agents.agents.seq2seq.card import Form
from neuralprog_agents.agents.seq2seq.config import Config
from neuralprog_agents.agents.seq2seq.symbols import BEGIN, END, PAD, decoded, encoded, stacked
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.sequences import texts
from neuralprog_agents.training.loop import LeaveError, restart
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.registry import make_task
from neuralprog_envs.table.text import question_and_table

printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


@given(st.lists(printable, min_size=1, max_size=5))
def test_symbols_are_the_text(words):
    symbols = encoded(words)
    assert decoded(symbols) == words
    assert ((symbols == END).sum(dim=1) == 1).all()


def test_other_characters_have_one_symbol():
    assert decoded(encoded(["é1"])) == ["?1"]


def test_channels_lie_side_by_side():
    symbols = stacked([[[1, 2], [3, 0]], [[7], [8]]])
    assert symbols.shape == (2, 3, 2)
    assert decoded(symbols[..., 0]) == ["12", "7"]
    assert decoded(symbols[..., 1]) == ["30", "8"]
    assert (symbols[1, 2] == PAD).all()


@pytest.mark.parametrize(
    ("env", "values", "text"),
    [
        ("NRAMCopy", [3, 1, 2], "4 3 1 2"),
        ("NPIAddition", "96 125", "7 10 0 | 6 3 2"),
        ("NPIBubbleSort", "3 0 2 0", "3 0 2 0"),
    ],
)
def test_what_is_read(env, values, text):
    task = make_task(env, length=5)
    assert texts.input_texts(task, task.pose_input(values)) == [text]


def test_a_table_is_read_with_its_question():
    task = make_task("NPSingleColumn", length=3)
    instance = task.sample(*_draws(3))
    (text,) = texts.input_texts(task, instance)
    question, table = question_and_table(task.vocabulary, instance)
    assert text.startswith(f"{question} # {table.names[0]} : ")
    assert text.count(" , ") == 2


def _draws(length):
    from neuralprog_envs.core.draws import Draws, as_words

    return Draws(as_words([5])), np.array([length], dtype=np.int32)


@pytest.mark.parametrize("env", ["NRAMCopy", "NPIQuickSort", "NPSingleColumn"])
def test_an_answer_is_read_back_as_it_was_written(env):
    task = make_task(env, length=4)
    answer = {"NRAMCopy": [3, 0, 12], "NPIQuickSort": ["1 2 3"]}.get(env, ["4.5", "-3"])
    assert texts.parse_answer(task, texts.answer_text(task, answer)) == answer


def test_a_tape_s_answer_that_is_no_number_is_none():
    assert texts.parse_answer(make_task("NRAMCopy"), "3  x") == []


KINDS = [("lstm", 1), ("lstm-attention", 1), ("lstm-attention", 2), ("transformer", 1)]


@pytest.fixture(params=KINDS, ids=str)
def network(request):
    kind, channels = request.param
    torch.manual_seed(0)
    made = model.build(kind, 32, 1, channels=channels, aligned=False)
    made.channels = channels
    return made.double().eval()


def _source(network, words):
    symbols = encoded(words)
    return symbols if network.channels == 1 else torch.stack([symbols, symbols], dim=2)


def test_saying_one_by_one_agrees_with_all_at_once(network):
    with torch.inference_mode():
        memory = network.read(_source(network, ["3 1 2", "12"]))
        said = network.decode(memory, 6)
        begun = torch.cat([torch.full((2, 1), BEGIN), said[:, :-1]], dim=1)
        again = network.logits(memory, begun).argmax(dim=2)
    assert (again == said).all()


def test_the_encoder_is_torchs():
    """Which takes another way outside training, and another again where nothing is padded."""
    torch.manual_seed(0)
    made = model.build("transformer", 32, 2, channels=1, aligned=False).double().eval()
    source = encoded(["3 1 2", "12"])
    with torch.inference_mode():
        ours, padding = made.read(source)
        vectors = made.reads(source) + made._positions(source.shape[1])
        theirs = made.encoder(vectors, src_key_padding_mask=padding)
    torch.testing.assert_close(ours[~padding], theirs[~padding], rtol=1e-9, atol=1e-9)


def test_reading_in_segments_is_reading_packed():
    torch.manual_seed(0)
    made = model.build("lstm", 32, 2, channels=1, aligned=False).double()
    source = encoded(["3 1 2", "12", "7 8 9 10 11", "4 5"])
    source = nn.functional.pad(source, (0, 3))
    vectors, lengths = made.reads(source), model.lengths_of(source)
    packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
    theirs, state = made.encoder(packed)
    theirs, _ = pad_packed_sequence(theirs, batch_first=True, total_length=source.shape[1])
    ours, _, own = made.read(source)
    torch.testing.assert_close((ours, *own), (theirs, *state), rtol=1e-9, atol=1e-9)
    parameters = list(made.encoder.parameters())
    gradients = [torch.autograd.grad(part.square().sum(), parameters) for part in (ours, theirs)]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-9)


def test_padding_changes_nothing(network):
    with torch.inference_mode():
        said = encoded(["4"])
        alone = network.logits(network.read(_source(network, ["12"])), said)
        beside = network.logits(
            network.read(_source(network, ["12", "1 2 3 4 5"])), said.expand(2, -1)
        )
    torch.testing.assert_close(alone[0], beside[0], rtol=1e-9, atol=1e-9)


def test_the_networks_are_of_about_the_same_size():
    sizes = [
        sum(p.numel() for p in model.build(kind, 128, 1, channels=1, aligned=False).parameters())
        for kind in ("lstm", "lstm-attention", "transformer")
    ]
    assert max(sizes) < 1.35 * min(sizes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"env": "NPICanonicalize"}, "reads texts, and NPICanonicalize has pictures"),
        ({"env": "NPWikiTableQuestions"}, "has real tables"),
        ({"format": "stacked"}, "is for NPIAddition, not for NRAMCopy"),
        ({"length": (0, 3)}, "two ascending numbers"),
        ({"pairs": 100}, "0 or a multiple of batch"),
        ({"model": "transformer", "format": "aligned", "env": "NPIAddition"}, "must be lstm"),
    ],
)
def test_what_it_cannot_learn_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        agent.check(Config(**{"env": "NRAMCopy", **change}))


SMALL = Config(env="NRAMCopy", length=(1, 3), hidden=64, validation_pairs=60)


def test_it_looks_at_the_clock_while_it_writes_the_answers_that_are_judged():
    def pulses(interval):
        calls = []
        config = replace(SMALL, validation_interval=interval)
        agent.learner(config, 0).advance(lambda: calls.append(interval))
        return len(calls)

    assert pulses(2) > 1
    assert pulses(1) - pulses(2) > SMALL.length[1]  # a symbol at a time


@pytest.mark.parametrize("kind", ["lstm-attention", "transformer"])
def test_a_step_that_is_left_anywhere_is_taken_again_with_the_same_bits(kind):
    config = replace(SMALL, model=kind, validation_interval=2)
    whole, left = (agent.learner(config, 0) for _ in range(2))
    forward, calls = [], []
    for part in whole.model.modules():
        part.register_forward_hook(lambda *_: forward.append(len(calls)))
    whole.advance(lambda: calls.append(1))
    assert len(calls) > forward[-1] + 10  # looks in the backward pass
    assert forward[-1] > len(forward) + 10  # and more in the forward pass than one for each part

    for moment in (1, forward[-1] // 2, forward[-1], forward[-1] + 2, len(calls)):
        rest = iter(range(moment - 1, -1, -1))

        def pulse(rest=rest):
            if next(rest) == 0:
                raise LeaveError

        with pytest.raises(LeaveError):
            left.advance(pulse)
        assert left.progress.step == 0
    left.advance(lambda: None)
    tensors, progress = left.state()
    expected, told = whole.state()
    assert progress == told
    assert all(np.array_equal(tensors[name], expected[name]) for name in expected)


def test_texts_that_are_attended_to_in_parts_give_the_same_bits(monkeypatch):
    config = replace(SMALL, model="transformer")
    whole, parted = (agent.learner(config, 0) for _ in range(2))
    whole.advance(lambda: None)
    calls, attention = [], torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(model, "_PAIRS", 1)  # one text at a time
    monkeypatch.setattr(
        torch.nn.functional,
        "scaled_dot_product_attention",
        lambda *a, **more: (calls.append(len(a[0])), attention(*a, **more))[1],
    )
    parted.advance(lambda: None)
    assert calls.count(1) >= config.batch
    tensors, expected = parted.state()[0], whole.state()[0]
    assert all(np.array_equal(tensors[name], expected[name]) for name in expected)


@pytest.mark.learning
@pytest.mark.parametrize(
    "config",
    [
        replace(SMALL, model="lstm-attention"),
        replace(SMALL, model="transformer", hidden=128, learning_rate=2e-3),
        Config(
            env="NPIAddition", model="lstm", format="aligned", length=(1, 3), validation_pairs=60
        ),
    ],
    ids=lambda config: f"{config.env}-{config.model}",
)
def test_it_learns_from_pairs(config, tmp_path):
    outcome = restart(agent, replace(config, budget=1500), 0, tmp_path)
    assert outcome.success
    assert outcome.metrics["samples"] == outcome.metrics["step"] * config.batch
    assert outcome.metrics["parameters"] == sum(t.size for t in outcome.tensors.values())
    policy = policy_of("seq2seq", outcome.tensors, outcome.card)
    (score,) = evaluate(policy, f"{config.env}-v0", [3], 60, split="all")
    assert score.success_rate > 0.9


@pytest.mark.parametrize("kind", ["lstm", "lstm-attention", "transformer"])
def test_turns_change_no_answer(kind, monkeypatch):
    torch.manual_seed(0)
    made = learner.Seq2Seq(Form(kind, "text", 32, 1))
    made.model.eval()
    task = make_task("NRAMCopy", length=4)
    instances = pairs(task, 7, length=4)
    with torch.inference_mode():
        whole = made.answer(task, instances)
        monkeypatch.setattr(learner, "_SYMBOLS", 1)
        assert made.answer(task, instances) == whole


def test_few_pairs_are_seen_again_and_again(tmp_path):
    outcome = restart(agent, replace(SMALL, pairs=64, budget=5, validation_interval=5), 0, tmp_path)
    assert outcome.metrics["samples"] == 64


def test_weights_of_other_sizes_are_refused(tmp_path):
    outcome = restart(agent, replace(SMALL, budget=1, validation_interval=1), 0, tmp_path)
    form = {**outcome.card["form"], "hidden": 32}
    with pytest.raises(ValueError, match="do not fit the network"):
        policy_of("seq2seq", outcome.tensors, {**outcome.card, "form": form})


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_any_tape_can_be_read(values):
    task = make_task("NRAMAccess", length=8, memory_size=10**6 + 1)
    text = texts.answer_text(task, values)
    assert texts.parse_answer(task, text) == values
    assert decoded(encoded([text])) == [text]
