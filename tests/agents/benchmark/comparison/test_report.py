"""The report: what it reads from records under a budget, and that it adds up rightly."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from neuralprog_agents.benchmark.comparison import main as comparison
from neuralprog_agents.benchmark.comparison import plots, tasks
from neuralprog_agents.benchmark.comparison.cells import Cell, configure
from neuralprog_agents.benchmark.comparison.entrants import (
    APPROACHES,
    ENTRANTS,
    Entrant,
    entrant,
)
from neuralprog_agents.benchmark.comparison.first_page import first_page, short_table
from neuralprog_agents.benchmark.comparison.log import Log
from neuralprog_agents.benchmark.comparison.plan import FACTORS, FULL, Plan, grown
from neuralprog_agents.benchmark.comparison.records import group
from neuralprog_agents.benchmark.comparison.report import report
from neuralprog_agents.benchmark.comparison.summary import (
    ComparisonSummary,
    EntrantSummary,
    Result,
)
from neuralprog_envs.registry import find

ROOT = Path(__file__).parents[4]
ENVS = ("NRAMCopy-v0", "NRAMSort-v0")
PLAN = Plan(("expert", "lstm", "ppo", "search"), ENVS, seeds=2, seconds=60.0, longer=600.0)
CURVE = ((1.0, 0.2), (10.0, 0.5), (60.0, 0.7), (600.0, 0.8))


def row(name, env, seed=0, curve=CURVE, budget=60.0, solved=None, length=None, **more):
    """A record as ``measure`` writes it; ``more`` goes over these values."""
    cell = configure(Cell(name, env, seed, length), 60.0)
    taken = {} if name == "expert" else {"samples": 100}
    points = [
        {"seconds": s, "success": y, **{k: int(v * s) for k, v in taken.items()}} for s, y in curve
    ]
    rates = {str(k): curve[-1][1] for k in tasks.MULTIPLES}
    return {
        "entrant": name, "env": env, "seed": seed, "length": length, "key": cell.key,
        "budget": budget, "supervision": cell.supervision, "machine": "M", "commit": "C",
        "restarts": seed + 1,
        "status": "measured", "curve": [p for p in points if p["seconds"] <= (solved or budget)],
        "solved": solved, "cpu_seconds": solved or budget, "parameters": 50,
        "success_rates": rates, "wider": 1.0, "judging": 1.0, **more,
    }  # fmt: skip


def of(records, name):
    summary = ComparisonSummary(PLAN, records)
    return next(each for each in summary.entrants if each.who.name == name)


def test_a_curve_is_read_under_each_budget():
    [copy, sort] = of([row("lstm", ENVS[0]), row("lstm", ENVS[0], 1, budget=10.0)], "lstm").results
    assert copy.at(9.0) == [0.2, 0.2]
    assert copy.at(10.0) == [0.5, 0.5]
    assert copy.at(60.0) == [0.7, 0.5]
    assert copy.at(0.5) == [0.0, 0.0]
    assert copy.reached(10.0)
    assert not copy.reached(60.0)
    assert not sort.reached(10.0)


def test_what_was_solved_before_has_reached_every_budget():
    each = of([row("lstm", env, solved=10.0) for env in ENVS], "lstm")
    assert each.reached(600.0)
    assert each.solved(9.0).value == 0.0
    assert each.solved(600.0).value == 1.0


def test_no_number_of_a_budget_that_a_task_has_not_reached():
    records = [row("lstm", ENVS[0]), row("lstm", ENVS[1], budget=10.0)]
    each = of(records, "lstm")
    assert each.success(60.0) is None
    assert each.success(10.0).value == 0.5
    assert ComparisonSummary(PLAN, records).reached == 10.0


def test_most_seeds_decide_whether_a_task_is_solved():
    one = [row("lstm", ENVS[0], solved=10.0), row("lstm", ENVS[0], 1)]
    assert of(one, "lstm").won(60.0) == []
    two = [*one, row("lstm", ENVS[0], 2, solved=60.0)]
    assert [each.env for each in of(two, "lstm").won(60.0)] == [ENVS[0]]
    assert of(two, "lstm").won(30.0) == []
    assert of(two, "lstm").samples(60.0) == 3500


def test_times_of_unsolved_runs_are_censored():
    records = [row("lstm", ENVS[0], solved=10.0), row("lstm", ENVS[1], budget=600.0)]
    each = of(records, "lstm")
    assert each.times(600.0) == ([10.0, 600.0], [True, False])
    assert each.times(60.0) == ([10.0, 60.0], [True, False])
    assert each.times(5.0) == ([5.0, 5.0], [False, False])


def test_no_time_is_read_beyond_that_of_all_unsolved_runs():
    """Else the one that went on, and was solved, would count as all that were still unsolved."""
    stopped, on = row("lstm", ENVS[0]), row("lstm", ENVS[1], solved=400.0, budget=600.0)
    each = of([stopped, on], "lstm")
    assert each.times(600.0) == ([60.0, 60.0], [False, False])


def test_what_cannot_be_read_counts_as_wrong_and_what_is_left_out_not_at_all():
    rates = {"1": 1.0, "2": 0.5, "5": "its tapes have 9 cells", "10": "too long to play: 50"}
    rates["100"] = "no such length: 500"
    each = of([row("lstm", ENVS[0], solved=10.0, success_rates=rates)], "lstm")
    assert [each.beyond(k, 60.0) for k in tasks.MULTIPLES] == [1.0, 0.5, 0.0, None, None]


def test_beyond_the_default_lengths_those_count_that_solved_their_task_in_time():
    rates = dict.fromkeys(map(str, tasks.MULTIPLES), 0.0)
    seeds = [row("lstm", ENVS[0], seed, solved=10.0) for seed in (0, 1)]
    for other in ({"solved": 400.0, "budget": 600.0}, {"budget": 60.0}):
        each = of(
            [*seeds, row("lstm", ENVS[0], 2, success_rates=rates, wider=0.0, **other)], "lstm"
        )
        assert (each.beyond(10, 60.0), each.wider(60.0)) == (0.8, 1.0)
    later = row("lstm", ENVS[0], 2, solved=400.0, budget=600.0, success_rates=rates, wider=0.0)
    assert of([*seeds, later], "lstm").beyond(10, 600.0) == pytest.approx(1.6 / 3)


def test_who_trains_at_greater_lengths_than_it_is_judged_at_is_told():
    plan = replace(PLAN, entrants=("search", "lstm"), envs=("NRAMMerge-v0",))
    text = report(ComparisonSummary(plan, []), "", ())
    assert "| `search` | 1 of 1 task | NRAMMerge | – | pairs | – | – |" in text
    assert "| `lstm` | 0 of 1 task | – | – | pairs | – | – |" in text


def test_what_is_observed_and_on_which_processors_is_told():
    envs = ("NRAMCopy-v0", "NPIBubbleSort-v0", "NPIHanoi-v0")
    plan = replace(PLAN, entrants=("ppo", "npi"), envs=envs)
    records = [row("npi", envs[1]), row("npi", envs[2], machine="N")]
    text = report(ComparisonSummary(plan, records), "", ())
    pointers = '"pointers" of which order, last_actions on NRAMCopy'
    items = '"order" of which view, program, arguments, last_actions on NPIBubbleSort'
    hanoi = "view, program, arguments, last_actions on NPIHanoi"
    assert f"| {pointers}; {items}; {hanoi} | steps | – |" in text
    assert '| "order" on NPIBubbleSort | drawn frames | M: 1, N: 1 |' in text


def test_a_probability_of_single_seeds_has_no_interval():
    one, two = [[0.5], [1.0]], [[0.5, 0.7], [1.0, 0.0]]
    assert probability(one, two).endswith(" % [?]")
    assert re.search(r"% \[\d+, \d+\]$", probability(two, two))


def probability(*sides):
    """What the report says of two agents with these scores, a list of seeds a task."""
    records = [
        row(name, env, seed, ((600.0, success),), 600.0)
        for name, side in zip(("lstm", "search"), sides, strict=True)
        for env, runs in zip(ENVS, side, strict=True)
        for seed, success in enumerate(runs)
    ]
    text = report(ComparisonSummary(PLAN, records), "", ())
    return re.search(r"\| than \|.*\n.*\n\| `\w+` \| 2 \| (.*) \|", text)[1]


def test_kinds_of_supervision_are_told_by_what_agents_say():
    assert group("rewards on input/output pairs") == "rewards"
    assert group("input/output pairs") == "pairs"
    assert group("a specification of every program") == "specifications"
    assert group("execution traces, no rewards") == "traces"
    assert group("demonstrations, from which a reward model is learned") == "demonstrations"
    assert group("Answers of users, not rewards") == "answers"
    assert group("unrewarded play") == group("something else") == "other"
    found = ComparisonSummary(PLAN, [row("ppo", ENVS[0]), row("search", ENVS[0])]).groups
    assert {k: [e.who.name for e in those] for k, those in found.items()} == {
        "rewards": ["ppo"], "pairs": ["lstm", "search"],
    }  # fmt: skip


def everything():
    """Records of a finished plan: search solves all in 1 s, and 8 times the memory."""
    records = [row("expert", env, 0, ((0.0, 1.0),), solved=0.0) for env in ENVS]
    for env in ENVS:
        for seed in (0, 1):
            records.append(row("search", env, seed, ((1.0, 1.0),), solved=1.0))
            records += [row(name, env, seed, budget=600.0) for name in ("lstm", "ppo")]
    for factor in FACTORS:
        lengths = grown(ENVS[0], factor)
        own = ((float(factor), 1.0),)
        records += [row("search", ENVS[0], s, own, 60.0, factor, lengths) for s in (0, 1)]
    return records


def test_the_report_has_it_all(tmp_path):
    summary = ComparisonSummary(PLAN, everything())
    names = plots.draw(summary, tmp_path)
    assert all((tmp_path / f"compare-{name}.png").stat().st_size for name in names)
    text = report(summary, "neuralprog benchmark compare", names)
    assert names == list(plots.CAPTIONS)
    assert "Unfinished" not in text
    assert "| `search` | 2 of 2; 100 % | 2 of 2; 100 % | 100 % " in text
    assert "| `ppo` | 0 of 2; 0 % | 0 of 2; 0 % | 80 % | 80 % | > 600 | – | – | 2 |" in text
    assert "\n- `ppo`: rewards: partial credit.\n" in text
    assert "## Learned from pairs\n\nGiven: inputs, each with its right output.\n" in text
    assert "| NRAMCopy | moves | 100 | 50 → 70 → 80 | 50 → 70 → 80 | 100 |" in text
    assert "| `lstm` | 2 | 100 % |" in text
    assert "| NRAMCopy | search | 1 s, 100 | 2 s, 200 | 4 s, 400 | 8 s, 800 |" in text
    assert "| `search` | pairs | NRAMCopy × 8 | 1 of 1 |" in text
    assert "| `search` | 2 of 2 tasks | – | – | pairs | M: 4 |" in text
    assert "Machines: M (20 cells)." in text


def test_a_few_agents_have_a_row_each():
    lines = short_table(ComparisonSummary(PLAN, everything())).splitlines()
    head = "| agent | learned from | tape | solved | median seconds | length × 10 |"
    assert lines[0] == head
    assert lines[2:5] == [
        "| `ppo` | rewards | 0 of 2 | 0 % | > 600 | 0 (2) |",
        "| `lstm` | pairs | 0 of 2 | 0 % | > 600 | 0 (2) |",
        "| `search` | pairs | 2 of 2 | 100 % | 1 | 100 (2) |",
    ]
    assert lines[6].startswith("Budget: 600 CPU-seconds of one thread a training; seeds: 2. Sett")
    assert lines[6].endswith(
        " Tasks that any agent solves, of those tried: 0 of 2 from rewards, 2 of 2 from pairs."
    )


COPY, COLUMN = "NRAMCopy-v0", "NPSingleColumn-v0"
EVERYONE = tuple(each.name for each in ENTRANTS)
MANY = Plan(EVERYONE, (COPY, COLUMN), seeds=1, seconds=60.0, longer=60.0)
ON_TAPES = (
    "search", "nram-gradient", "nram-hybrid", "policy-gradient", "policy-gradient-progress",
    "ntm-lstm", "ntm-mlp",
)  # fmt: skip
ON_TABLES = ("neural_programmer", "np-gradient", "np-rewards")
ON_BOTH = (
    "lstm", "lstm-attention", "transformer", "ppo", "maskableppo", "a2c", "recurrentppo", "dqn",
    "imitation",
)  # fmt: skip


def of_everyone(*winners):
    """Records of all agents, of which these have solved their tasks."""
    cells = [(name, COPY) for name in (*ON_TAPES, *ON_BOTH)]
    cells += [(name, COLUMN) for name in (*ON_TABLES, *ON_BOTH)]
    solved = {"curve": ((1.0, 1.0),), "solved": 1.0}
    return [row(*cell, **(solved if cell in winners else {})) for cell in cells]


def test_of_everyone_each_approach_has_a_row_with_its_best_in_each_family():
    winners = [("search", COPY), ("a2c", COPY), ("dqn", COLUMN), ("np-rewards", COLUMN)]
    lines = short_table(ComparisonSummary(MANY, of_everyone(*winners))).splitlines()
    columns = "tape | table | solved | median seconds | length × 10"
    assert lines[0] == f"| approach | learned from | {columns} |"
    assert [line.split(" | ")[:5] for line in lines[2:8]] == [
        ["| RL and annealing of programs", "rewards",
         "0 of 1", "1 of 1<br>`np-rewards`", "50 % [?]<br>of 2 tasks"],
        ["| RL step by step", "rewards", "1 of 1<br>`a2c`", "1 of 1<br>`dqn`",
         "100 % [?]<br>of 2 tasks"],
        ["| differentiable machine", "pairs, answers", "0 of 1", "0 of 1", "0 % [?]<br>of 2 tasks"],
        ["| program search", "pairs, answers", "1 of 1<br>`search`", "0 of 1",
         "50 % [?]<br>of 2 tasks"],
        ["| sequence network", "pairs", "0 of 1", "0 of 1", "0 % [?]<br>of 2 tasks"],
        ["| imitation", "demonstrations", "0 of 1", "0 of 1", "0 % [?]<br>of 2 tasks"],
    ]  # fmt: skip
    assert " 2 of 2 by RL step by step (2 by one training), 0 of 2 by differentiable" in lines[9]
    page = first_page(ComparisonSummary(MANY, of_everyone(*winners)))
    assert "\n- **approach**: RL and annealing of programs: whole programs are run" in page


def test_an_agent_that_is_called_as_its_approach_is_not_one_where_agents_are_compared():
    plan = replace(PLAN, entrants=("imitation", "search"))
    text = first_page(ComparisonSummary(plan, [row("imitation", ENVS[0], solved=1.0)]))
    assert "| `imitation` | demonstrations | " in text
    assert "**approach**" not in text


def test_one_s_own_agent_has_a_row_beside_the_approaches():
    summary = ComparisonSummary(MANY, of_everyone())
    mine = Entrant("mine", agent="mine")
    summary.entrants.append(EntrantSummary(mine, {"rewards": [COPY]}, [Result(COPY, ())]))
    assert "| `mine` | rewards | ? | – | ? | ? | ? |" in short_table(summary)


def test_the_best_of_a_family_is_who_solves_most_and_not_who_faces_least():
    full = replace(PLAN, entrants=EVERYONE, envs=(COPY, "NRAMReversedAddition-v0"), seeds=1)
    solved = {"curve": ((1.0, 1.0),), "solved": 1.0}
    half = {"curve": ((1.0, 0.6),)}
    records = [
        row("nram-hybrid", COPY, **solved), row("nram-hybrid", full.envs[1], **half),
        row("library-learning", full.envs[1], **solved),
    ]  # fmt: skip
    assert "| program search | pairs | 1 of 2<br>`nram-hybrid` |" in short_table(
        ComparisonSummary(full, records)
    )


def test_who_is_still_being_measured_waits_for_its_place():
    records = [row("ppo", COPY), row("a2c", COPY, budget=10.0, curve=((1.0, 0.9),))]
    text = short_table(ComparisonSummary(MANY, records))
    assert "| RL step by step | rewards | 0 of 1 | ? | ? | ? | ? |" in text


def test_every_agent_has_an_approach_and_every_approach_an_agent():
    assert {each.approach for each in ENTRANTS if each.agent} == set(APPROACHES)
    assert {each.approach for each in ENTRANTS if not each.agent} == {""}


def test_notes_that_are_the_same_stand_once():
    text = first_page(ComparisonSummary(PLAN, everything()))
    assert text.count(entrant("ppo").note) == 1
    both = replace(PLAN, entrants=("ppo", "maskableppo"))
    text = first_page(ComparisonSummary(both, [row("ppo", ENVS[0])]))
    assert f"- `ppo`, `maskableppo`: {entrant('ppo').note}.\n" in f"{text}\n"
    assert text.count(entrant("ppo").note) == 1


def test_of_what_is_measured_in_part_only_that_counts():
    text = short_table(ComparisonSummary(PLAN, [row("lstm", ENVS[0], solved=1.0)]))
    assert "| `lstm` | pairs | 1 of 1 measured | ? | ? | ? |" in text


def test_tasks_count_alike_while_some_have_more_seeds_than_others():
    solved = {"curve": ((1.0, 1.0),), "solved": 1.0}
    records = [row("search", ENVS[0], seed, **solved) for seed in (0, 1)]
    summary = ComparisonSummary(PLAN, [*records, row("search", ENVS[1], budget=600.0)])
    assert "| `search` | pairs | 1 of 2 | 50 % [?] |" in short_table(summary)
    assert "Unfinished: 3 of 12 trainings are measured." in short_table(summary)
    assert "Not counted yet: 1 of these, as their agent lacks tasks of their seed." in short_table(
        summary
    )


def test_a_task_without_settings_counts_as_one_of_its_family():
    plan = replace(PLAN, entrants=("alphanpi",), envs=("NPIBubbleSort-v0", "NPIAddition-v0"))
    solved = [row("alphanpi", plan.envs[0], seed, ((1.0, 1.0),), solved=1.0) for seed in (0, 1)]
    summary = ComparisonSummary(plan, solved)
    assert "| `alphanpi` | specifications | 1 of 2 | 100 % of 1 task |" in short_table(summary)
    text = report(summary, "", ())
    assert "| `alphanpi` | 1 of 2; 100 % of 1 task |" in text
    assert "| `alphanpi` | specifications | – | 1 of 2 |" in text


def test_what_is_not_measured_is_not_called_unsolved():
    text = short_table(ComparisonSummary(PLAN, everything()[:2]))
    assert "| `ppo` | rewards | ? | ? | ? | ? |" in text
    assert "Unfinished: 0 of 12 trainings are measured." in text


def test_what_rewards_have_not_solved_stands_with_every_try():
    def unsolved(*records):
        text = report(ComparisonSummary(PLAN, records), "command", ())
        rows = text.partition("## What rewards have not solved")[2].partition("## ")[0].split("\n")
        return [line for line in rows if line.startswith("| NRAM")]

    sort = row("ppo", ENVS[1], solved=10.0)
    tries = [row("ppo", ENVS[0], seed, budget=budget) for seed, budget in ((0, 600.0), (1, 90.0))]
    assert unsolved(*tries[::-1], sort) == ["| NRAMCopy | ppo | 600, 90 | 1, 2 | 80, 70 | 10, 0 |"]
    assert unsolved(sort, row("search", ENVS[0])) == []  # it is not measured
    fell = row("ppo", ENVS[0], curve=((1.0, 0.005), (60.0, 0.001)))
    assert unsolved(fell, sort) == ["| NRAMCopy | ppo | 60 | 1 | 0 | 0 |"]


def test_a_task_where_no_reward_learner_acts_is_told_and_a_plan_without_them_says_nothing():
    both = replace(PLAN, entrants=("ppo", "search"), envs=("NPICanonicalize-v0", ENVS[0]))
    text = report(ComparisonSummary(both, []), "", ())
    assert "| NPICanonicalize | none acts there | – | – | – | – |" in text
    assert "| NRAMCopy | " not in text.partition("## What rewards")[2].partition("\n## ")[0]
    without = replace(both, entrants=("search",))
    assert "## What rewards have not solved" not in report(ComparisonSummary(without, []), "", ())


def test_memory_grows_over_the_seeds_that_every_size_has():
    cells = [(None, 0, 1.0), (None, 1, 3.0), (grown(ENVS[0], 2), 0, 5.0)]
    records = [
        row("search", ENVS[0], seed, ((t, 1.0),), solved=t, length=length)
        for length, seed, t in cells
    ]
    summary = ComparisonSummary(PLAN, records)
    [search] = [each for each in summary.entrants if each.who.name == "search"]
    sizes = summary.grown(search, ENVS[0])
    assert {factor: result.time(60.0) for factor, result in sizes.items()} == {1: 1.0, 2: 5.0}


def test_each_kind_says_how_many_of_its_tasks_any_agent_solves():
    records = [row("search", ENVS[0], solved=10.0), row("lstm", ENVS[1], budget=600.0)]
    text = short_table(ComparisonSummary(PLAN, [*records, row("ppo", ENVS[0], solved=100.0)]))
    assert "of those tried: 0 of 1 from rewards (1 with up to 600 s), 1 of 2 from pairs" in text


def test_who_had_more_time_than_all_is_told():
    records = [row(name, env) for name in ("search", "lstm", "ppo") for env in ENVS]
    more = [row("ppo", ENVS[0], 1, budget=600.0), row("lstm", ENVS[1], 1, budget=600.0)]
    text = report(ComparisonSummary(PLAN, [*records, *more]), "", ())
    assert " More than 60 had, in all: 1 from rewards and 1 from pairs, most on tasks" in text
    assert "Not tried for longer" not in text
    assert "More than" not in report(ComparisonSummary(PLAN, records), "", ())
    text = report(ComparisonSummary(PLAN, [*records, more[0]]), "", ())
    assert " Not tried for longer are the tasks that are left unsolved from pairs (2)." in text


def test_what_one_training_alone_solves_is_told():
    solved = {"curve": ((1.0, 1.0),), "solved": 1.0}
    alone = [row("search", env, **solved) for env in ENVS]
    assert "2 of 2 from pairs (2 by one training)." in short_table(ComparisonSummary(PLAN, alone))
    both = [*alone, *(row("lstm", ENVS[0], seed, **solved) for seed in (0, 1))]
    assert "2 of 2 from pairs (1 by one training)." in short_table(ComparisonSummary(PLAN, both))


def test_at_ten_times_the_length_what_is_not_solved_in_time_counts_as_nothing():
    half = dict.fromkeys(map(str, tasks.MULTIPLES), 0.5)
    late = row("search", ENVS[1], solved=400.0, budget=600.0, success_rates=half)
    records = [row("search", ENVS[0], solved=10.0, success_rates=half), late]
    each = of(records, "search")
    assert each.kept(10, 60.0) == 0.25
    assert each.kept(10, 600.0) == 0.5
    assert each.beyond(10, 60.0) == 0.5
    unplayed = {**half, "10": "too long to play: 50"}
    each = of([records[0], {**late, "success_rates": unplayed}], "search")
    assert each.kept(10, 60.0) == 0.5
    assert of(records[:1], "search").kept(10, 60.0) is None  # of all its tasks


def test_the_first_memory_that_is_not_mastered_is_told_and_what_never_began():
    sizes = [(None, 1.0), (grown(ENVS[0], 2), None)]
    grown_rows = [
        row("search", ENVS[0], 0, ((1.0, 0.0),), solved=solved, length=length)
        for length, solved in sizes
    ]
    text = report(ComparisonSummary(PLAN, grown_rows), "", ())
    assert "| `search` | pairs | NRAMCopy not at × 2 |" in text
    assert "| NRAMCopy | search | 1 s, 100 | 0 % | – | – |" in text
    grown_rows[1]["curve"][0]["samples"] = 0
    text = report(ComparisonSummary(PLAN, grown_rows), "", ())
    assert "| 0 %, before its first sample |" in text


def test_a_task_whose_expert_takes_a_long_way_round_says_nothing_of_long_programs():
    plan = replace(PLAN, entrants=("synthesis",), envs=("NPIMax-v0", "NPIAddition-v0"))
    solved = [row("synthesis", env, 0, ((1.0, 1.0),), solved=1.0) for env in plan.envs]
    [each] = ComparisonSummary(plan, solved).entrants
    assert tasks.program_length("NPIMax-v0") is None
    assert each.longest(60.0) == tasks.program_length("NPIAddition-v0")


def test_kinds_of_supervision_are_compared_within_the_same_time():
    records = [row(name, env) for name in ("search", "lstm") for env in ENVS]
    records += [row("ppo", env, solved=100.0, budget=600.0) for env in ENVS]
    summary = ComparisonSummary(PLAN, records)
    assert plots.solved_shares(summary, "rewards") == dict.fromkeys(ENVS, 0.0)


def test_a_terminal_is_told_who_stands_for_an_approach(tmp_path, capsys):
    log = Log(tmp_path / "compare.jsonl")
    for record in of_everyone(("search", COPY), ("a2c", COPY), ("dqn", COLUMN)):
        log.add(record)
    comparison.main(report=True, output=tmp_path, agents=EVERYONE, envs=MANY.envs, seeds=1)
    lines = capsys.readouterr().out.splitlines()
    assert "RL step by step: tape a2c, table dqn" in [line.strip() for line in lines]
    assert all(len(line) <= 80 for line in lines)
    assert "program search: tape search" in [line.strip() for line in lines]
    assert not any("<br>" in line for line in lines)


def test_a_report_needs_the_log_alone(tmp_path, monkeypatch):
    log = Log(tmp_path / "compare.jsonl")
    for record in everything():
        log.add(record)
    monkeypatch.setattr(comparison, "measured", None)
    comparison.main(report=True, output=tmp_path, agents=PLAN.entrants, envs=ENVS, seeds=2)
    assert "| `search` | pairs |" in (tmp_path / "compare.md").read_text()


def test_the_first_screen_shows_the_table_of_record():
    _, _, rest = (ROOT / "README.md").read_text(encoding="utf-8").partition("<!-- compare -->\n")
    shown, end, _ = rest.partition("\n\n</details>\n<!-- /compare -->")
    table, fold, notes = shown.partition("\n\n<details>\n<summary>")
    whole = (ROOT / "results" / "compare.md").read_text(encoding="utf-8")
    assert end
    assert fold
    assert table in whole
    assert notes.partition("</summary>\n")[2] in whole


def test_the_record_has_a_success_at_every_length_that_can_be_asked_and_at_no_other():
    for record in Log(ROOT / comparison.OF_RECORD / comparison.LOG).records.values():
        first = record["length"][1] if record["length"] else tasks.longest(record["env"])
        for each in evaluations(record["env"], first) if record["status"] == "measured" else ():
            rate, answers = record["success_rates"][str(each.multiple)], reads(record["entrant"])
            left_out = isinstance(rate, str) and rate.startswith(tasks.LEFT_OUT)
            assert left_out == bool(each.left_out(answers))


def reads(name):
    """Whether an entrant answers, and does not act."""
    return entrant(name).agent in ("seq2seq", "ntm")


evaluations = cache(tasks.evaluations)


def test_gradient_descent_has_settings_of_its_own_for_all_but_the_tasks_that_its_note_counts():
    stems = [entrant("nram-gradient").file(env).stem for env in FULL.envs if env.startswith("NRAM")]
    others = sum(not stem.endswith("-gradient") for stem in stems)
    assert entrant("nram-gradient").note.startswith(f"on {others} tasks it has the settings of")


@pytest.mark.parametrize(
    ("names", "family", "own"),
    [
        (("search", "policy-gradient", "nram-hybrid"), "tape", 18),
        (("policy-search",), "program", 6),
        (("npi",), "program", 7),
        (("ppo", "imitation"), "tape", 0),
        (("lstm",), "tape", 2),  # "a few"
        (("ppo",), "program", 3),
        (("imitation",), "program", 0),
    ],
)
def test_the_first_page_tells_rightly_who_has_settings_for_each_task(names, family, own):
    envs = [env for env in FULL.envs if find(env).family == family]
    for name in names:
        cells = [configure(Cell(name, env, 0, None), 60.0) for env in envs]
        files = [entrant(name).file(cell.cell.env).stem for cell in cells if not cell.refused]
        assert sum(not stem.startswith(family) for stem in files) == own, (name, files)


def test_the_gradient_of_the_neural_programmer_solves_what_its_note_says():
    records = Log(ROOT / comparison.OF_RECORD / comparison.LOG).records.values()
    own = [each for each in records if each["entrant"] == "np-gradient"]
    longer = {each["env"]: each["solved"] for each in own if each["budget"] > 60.0}
    assert set(longer) == {"NPTableQA-v0", "NPTableQASynonyms-v0", "NPTextMatch-v0"}
    assert all(60.0 < seconds <= 600.0 for seconds in longer.values())


def test_the_record_keeps_its_budgets():
    """To 2 % or half a second, as the page says."""
    records = Log(ROOT / comparison.OF_RECORD / comparison.LOG).records.values()
    trained = [each for each in records if each["status"] == "measured" and "restarts" in each]
    assert len(trained) > 500
    for record in trained:
        budget = record["budget"]
        assert record["cpu_seconds"] <= max(1.02 * budget, budget + 0.5)
        for point in record["curve"]:
            assert point["reached"] <= point["seconds"] <= budget
        times = [point["seconds"] for point in record["curve"]]
        assert times == sorted(set(times))


def test_the_record_has_todays_settings_and_the_first_page_is_made_from_it():
    log = Log(ROOT / comparison.OF_RECORD / comparison.LOG)
    cells = FULL.cells(log)
    of = {cell.key: cell for cell in cells}
    assert set(log.records) <= set(of)
    told = {key: record["supervision"] for key, record in log.records.items()}
    assert told == {key: of[key].supervision for key in log.records}
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert first_page(ComparisonSummary(FULL, log.of(cells))) in page
