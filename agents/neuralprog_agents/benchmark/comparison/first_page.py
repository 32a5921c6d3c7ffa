"""The table of the first page, with what its reader must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neuralprog_agents.benchmark.comparison import formats
from neuralprog_agents.benchmark.comparison.entrants import APPROACHES
from neuralprog_agents.benchmark.comparison.formats import NOTHING, UNKNOWN
from neuralprog_agents.benchmark.comparison.records import GROUPS, MEASURED
from neuralprog_agents.benchmark.comparison.summary import (
    ComparisonSummary,
    EntrantSummary,
    won_and_tried,
)

_MOST = 8
"""So many agents have a row each; of more, those of one approach share a row."""


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
_BEST = "Each stands there by its best agent in each family, chosen by these results."


def first_page(s: ComparisonSummary) -> str:
    """Return the table of the first page, with how to read it folded away."""
    return (
        f"{short_table(s)}\n\n<details>\n<summary>What the columns mean, and what to know of some "
        f"of these agents</summary>\n{how_to_read(s)}\n\n</details>"
    )


def short_table(s: ComparisonSummary) -> str:
    """Return a row for each agent, or for each approach, and the budget; see ``_rows``."""
    rows = _rows(s)
    first = "agent" if len(rows) == len(_trained(s)) else "approach"
    head = [first, "learned from", *s.families, "runs", "seconds", "length × 10"]
    return f"{formats.table(head, [_cells(s, row) for row in rows])}\n\n{_budget(s)}"


def how_to_read(s: ComparisonSummary) -> str:
    """Return what the rows and columns of the short table mean, and the notes on its agents."""
    rows = _rows(s)
    ways = [f"{row.name}: {APPROACHES[row.name]}" for row in rows if row.name in APPROACHES]
    approaches = f"\n- **approach**: {'; '.join(ways)}. {_BEST}" if ways else ""
    columns = _COLUMNS.format(kinds="; ".join(f"{k}: {GROUPS[k]}" for k in s.groups if k in GROUPS))
    return f"{approaches}{columns}{_notes(rows)}"


def _notes(rows: Sequence[_Row]) -> str:
    """Return what is to be known of the agents in the table; who shares it shares a line."""
    found: dict[str, list[str]] = {}
    for who in dict.fromkeys(each.who for row in rows for each in row.members.values()):
        found.setdefault(who.note, []).append(f"`{who.name}`")
    return "".join(f"\n- {', '.join(names)}: {note}." for note, names in found.items() if note)


@dataclass(frozen=True)
class _Row:
    """A row of the short table.

    Attributes:
        name: An agent's, or that of an approach.
        members: Who stands for it in each family where it acts.
    """

    name: str
    members: Mapping[str, EntrantSummary]

    @property
    def whole(self) -> EntrantSummary:
        """All results of the row, as if they were one agent's."""
        results = [result for family, each in self.members.items() for result in each.of(family)]
        return EntrantSummary(next(iter(self.members.values())).who, {}, results)


def _trained(s: ComparisonSummary) -> list[EntrantSummary]:
    return [each for those in s.groups.values() for each in those]


def _rows(s: ComparisonSummary) -> list[_Row]:
    """Return a row for each agent; of many, one for each approach, with its best in each family."""
    trained = _trained(s)
    if len(trained) <= _MOST:
        return [_row(s, each.who.name, [each]) for each in trained]
    found: dict[str, list[EntrantSummary]] = {name: [] for name in APPROACHES}
    for each in trained:
        found.setdefault(each.who.approach or each.who.name, []).append(each)
    return [_row(s, name, members) for name, members in found.items() if members]


def _row(s: ComparisonSummary, name: str, members: Sequence[EntrantSummary]) -> _Row:
    acting = {family: [each for each in members if each.of(family)] for family in s.families}
    return _Row(
        name, {family: _best(s, those, family) for family, those in acting.items() if those}
    )


def _best(s: ComparisonSummary, members: Sequence[EntrantSummary], family: str) -> EntrantSummary:
    """Return who is best in a family. Who is still being measured waits, unless all are."""
    whole = [each for each in members if each.reached(s.reached, family)] or members
    return max(whole, key=lambda each: each.rank(s.reached, family))


def _cells(s: ComparisonSummary, row: _Row) -> list[str]:
    whole, seconds = row.whole, s.reached
    share, kinds = whole.solved(seconds), dict.fromkeys(each.group for each in row.members.values())
    return [
        row.name if row.name in APPROACHES else f"`{row.name}`",
        ", ".join(kinds),
        *(_in_family(s, row, family) for family in s.families),
        UNKNOWN
        if share is None
        else formats.interval(share, whole.seeds) + formats.of_tasks(s, whole),
        formats.median_time(whole, seconds),
        _kept(whole, 10, seconds),
    ]


def _in_family(s: ComparisonSummary, row: _Row, family: str) -> str:
    """Return how many tasks are solved, and by whom, where the row does not say that."""
    each = row.members.get(family)
    if each is None:
        return NOTHING
    by = f"<br>`{each.who.name}`" if each.who.name != row.name else ""
    return f"{_count(s, each, family)}{by}"


def _kept(each: EntrantSummary, multiple: int, seconds: float) -> str:
    """Return the success at a multiple of the length, unsolved runs as 0, and of how many tasks."""
    found, count = each.kept(multiple, seconds), sum(bool(r.beyond(multiple)) for r in each.results)
    return UNKNOWN if found is None else f"{formats.percent(found)} ({count})"


def _count(s: ComparisonSummary, each: EntrantSummary, family: str) -> str:
    own, seconds = each.of(family), s.reached
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
