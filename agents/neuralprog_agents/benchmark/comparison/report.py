"""The report in Markdown: kinds of supervision, the four questions, then every task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from neuralprog_agents.benchmark.comparison import statistics, tasks
from neuralprog_agents.benchmark.comparison.cells import Cell, configure
from neuralprog_agents.benchmark.comparison.plan import FACTORS, GROWING
from neuralprog_agents.benchmark.comparison.plots import CAPTIONS
from neuralprog_agents.benchmark.comparison.records import (
    FAILED,
    GROUPS,
    MEASURED,
    REFUSED,
    success_at,
    went_beyond,
)
from neuralprog_agents.benchmark.comparison.statistics import Estimate
from neuralprog_agents.benchmark.comparison.summary import (
    ComparisonSummary,
    EntrantSummary,
    Result,
)
from neuralprog_envs.registry import find

NOTHING, UNKNOWN = "–", "?"
_SHORT = 8
"""Rows of the short table, at least."""


def report(summary: ComparisonSummary, command: str, plots: Sequence[str]) -> str:
    """Return the whole report.

    Args:
        summary: What to report.
        command: Which made it.
        plots: The names of the plots that lie beside it; see ``plots.draw``.
    """
    return "\n".join(_parts(summary, command, plots)) + "\n"


def _parts(s: ComparisonSummary, command: str, plots: Sequence[str]) -> Iterator[str]:
    yield f"# Comparison\n\nWritten by `{command}`. {_where(s)}\n"
    yield short(s)
    yield _RULES.format(budgets=_times(s.budgets), longer=_longer(s), reached=s.reached)
    for name, members in s.groups.items():
        yield f"\n## Learned from {name}\n"
        yield f"{_given(name)}\n"
        yield _group_table(s, members)
        yield f"\n{_supervisions(members)}"
        yield from _improvement(s, members)
    yield "\n## The four questions\n"
    yield _QUESTIONS.format(seconds=s.reached)
    yield _questions(s)
    for name in plots:
        title = CAPTIONS[name].partition(". ")[0]
        yield f"\n![{title}](compare-{name}.png)\n\n{CAPTIONS[name]}"
    yield f"\n## Every task\n\n{_SUCCESS.format(budgets=_times(s.budgets))}"
    for family in s.families:
        yield f"\n### {family}\n\n{_matrix(s, family)}"
    if unsolved := _unsolved_rows(s):
        table = _table(_UNSOLVED_HEAD, unsolved)
        yield f"\n## What rewards have not solved\n\n{_UNSOLVED}\n\n{table}"
    beyond = _BEYOND.format(longest=s.budgets[-1])
    yield f"\n## Beyond the default lengths\n\n{beyond}\n\n{_length_table(s)}"
    if memory := _memory_rows(s):
        yield f"\n## More memory\n\n{_MEMORY}\n\n{_table(_MEMORY_HEAD, memory)}"
    yield f"\n## Settings\n\n{_SETTINGS}\n\n{_settings(s)}"
    yield f"\n## Not applicable, and failed\n\n{_reasons(s)}"


_RULES = """
**Budget.** Every agent trains on one thread. Processor time is charged, of threads and child
processes too; loading and compiling code, judging and scoring are not. A training is judged on
validation instances of the task's longest default length, early and often. The weights that did
best there so far are scored on test instances: that is its learning curve. A score under a budget
is the last point of the curve within it. Budgets here: {budgets} CPU-seconds.{longer}

**Settings** were found by hand, on these tasks and on some of these seeds, and some kinds of agents
had more of that than others: see [Settings](#settings) for how many tasks have a file of their own,
and for what an agent observes.

**Restarts.** What an agent takes for a success is judged at once. If it is none, those that can
train on do: the networks that read and answer, the Neural Programmer, imitation, and those of
Stable-Baselines3. The others begin anew, within the same budget. So does everyone who gives up, or
has taken the steps that its settings allow.

**Equal time is not equal experience.** `search` and `policy-gradient` run whole programs in a
compiled interpreter. Stable-Baselines3's algorithms take single steps through Python, so they see
far fewer in a second. Samples do not count that: a sample of `search` is a pair, on which it runs
up to millions of programs. What counts as a sample is told below. Samples and parameters of an
agent are medians over the runs that solved their task, of tasks that most runs solved. So they
flatter who solves less.

**Solved** means success on at least 99 % of 200 validation and of 200 test instances; the training
then ends. So test instances decide when it ends, and who is near 99 % may be measured on the same
200 several times. Agents that do not test themselves, or whose own test takes longer, are solved at
a time of the schedule (0.5, 1, 2, 5, 10 … seconds): at 0.5 seconds, or up to 2.5 times as late as
they were. A task counts as solved if most of its runs are; with two seeds, both. Runs are
trainings, one for each task and seed. While seeds are still being measured, an agent's runs count
only under seeds that all its measured tasks have; else tasks with more seeds would count more.

**Statistics.** An interquartile mean (IQM) is the mean of the middle half of all runs. In brackets
are 95 % intervals of a bootstrap that is stratified by task. They are for these tasks, and three
seeds make them too narrow. [?]: one seed, of which there is no interval. No brackets: both bounds
round to the same per cent. Means, medians and intervals of an agent are over all tasks that it can
face, so they compare agents that face the same tasks. Median times to solve a task count unsolved
runs as censored (Kaplan and Meier). In a probability that a run scores more than another on the
same task, ties count as halves. See Agarwal et al. 2021. Parameters are the numbers of what is
learned: weights, or the entries of a program's table. Where no budget is named, it is {reached:g}
seconds."""

_COLUMNS = """
- **learned from**: {kinds}.
- **tape, program, table**: solved tasks, of all tasks of the family. Solved: right on 99 % of \
test instances of the longest default length (to sort: 5 numbers), in most trainings. A dash: it \
does not act there. A question mark: not measured.
- **runs**: the share of its trainings, one for each task and seed, that end in success. [95 % \
interval]; [?]: one seed. "Of 4 tasks": it can't face others, or we gave it no settings for them.
- **seconds**: CPU-seconds until a task is solved, the median over all its trainings. Agents that \
run whole programs in compiled code see far more steps in a second than PPO.
- **length × 10**: success in per cent at ten times the longest default length. A training that \
has not solved its task counts as 0. In brackets: tasks that can be played there."""
"""Explains the short table, which stands alone on the first page."""

_QUESTIONS = """\
1. Can memory grow without harder training? The CPU-seconds that learning needs when tapes and
   arrays are {{growth}} times as long, in multiples of those at the default length; or the size at
   which most trainings fail. It is asked on three tasks, and only of who solves half the size. A
   dash: that is none of them. Samples stand under [More memory](#more-memory).
2. Complex operations? Tasks solved of those that need more than moving data.
3. Complex combinations of them? The longest program that the expert takes for a task that is
   solved, in steps. Networks that only write the answer may do less. Max is left out: its expert
   sorts.
4. Unseen input ranges? Mean success of the trainings that solved their task, at 2, 10 and 100 times
   the longest default length, and with values ten times as wide, of tasks that most trainings
   solved. So it says how far solutions carry, not how many there are: for that see "length × 10"
   above and the figure. What a network cannot read at all counts as 0. Lengths that a task does not
   have, or that take too long to play, are left out: in brackets stands how many tasks are in.

The table is within {seconds:g} CPU-seconds, and so are all figures but those over training time.
""".replace("{{growth}}", f"{FACTORS[-1]}")

_SUCCESS = """\
Success in per cent at the longest default length: means over seeds after {budgets} seconds. – is
not applicable, ? not measured yet."""
_UNSOLVED_HEAD = (
    "task", "agent", "CPU-seconds", "begun", "success", "gain in the last third"
)  # fmt: skip
_UNSOLVED = """\
The tasks that no agent solves from rewards under most seeds, with every agent that has tried. Of
each seed: the time that it was given, how often it began anew within that, the first time included,
its success in per cent on test instances at the end, and how much of that came in the last third of
the time. An agent of Stable-Baselines3 begins anew after the steps over which its learning rate and
exploration fall. Validation instances choose the weights, so success may fall."""
_BEYOND = """\
Those that solve a task in most runs, within all the time that they had, up to {longest:g} seconds:
success at multiples of the longest default length. A training ends when its task is solved at × 1,
or with its budget. What an agent finds in its own tests at greater lengths does not end it;
`search` and `policy-gradient` choose programs by pairs of such lengths, too. Means over all seeds,
those that did not solve it included, on up to 100 instances."""
_MEMORY_HEAD = ("task", "agent", *(f"× {factor}" for factor in (1, *FACTORS)))
_MEMORY = """\
CPU-seconds and samples to solve a task at multiples of the default length; else success in per
cent. An agent counts the instances of its own test among the samples when the test has ended.
Before its first sample: the time did not suffice for its first batch."""
_SETTINGS = """\
How many tasks have a file of their own in `configs/`, which are trained at lengths beyond the
longest default one, what is observed where that is not the environment's default, and on which
processors trainings were measured; all settings were found by hand, on these tasks and on some of
these seeds. The files of `search`, of `policy-gradient` and of the NRAM say for each tape how many
registers and steps a known program needs. What an agent counts as a sample differs, so numbers of
samples compare only within a unit. Pairs and instances that are used again count once, steps and
frames each time."""


def _given(name: str) -> str:
    """Say what a kind of supervision gives."""
    what = GROUPS.get(name)
    return f"Given: {what}." if what else "Given: what the agents say."


def _where(s: ComparisonSummary) -> str:
    """Name the processors that measured and how many cells each, and count the commits."""
    measured = [record for record in s.records if record["status"] != REFUSED]
    counts = Counter(str(record["machine"]) for record in measured).most_common()
    commits = len({str(record["commit"]) for record in measured})
    machines = ", ".join(f"{name} ({count} cells)" for name, count in counts)
    together = (
        " Times of all are mixed below; [Settings](#settings) has the share of each."
        if len(counts) > 1
        else ""
    )
    commits_named = f"The log names the commit of each cell ({commits} in all)."
    return f"Machines: {machines}.{together} {commits_named}"


def _budget(s: ComparisonSummary) -> str:
    """Say what the numbers of a table without a named budget were given, and what is missing."""
    trained = [result for each in s.entrants if each.who.agent for result in each.results]
    counts = [len(result.runs) for result in trained if result.runs]
    fewest, most = min(counts, default=0), max(counts, default=0)
    seeds = f"{most}" if fewest == most else f"{fewest} to {most}"
    cells = [cell for cell in s.plan.every if cell.trained]
    known = {record["key"] for record in s.records if record["status"] == MEASURED}
    done = sum(cell.key in known for cell in cells)
    text = f"Budget: {s.reached:g} CPU-seconds of one thread a training; seeds: {seeds}."
    text += " Settings were found by hand, on these tasks and some of these seeds; some give the"
    text += " steps and registers of a known program."
    text += _solved_by_kind(s)
    if done < len(cells):
        text += f" Unfinished: {done:,} of {len(cells):,} trainings are measured."
    if s.waiting:
        text += f" Not counted yet: {s.waiting} of these, as their agent lacks tasks of their seed."
    return text


def _solved_by_kind(s: ComparisonSummary) -> str:
    """Say how many tasks each kind of supervision solves, of those measured, where some go on."""
    counts = []
    for name, members in s.groups.items():
        known, tried = _won_and_tried(members, s.reached)
        later, _ = _won_and_tried(members, s.budgets[-1])
        more = [f"{later} as some had {s.budgets[-1]:g} s"] if later > known else []
        if single := _won_by_one(members, s.reached):
            more.append(f"{single} by one training")
        counts.append(f"{known} of {tried} from {name}" + (f" ({'; '.join(more)})" * bool(more)))
    return f" Tasks that any agent solves, of those tried: {', '.join(counts)}."


def _won_by_one(members: Sequence[EntrantSummary], seconds: float) -> int:
    """Return how many tasks are solved by agents of one seed alone."""
    won = [result for each in members for result in each.won(seconds)]
    several = {result.env for result in won if len(result.runs) > 1}
    return len({result.env for result in won} - several)


def _longer(s: ComparisonSummary) -> str:
    """Say how many trainings of each kind of supervision had more time than all had."""
    counts = {
        name: sum(
            went_beyond(run, s.reached)
            for each in members
            for result in each.results
            for run in s.tries(each, result.env)
        )
        for name, members in s.groups.items()
    }
    named = " and ".join(f"{count} from {name}" for name, count in counts.items() if count)
    if not named:
        return ""
    text = (
        f" More than {s.reached:g} had, in all: {named}, most on tasks that their kind of "
        "supervision had not solved by then; some were chosen by hand. Of these more is shown than "
        f"the first {s.reached:g} seconds only where a longer time is named."
    )
    return text + _not_longer(s, counts)


def _not_longer(s: ComparisonSummary, counts: Mapping[str, int]) -> str:
    """Say which kinds of supervision leave tasks unsolved, and had no longer time for them."""
    left = []
    for name, members in s.groups.items():
        known, tried = _won_and_tried(members, s.reached)
        if not counts[name] and known < tried:
            left.append(f"{name} ({tried - known})")
    if not left:
        return ""
    return f" Not tried for longer are the tasks that are left unsolved from {', '.join(left)}."


def _won_and_tried(members: Sequence[EntrantSummary], seconds: float) -> tuple[int, int]:
    """Return how many tasks any of these agents solves within a time, of how many measured ones."""
    won = {result.env for each in members for result in each.won(seconds)}
    tried = {result.env for each in members for result in each.results if result.runs}
    return len(won), len(tried)


def _times(budgets: Sequence[float]) -> str:
    return ", ".join(f"{seconds:g}" for seconds in budgets)


def _group_table(s: ComparisonSummary, members: Sequence[EntrantSummary]) -> str:
    head = ["agent"]
    for family in s.families:
        head += [f"{family}: solved in {seconds:g} s" for seconds in s.budgets if seconds <= 60]
    last = s.reached
    head += [f"success, {last:g} s: mean", "IQM", "median s to solve", "samples to solve"]
    head += ["parameters", "seeds"]
    return _table(head, [_group_row(s, each) for each in members])


def _group_row(s: ComparisonSummary, each: EntrantSummary) -> list[str]:
    row = [f"`{each.who.name}`"]
    for family in s.families:
        row += [_solved(s, each, b, family) for b in s.budgets if b <= 60]
    seconds = s.reached
    estimates = each.mean(seconds), each.success(seconds)
    return [
        *row,
        *(UNKNOWN if found is None else _interval(found, each.seeds) for found in estimates),
        _time(each, seconds),
        _samples(each, seconds),
        _brief(each.parameters(seconds)),
        str(each.seeds),
    ]


def _supervisions(members: Sequence[EntrantSummary]) -> str:
    """Return what each agent of a kind learns from, in its own words; first what most tasks say."""
    words: dict[tuple[str, str], list[str]] = {}
    for each in members:
        first, *others = sorted(each.supervisions, key=lambda text: -len(each.supervisions[text]))
        words.setdefault((first, ""), []).append(f"`{each.who.name}`")
        for text in others:
            where = ", ".join(find(env).name for env in each.supervisions[text])
            words.setdefault((text, f" on {where}"), []).append(f"`{each.who.name}`")
    return "\n".join(
        f"- {', '.join(names)}{where}: {text}." for (text, where), names in words.items()
    )


def _solved(s: ComparisonSummary, each: EntrantSummary, seconds: float, family: str) -> str:
    """Return how many tasks are solved, and the share of runs with its interval."""
    if not each.of(family):
        return NOTHING
    share = each.solved(seconds, family)
    if share is None:
        return UNKNOWN
    won = f"{len(each.won(seconds, family))} of {s.size(family)}"
    return f"{won}; {_interval(share, each.seeds)}{_of(s, each, family)}"


def _time(each: EntrantSummary, seconds: float) -> str:
    """Return the median time to solve a task, or the budget if it lies beyond."""
    times, solved = each.times(seconds)
    time = statistics.median_time(times, solved)
    if time is not None:
        return f"{time:.2g}"
    return f"> {max(times):g}" if times and not all(solved) else NOTHING


def _interval(e: Estimate, seeds: int) -> str:
    """Return a rate with its interval, which one seed a task does not have."""
    value, low, high = (_percent(x) for x in (e.value, e.low, e.high))
    if seeds < 2:
        return f"{value} % [?]"
    return f"{value} %" if low == high else f"{value} % [{low}, {high}]"


def _improvement(s: ComparisonSummary, members: Sequence[EntrantSummary]) -> Iterator[str]:
    """Yield how likely the best of a kind is better than each other, on common tasks."""
    ranked = sorted(members, key=lambda each: -each.rank(s.reached))
    rows = [row for other in ranked[1:] if (row := _better(s, ranked[0], other))]
    if rows:
        yield f"\nProbability that a run of `{ranked[0].who.name}` scores more:\n"
        yield _table(["than", "on common tasks", "probability"], rows)


def _better(s: ComparisonSummary, ours: EntrantSummary, theirs: EntrantSummary) -> list[str]:
    other = {each.env: each for each in theirs.results if each.reached(s.reached)}
    common = [e for e in ours.results if e.env in other and e.reached(s.reached)]
    if not common:
        return []
    scores = [each.at(s.reached) for each in common], [other[e.env].at(s.reached) for e in common]
    fewest = min(len(runs) for side in scores for runs in side)
    found = _interval(statistics.improvement(*scores), fewest)
    return [f"`{theirs.who.name}`", str(len(common)), found]


def short(s: ComparisonSummary) -> str:
    """Return the table of the first page; see ``_shown``."""
    head = ["learned from", "agent", *s.families, "runs", "seconds", "length × 10", "seeds"]
    shown = _shown(s)
    notes = "".join(f"\n- `{each.who.name}`: {each.who.note}." for each in shown if each.who.note)
    rows = [_short_row(s, each) for each in shown]
    columns = _COLUMNS.format(kinds="; ".join(f"{k}: {GROUPS[k]}" for k in s.groups if k in GROUPS))
    return f"{_table(head, rows)}\n\n{_budget(s)}\n{columns}{notes}"


def _shown(s: ComparisonSummary) -> list[EntrantSummary]:
    """Return the best of each kind, and of some kinds in a family, ordered by kind.

    Those are added that solve most of a family, and the best of Stable-Baselines3, which readers
    look for. Then the table is filled up. Who is still being measured waits, unless all are.
    """
    every = [each for those in s.groups.values() for each in those]
    ranked = sorted(every, key=lambda each: each.rank(s.reached))
    whole = [each for each in ranked if each.reached(s.reached)] or ranked
    best = {each.group: each for each in whole}
    deep = {each.who.agent: each for each in whole if each.group == "rewards"}.get("rl")
    at_home = {
        (each.group, family): each
        for family in s.families
        for each in sorted(whole, key=lambda each: each.rank(s.reached, family))
        if 2 * len(each.won(s.reached, family)) > s.size(family)
    }
    needed = dict.fromkeys([*best.values(), *([deep] if deep else []), *at_home.values()])
    shown = list(dict.fromkeys([*needed, *reversed(whole)]))[: max(_SHORT, len(needed))]
    return [each for each in every if each in shown]


def _short_row(s: ComparisonSummary, each: EntrantSummary) -> list[str]:
    share, seconds = each.solved(s.reached), s.reached
    return [
        each.group,
        f"`{each.who.name}`",
        *(_count(s, each, family) for family in s.families),
        UNKNOWN if share is None else _interval(share, each.seeds) + _of(s, each),
        _time(each, seconds),
        _kept(each, 10, seconds),
        str(each.seeds),
    ]


def _kept(each: EntrantSummary, multiple: int, seconds: float) -> str:
    """Return the success at a multiple of the length, unsolved runs as 0, and of how many tasks."""
    found, count = each.kept(multiple, seconds), sum(bool(r.beyond(multiple)) for r in each.results)
    return UNKNOWN if found is None else f"{_percent(found)} ({count})"


def _beyond(each: EntrantSummary, multiple: int, seconds: float) -> str:
    """Return the success at a multiple of the length, and of how many tasks it is the mean."""
    found = each.beyond(multiple, seconds)
    return NOTHING if found is None else f"{_percent(found)} ({each.played(multiple, seconds)})"


def _of(s: ComparisonSummary, each: EntrantSummary, family: str | None = None) -> str:
    """Return "of 4 tasks", if these are not all of its families."""
    own = each.of(family)
    families = {find(result.env).family for result in own}
    return "" if len(own) == sum(map(s.size, families)) else f" of {_tasks(len(own))}"


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def _count(s: ComparisonSummary, each: EntrantSummary, family: str) -> str:
    own, seconds = each.of(family), s.reached
    if not own:
        return NOTHING
    if each.reached(seconds, family):
        return f"{len(each.won(seconds, family))} of {s.size(family)}"
    known = [result for result in own if result.reached(seconds)]
    return f"{sum(r.solved(seconds) for r in known)} of {len(known)} measured" if known else UNKNOWN


def _questions(s: ComparisonSummary) -> str:
    head = ["agent", "learned from", f"1. time with memory × {FACTORS[-1]}", "2. complex tasks",
            "3. longest program", "4. length × 2, 10, 100", "wider values", "reusable"]  # fmt: skip
    return _table(head, [_question_row(s, each) for each in s.entrants])


def _question_row(s: ComparisonSummary, each: EntrantSummary) -> list[str]:
    steps = each.longest(s.reached)
    return [
        f"`{each.who.name}`",
        each.group if each.who.agent else NOTHING,
        _growth(s, each),
        _complex(s, each),
        f"{steps:,.0f} steps" if steps else NOTHING,
        ", ".join(_beyond(each, k, s.reached) for k in (2, 10, 100)),
        _percent(each.wider(s.reached)),
        "yes" if each.who.reusable else "no",
    ]


def _complex(s: ComparisonSummary, each: EntrantSummary) -> str:
    """Return how many tasks it solves of those of its families that do more than move data."""
    hard = {env for env in s.plan.envs if each.of(find(env).family) and tasks.kind(env) != "moves"}
    known = [r for r in each.results if r.env in hard and r.reached(s.reached)]
    solved = sum(result.solved(s.reached) for result in known)
    if each.reached(s.reached):
        return f"{solved} of {len(hard)}"
    return f"{solved} of {len(known)} measured" if known else UNKNOWN


def _growth(s: ComparisonSummary, each: EntrantSummary) -> str:
    """Return the time at the largest memory, in multiples of that at the default one, a task each.

    Where most runs fail before it, it names the first such memory.
    """
    parts = []
    for env in GROWING:
        times = {k: r.time(s.plan.seconds) for k, r in s.grown(each, env).items()}
        first, last = times.get(1), times.get(FACTORS[-1])
        failed = next((factor for factor, time in times.items() if time is None), None)
        if first and failed:
            parts.append(f"{find(env).name} not at × {failed}")
        elif first and last:
            parts.append(f"{find(env).name} × {last / first:.2g}")
    return "; ".join(parts) or NOTHING


def _matrix(s: ComparisonSummary, family: str) -> str:
    envs = [env for env in s.plan.envs if find(env).family == family]
    shown = [each for each in s.entrants if each.of(family)]
    rows = [
        [find(env).name, tasks.kind(env), *(_curve(s, each, env) for each in shown)] for env in envs
    ]
    return _table(["task", "needs", *(each.who.name for each in shown)], rows)


def _curve(s: ComparisonSummary, each: EntrantSummary, env: str) -> str:
    """Return the success under each budget that was reached; once where it is all the same."""
    result = next((r for r in each.results if r.env == env), None)
    if result is None:
        return NOTHING
    found = [_percent(fmean(result.at(b))) for b in s.budgets if result.reached(b)]
    return (found[0] if len(set(found)) == 1 else " → ".join(found)) if found else UNKNOWN


def _unsolved_rows(s: ComparisonSummary) -> list[list[str]]:
    """Return a row for each task that rewards have not solved and each agent that tried it."""
    rows: list[list[str]] = []
    rewarded = s.groups.get("rewards", [])
    for env in s.plan.envs if rewarded else ():
        able = [each for each in rewarded if any(result.env == env for result in each.results)]
        found = [(each.who.name, Result(env, s.tries(each, env))) for each in able]
        tried = [(name, result) for name, result in found if result.runs]
        if not able:
            rows.append([find(env).name, "none acts there", *[NOTHING] * 4])
        elif not any(result.solved(s.budgets[-1]) for _, result in tried):
            rows += [[find(env).name, name, *_tries(result)] for name, result in tried]
    return rows


def _tries(result: Result) -> list[str]:
    """Return, of each run in the order of seeds, its budget, its success, and its late gain."""
    runs = sorted(result.runs, key=lambda run: run["seed"])
    ends = [success_at(run, run["budget"]) for run in runs]
    before = [success_at(run, run["budget"] * 2 / 3) for run in runs]
    gains = [end - early for end, early in zip(ends, before, strict=True)]
    return [
        _times([run["budget"] for run in runs]),
        ", ".join(str(run["restarts"]) for run in runs),
        *(", ".join(map(_percent, x)) for x in (ends, gains)),
    ]


def _length_table(s: ComparisonSummary) -> str:
    head = ["task", "agent", *(f"× {k}" for k in tasks.MULTIPLES), "wider values"]
    rows = [
        [find(r.env).name, each.who.name, *map(_mean, _rates(r))]
        for env in s.plan.envs
        for each in s.entrants
        for r in each.results
        if r.env == env and r.runs and r.solved(s.budgets[-1])
    ]
    return _table(head, rows)


def _rates(result: Result) -> list[list[float]]:
    """Return each run's success at each multiple of the length, then at wider values."""
    return [*map(result.beyond, tasks.MULTIPLES), result.wider]


def _mean(values: Sequence[float]) -> str:
    return _percent(fmean(values)) if values else NOTHING


def _memory_rows(s: ComparisonSummary) -> list[list[str]]:
    rows = []
    for env in (env for env in GROWING if env in s.plan.envs):
        for each in (each for each in s.entrants if each.who.agent):
            found = s.grown(each, env)
            if set(found) & set(FACTORS):
                costs = (_cost(s, found.get(factor)) for factor in (1, *FACTORS))
                rows.append([find(env).name, each.who.name, *costs])
    return rows


def _cost(s: ComparisonSummary, result: Result | None) -> str:
    if result is None:
        return NOTHING
    samples, time = result.samples(s.plan.seconds), result.time(s.plan.seconds)
    if time is None:
        begun = any(point.get("samples") for run in result.runs for point in run["curve"])
        late = "" if begun else ", before its first sample"
        return f"{_mean(result.at(s.plan.seconds))} %{late}"
    return f"{time:.2g} s" + ("" if samples is None else f", {_brief(samples)}")


def _settings(s: ComparisonSummary) -> str:
    rows = []
    for each in (each for each in s.entrants if each.who.agent and not each.who.installed):
        stems = [each.who.file(result.env).stem for result in each.results]
        own = sum(not any(stem.startswith(family) for family in s.families) for stem in stems)
        files = f"{own} of {_tasks(len(stems))}"
        configs = {
            result.env: configure(Cell(each.who.name, result.env, seed=0), seconds=0).config
            for result in each.results
        }
        rows.append(
            [
                f"`{each.who.name}`",
                files,
                _listed(_trained_further(configs)) or NOTHING,
                _observed(configs) or NOTHING,
                each.who.samples,
                _processors(each) or NOTHING,
                each.who.note or NOTHING,
            ]
        )
    head = ["agent", "own files", "trained at greater lengths", "observation",
            "a sample is one of", "processors", "note"]  # fmt: skip
    return _table(head, rows)


def _trained_further(configs: Mapping[str, Any]) -> list[str]:
    """Return the tasks at whose trained lengths an entrant sees longer instances than judged on."""
    lengths = {env: getattr(config, "length", None) for env, config in configs.items()}
    return [
        find(env).name
        for env, own in lengths.items()
        if own is not None and max(np.ravel(own)) > tasks.longest(env)
    ]


def _observed(configs: Mapping[str, Any]) -> str:
    """Return what an entrant observes that is not the default, and on which tasks."""
    found: dict[str, list[str]] = {}
    for env, config in configs.items():
        own = getattr(config, "settings", {}).get("observation")
        shown = own or getattr(config, "observation", "")
        parts = [f'"{shown}"'] if shown else []
        if fields := getattr(config, "fields", ()):
            parts.append(f"of which {', '.join(fields)}" if shown else ", ".join(fields))
        if parts:
            found.setdefault(" ".join(parts), []).append(find(env).name)
    return "; ".join(f"{shown} on {_listed(envs)}" for shown, envs in found.items())


def _processors(each: EntrantSummary) -> str:
    """Return how many of an entrant's runs each kind of processor measured."""
    counts = Counter(str(run["machine"]) for result in each.results for run in result.runs)
    return ", ".join(f"{name}: {count}" for name, count in counts.most_common())


def _reasons(s: ComparisonSummary) -> str:
    reasons: dict[tuple[str, str], list[str]] = {}
    for record in s.records:
        if record["status"] != MEASURED and not record["length"]:
            mark = "**failed**: " if record["status"] == FAILED else ""
            envs = reasons.setdefault((record["entrant"], mark + record["reason"]), [])
            envs += [name for name in [find(record["env"]).name] if name not in envs]
    rows = sorted([who, _listed(envs), why] for (who, why), envs in reasons.items())
    return _table(["agent", "tasks", "why"], rows)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else _tasks(len(names))


def _samples(each: EntrantSummary, seconds: float) -> str:
    samples = each.samples(seconds)
    return NOTHING if samples is None else f"{_brief(samples)} {each.who.samples}"


def _brief(value: float | None) -> str:
    if value is None:
        return NOTHING
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:z.0f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
