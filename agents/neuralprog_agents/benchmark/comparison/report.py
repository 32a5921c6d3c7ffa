"""The report in Markdown: kinds of supervision, the four questions, then every task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from neuralprog_agents.benchmark.comparison import formats, statistics, tasks
from neuralprog_agents.benchmark.comparison.first_page import how_to_read, short_table
from neuralprog_agents.benchmark.comparison.formats import NOTHING, UNKNOWN
from neuralprog_agents.benchmark.comparison.plan import FACTORS, GROWING
from neuralprog_agents.benchmark.comparison.plots import CAPTIONS
from neuralprog_agents.benchmark.comparison.questions import questions
from neuralprog_agents.benchmark.comparison.records import (
    FAILED,
    GROUPS,
    MEASURED,
    REFUSED,
    success_at,
    went_beyond,
)
from neuralprog_agents.benchmark.comparison.settings_table import settings_table
from neuralprog_agents.benchmark.comparison.summary import (
    ComparisonSummary,
    EntrantSummary,
    Result,
    won_and_tried,
)
from neuralprog_envs.registry import find


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
    yield short_table(s)
    yield how_to_read(s)
    yield _RULES.format(budgets=formats.times(s.budgets), longer=_longer(s), reached=s.reached)
    for name, members in s.groups.items():
        yield f"\n## Learned from {name}\n"
        yield f"{_given(name)}\n"
        yield _group_table(s, members)
        yield f"\n{_supervisions(members)}"
        yield from _improvement(s, members)
    yield "\n## The four questions\n"
    yield questions(s)
    for name in plots:
        title = CAPTIONS[name].partition(". ")[0]
        yield f"\n![{title}](compare-{name}.png)\n\n{CAPTIONS[name]}"
    yield f"\n## Every task\n\n{_SUCCESS.format(budgets=formats.times(s.budgets))}"
    for family in s.families:
        yield f"\n### {family}\n\n{_matrix(s, family)}"
    if unsolved := _unsolved_rows(s):
        table = formats.table(_UNSOLVED_HEAD, unsolved)
        yield f"\n## What rewards have not solved\n\n{_UNSOLVED}\n\n{table}"
    beyond = _BEYOND.format(longest=s.budgets[-1])
    yield f"\n## Beyond the default lengths\n\n{beyond}\n\n{_length_table(s)}"
    if memory := _memory_rows(s):
        yield f"\n## More memory\n\n{_MEMORY}\n\n{formats.table(_MEMORY_HEAD, memory)}"
    yield f"\n## Settings\n\n{settings_table(s)}"
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
round to the same per cent. Means, medians and intervals of an agent or an approach are over all
tasks that it can face, so they compare those that face the same. Median times to solve a task
count unsolved runs as censored (Kaplan and Meier). In a probability that a run scores more than
another on the same task, ties count as halves. See Agarwal et al. 2021. Parameters are the numbers
of what is learned: weights, or the entries of a program's table. Where no budget is named, it is
{reached:g} seconds."""


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
        known, tried = won_and_tried(members, s.reached)
        if not counts[name] and known < tried:
            left.append(f"{name} ({tried - known})")
    if not left:
        return ""
    return f" Not tried for longer are the tasks that are left unsolved from {', '.join(left)}."


def _group_table(s: ComparisonSummary, members: Sequence[EntrantSummary]) -> str:
    head = ["agent"]
    for family in s.families:
        head += [f"{family}: solved in {seconds:g} s" for seconds in s.budgets if seconds <= 60]
    last = s.reached
    head += [f"success, {last:g} s: mean", "IQM", "median s to solve", "samples to solve"]
    head += ["parameters", "seeds"]
    return formats.table(head, [_group_row(s, each) for each in members])


def _group_row(s: ComparisonSummary, each: EntrantSummary) -> list[str]:
    row = [f"`{each.who.name}`"]
    for family in s.families:
        row += [_solved(s, each, b, family) for b in s.budgets if b <= 60]
    seconds = s.reached
    estimates = each.mean(seconds), each.success(seconds)
    return [
        *row,
        *(UNKNOWN if found is None else formats.interval(found, each.seeds) for found in estimates),
        formats.median_time(each, seconds),
        _samples(each, seconds),
        formats.brief(each.parameters(seconds)),
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
    return f"{won}; {formats.interval(share, each.seeds)}{formats.of_tasks(s, each, family)}"


def _improvement(s: ComparisonSummary, members: Sequence[EntrantSummary]) -> Iterator[str]:
    """Yield how likely the best of a kind is better than each other, on common tasks."""
    ranked = sorted(members, key=lambda each: each.rank(s.reached), reverse=True)
    rows = [row for other in ranked[1:] if (row := _better(s, ranked[0], other))]
    if rows:
        yield f"\nProbability that a run of `{ranked[0].who.name}` scores more:\n"
        yield formats.table(["than", "on common tasks", "probability"], rows)


def _better(s: ComparisonSummary, ours: EntrantSummary, theirs: EntrantSummary) -> list[str]:
    other = {each.env: each for each in theirs.results if each.reached(s.reached)}
    common = [e for e in ours.results if e.env in other and e.reached(s.reached)]
    if not common:
        return []
    scores = [each.at(s.reached) for each in common], [other[e.env].at(s.reached) for e in common]
    fewest = min(len(runs) for side in scores for runs in side)
    found = formats.interval(statistics.improvement(*scores), fewest)
    return [f"`{theirs.who.name}`", str(len(common)), found]


def _matrix(s: ComparisonSummary, family: str) -> str:
    envs = [env for env in s.plan.envs if find(env).family == family]
    shown = [each for each in s.entrants if each.of(family)]
    rows = [
        [find(env).name, tasks.kind(env), *(_curve(s, each, env) for each in shown)] for env in envs
    ]
    return formats.table(["task", "needs", *(each.who.name for each in shown)], rows)


def _curve(s: ComparisonSummary, each: EntrantSummary, env: str) -> str:
    """Return the success under each budget that was reached; once where it is all the same."""
    result = next((r for r in each.results if r.env == env), None)
    if result is None:
        return NOTHING
    found = [formats.percent(fmean(result.at(b))) for b in s.budgets if result.reached(b)]
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
        formats.times([run["budget"] for run in runs]),
        ", ".join(str(run["restarts"]) for run in runs),
        *(", ".join(map(formats.percent, x)) for x in (ends, gains)),
    ]


def _length_table(s: ComparisonSummary) -> str:
    head = ["task", "agent", *(f"× {k}" for k in tasks.MULTIPLES), "wider values"]
    rows = [
        [find(r.env).name, each.who.name, *map(formats.mean, _rates(r))]
        for env in s.plan.envs
        for each in s.entrants
        for r in each.results
        if r.env == env and r.runs and r.solved(s.budgets[-1])
    ]
    return formats.table(head, rows)


def _rates(result: Result) -> list[list[float]]:
    """Return each run's success at each multiple of the length, then at wider values."""
    return [*map(result.beyond, tasks.MULTIPLES), result.wider]


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
        return f"{formats.mean(result.at(s.plan.seconds))} %{late}"
    return f"{time:.2g} s" + ("" if samples is None else f", {formats.brief(samples)}")


def _reasons(s: ComparisonSummary) -> str:
    reasons: dict[tuple[str, str], list[str]] = {}
    for record in s.records:
        if record["status"] != MEASURED and not record["length"]:
            mark = "**failed**: " if record["status"] == FAILED else ""
            envs = reasons.setdefault((record["entrant"], mark + record["reason"]), [])
            envs += [name for name in [find(record["env"]).name] if name not in envs]
    rows = sorted([who, formats.listed(envs), why] for (who, why), envs in reasons.items())
    return formats.table(["agent", "tasks", "why"], rows)


def _samples(each: EntrantSummary, seconds: float) -> str:
    samples = each.samples(seconds)
    return NOTHING if samples is None else f"{formats.brief(samples)} {each.who.samples}"
