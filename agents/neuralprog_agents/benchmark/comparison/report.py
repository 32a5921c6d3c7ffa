"""The report in Markdown: the four questions first, then every cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neuralprog_agents.benchmark.comparison import tasks
from neuralprog_agents.benchmark.comparison.cells import FAILED
from neuralprog_agents.benchmark.comparison.entrants import Entrant
from neuralprog_agents.benchmark.comparison.plan import Plan
from neuralprog_agents.benchmark.comparison.plots import PLOTS
from neuralprog_agents.benchmark.comparison.summary import (
    ComparisonSummary,
    EntrantResult,
    EntrantSummary,
)
from neuralprog_envs.registry import find

NOTHING, UNKNOWN = "–", "?"


def report(summary: ComparisonSummary, plan: Plan, command: str, machine: str) -> str:
    """Return the whole report."""
    return "\n".join(_parts(summary, plan, command, machine)) + "\n"


def _parts(summary: ComparisonSummary, plan: Plan, command: str, machine: str) -> Iterator[str]:
    under = f"`{command}`: {{}} of training a cell on one thread, {plan.seeds} seeds. {machine}."
    each = ", ".join(f"{_budget(plan, family)} ({family})" for family in summary.families)
    yield "# Comparison\n"
    yield f"Written by {under.format(each)}"
    yield _missing(summary, plan)
    yield _RULES
    yield "\n## The four questions\n"
    yield questions(summary)
    yield _NOTES
    yield "\n## Success at the longest trained length\n"
    yield _SUCCESS
    for family in summary.families:
        yield f"\n### {family}\n"
        yield _matrix(summary, summary.family(family))
        yield f"\n{under.format(_budget(plan, family))}"
    for name, caption in PLOTS.items():
        if name == "memory" and not summary.grown:
            continue
        yield f"\n![{caption}](compare-{name}.png)\n\n{caption}"
    yield "\n## Beyond the trained lengths\n"
    yield from _length_table(summary)
    if summary.grown:
        yield "\n## More memory\n"
        yield _memory(summary)
        yield f"\n{under.format(each)}"
    yield "\n## Not applicable, and failed\n"
    yield _reasons(summary)


def _budget(plan: Plan, family: str) -> str:
    return f"{plan.seconds[family]:g} CPU-seconds"


def _missing(summary: ComparisonSummary, plan: Plan) -> str:
    """Say how many cells the report is still without, if any."""
    total = len(list(plan.cells()))
    if len(summary.records) == total:
        return ""
    return f"\n**Unfinished: {len(summary.records)} of {total} cells are measured.**"


_RULES = """
Every agent is trained within the same processor time, with the settings of `configs/` (in restarts
one after another where it works in restarts; the first success ends them), and then scored on the
same instances of the test split. **Solved** means that most seeds are right on at least 99 % of
instances of the longest trained length. Budgets of seconds are small: that an agent does not solve
a task here does not mean that it can't, and the agents' own pages
(`agents/neuralprog_agents/*/README.md`) have what they reach in the time that they need, and which
settings failed. `expert` is the task's own algorithm, `random` legal actions."""

_NOTES = f"""
Question 1 asks what learning needs when its memory is four times as large (a cell is a task's
default length and four times that): samples, and trained numbers, in multiples. Question 2 counts
the tasks that need more than moving data. Question 3 is the longest program solved, in steps of the
expert at that length. Question 4: mean success over the solved tasks at 2, 10 and 100 times the
longest trained length, and with values {tasks.WIDER} times as wide. What an agent's network cannot
read at all counts as 0. Left out are lengths that a task does not have, those that take too long to
play, and, for those who answer instead of acting, instances of more than {tasks.MOST_READ} numbers
beyond the trained length. Samples, CPU-seconds and trained numbers are medians over what is solved;
what a sample is differs: pairs, steps, traces."""

_SUCCESS = """\
Per cent: the mean over seeds and, where they differ, the least and the most; – is not
applicable, ? not measured yet."""


def questions(summary: ComparisonSummary) -> str:
    """Return the table of the four questions, a row an entrant."""
    head = [
        "agent", "learns from", "1. memory × 4: samples; parameters", "2. complex operations",
        "3. longest program", "4. length × 2, 10, 100", "wider values", "solved of attempted",
        "samples", "CPU-s", "parameters", "curriculum", "reusable",
    ]  # fmt: skip
    return _table(head, [_answer_row(summary.answers(who)) for who in summary.entrants])


def short(summary: ComparisonSummary, plan: Plan) -> str:
    """Return the table of the first screen: families, and the questions in brief."""
    families = summary.families
    head = ["agent", "learns from", *(f"{family} tasks solved" for family in families)]
    head += ["length × 10", "wider values", "samples", "CPU-s"]
    table = _table(head, [_short_row(summary, who) for who in summary.entrants])
    return f"{table}\n{_missing(summary, plan)}".rstrip()


def _short_row(summary: ComparisonSummary, who: Entrant) -> list[str]:
    a = summary.answers(who)
    counts = [_count(summary, who, family) for family in summary.families]
    rates = [_percent(a.at(10)), _percent(a.wider)]
    return [
        f"`{who.name}`",
        a.supervision,
        *counts,
        *rates,
        _samples(a),
        _seconds(a.median("cpu_seconds")),
    ]


def _count(summary: ComparisonSummary, who: Entrant, family: str) -> str:
    attempted = summary.attempted(who.name, family)
    return f"{sum(r.solved for r in attempted)} of {len(attempted)}" if attempted else NOTHING


def _answer_row(a: EntrantSummary) -> list[str]:
    return [
        f"`{a.entrant.name}`",
        a.supervision,
        NOTHING if a.memory is None else f"× {a.memory:.2g}; × {a.parameters or 1:.2g}",
        f"{a.complex[0]} of {a.complex[1]}",
        f"{a.steps:,.0f} steps" if a.steps else NOTHING,
        ", ".join(_percent(a.at(k)) for k in (2, 10, 100)),
        _percent(a.wider),
        f"{a.solved[0]} of {a.solved[1]}",
        _samples(a),
        _seconds(a.median("cpu_seconds")),
        _brief(a.median("parameters")),
        "yes" if a.entrant.curriculum else "no",
        "yes" if a.entrant.reusable else "no",
    ]


def _samples(a: EntrantSummary) -> str:
    samples = a.median("samples")
    return NOTHING if samples is None else f"{_brief(samples)} {a.entrant.samples}"


def _brief(value: float | None) -> str:
    if value is None:
        return NOTHING
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _seconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2g}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.0f}"


def _matrix(summary: ComparisonSummary, envs: Sequence[str]) -> str:
    attempted = [
        who
        for who in summary.entrants
        if any((r := summary.of(who.name, env)) is not None and r.measured for env in envs)
    ]
    rows = [
        [_name(env), tasks.kind(env), *(_spread(summary.of(who.name, env)) for who in attempted)]
        for env in envs
    ]
    return _table(["task", "needs", *(who.name for who in attempted)], rows)


def _name(env_id: str) -> str:
    return find(env_id).name


def _spread(result: EntrantResult | None) -> str:
    if result is None:
        return UNKNOWN
    return _range(result.at(1)) if result.measured else NOTHING


def _range(values: Sequence[float]) -> str:
    if not values:
        return NOTHING
    low, high = min(values), max(values)
    middle = _percent(sum(values) / len(values))
    return middle if low == high else f"{middle} ({_percent(low)} to {_percent(high)})"


def _length_table(summary: ComparisonSummary) -> Iterator[str]:
    """Yield a table for each task: all that solve it, and how far."""
    yield "Those that solve a task, at multiples of the longest trained length (per cent).\n"
    head = ["task", "agent", *(f"× {k}" for k in tasks.MULTIPLES), "wider values"]
    yield _table(
        head,
        [
            [_name(env), who.name, *(_range(r.at(k)) for k in tasks.MULTIPLES), _range(r.wider)]
            for env in summary.envs
            for who in summary.entrants
            if (r := summary.of(who.name, env)) is not None and r.measured and r.solved
        ],
    )


def _memory(summary: ComparisonSummary) -> str:
    factors = sorted(summary.grown)
    head = ["task", "agent", *(f"× {k}" for k in (1, *factors))]
    rows = []
    for env in dict.fromkeys(env for _, env in summary.grown[factors[0]]):
        for who in summary.entrants:
            found = [summary.of(who.name, env)]
            found += [summary.grown[k].get((who.name, env)) for k in factors]
            if any(result is not None and result.measured for result in found):
                rows.append([_name(env), who.name, *map(_cost, found)])
    text = (
        "Samples to solve it, CPU-seconds, trained numbers, at multiples of the default length.\n\n"
    )
    return text + _table(head, rows)


def _cost(result: EntrantResult | None) -> str:
    if result is None or not result.measured:
        return NOTHING
    if not result.solved:
        return f"{_range(result.at(1))} % right"
    numbers = _brief(result.median("samples")), _seconds(result.median("cpu_seconds"))
    return f"{numbers[0]}; {numbers[1]} s; {_brief(result.median('parameters'))}"


def _reasons(summary: ComparisonSummary) -> str:
    reasons: dict[tuple[str, str], list[str]] = {}
    for result in summary.results.values():
        if not result.measured:
            broken = any(record["status"] == FAILED for record in result.records)
            text = f"**failed**: {result.reason}" if broken else result.reason
            reasons.setdefault((result.entrant, text), []).append(_name(result.env))
    rows = [[who, _listed(envs), why] for (who, why), envs in reasons.items()]
    return _table(["agent", "tasks", "why"], rows)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{len(names)} tasks"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
