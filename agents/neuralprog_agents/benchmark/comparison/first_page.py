"""The table of the first page, with what its reader must know."""

from __future__ import annotations

from collections.abc import Sequence

from neuralprog_agents.benchmark.comparison import formats
from neuralprog_agents.benchmark.comparison.formats import NOTHING, UNKNOWN
from neuralprog_agents.benchmark.comparison.records import GROUPS, MEASURED
from neuralprog_agents.benchmark.comparison.summary import (
    ComparisonSummary,
    EntrantSummary,
    won_and_tried,
)

_SHORT = 8
"""Rows of the short table, at least."""


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
"""Explains the short table."""


def first_page(s: ComparisonSummary) -> str:
    """Return the table of the first page, with how to read it folded away."""
    return (
        f"{short_table(s)}\n\n<details>\n<summary>What the columns mean, and what to know of some "
        f"of these agents</summary>\n{how_to_read(s)}\n\n</details>"
    )


def short_table(s: ComparisonSummary) -> str:
    """Return a row for each of some agents, and the budget; see ``_shown`` for who these are."""
    head = ["learned from", "agent", *s.families, "runs", "seconds", "length × 10", "seeds"]
    rows = [_short_row(s, each) for each in _shown(s)]
    return f"{formats.table(head, rows)}\n\n{_budget(s)}"


def how_to_read(s: ComparisonSummary) -> str:
    """Return what the columns of the short table mean, and the notes on its agents."""
    notes = [f"\n- `{each.who.name}`: {each.who.note}." for each in _shown(s) if each.who.note]
    columns = _COLUMNS.format(kinds="; ".join(f"{k}: {GROUPS[k]}" for k in s.groups if k in GROUPS))
    return f"{columns}{''.join(notes)}"


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
    of_tasks = formats.of_tasks(s, each)
    return [
        each.group,
        f"`{each.who.name}`",
        *(_count(s, each, family) for family in s.families),
        UNKNOWN if share is None else formats.interval(share, each.seeds) + of_tasks,
        formats.median_time(each, seconds),
        _kept(each, 10, seconds),
        str(each.seeds),
    ]


def _kept(each: EntrantSummary, multiple: int, seconds: float) -> str:
    """Return the success at a multiple of the length, unsolved runs as 0, and of how many tasks."""
    found, count = each.kept(multiple, seconds), sum(bool(r.beyond(multiple)) for r in each.results)
    return UNKNOWN if found is None else f"{formats.percent(found)} ({count})"


def _count(s: ComparisonSummary, each: EntrantSummary, family: str) -> str:
    own, seconds = each.of(family), s.reached
    if not own:
        return NOTHING
    if each.reached(seconds, family):
        return f"{len(each.won(seconds, family))} of {s.size(family)}"
    known = [result for result in own if result.reached(seconds)]
    return f"{sum(r.solved(seconds) for r in known)} of {len(known)} measured" if known else UNKNOWN


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
        known, tried = won_and_tried(members, s.reached)
        later, _ = won_and_tried(members, s.budgets[-1])
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
