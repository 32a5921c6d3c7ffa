"""The table of the first page, with what its reader must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neuralprog_agents.benchmark.comparison import formats
from neuralprog_agents.benchmark.comparison.entrants import APPROACHES, ENTRANTS
from neuralprog_agents.benchmark.comparison.formats import NOTHING, UNKNOWN
from neuralprog_agents.benchmark.comparison.records import GROUPS, MEASURED
from neuralprog_agents.benchmark.comparison.summary import (
    ComparisonSummary,
    EntrantSummary,
    won_and_tried,
)

_COLUMNS = """
- **learned from**: {kinds}.
- **tape, program, table**: solved tasks, of all tasks of the family. Solved: right on 99 % of \
test instances of the longest default length (for sorting: 5 numbers), in most trainings. A dash: \
it does not act there. A question mark: not measured.
- **solved**: the share of the trainings, one for each task and seed, that end in \
success. [95 % interval]; [?]: one seed. Compare rows that have the same tasks: an agent has fewer \
where it cannot be applied to the others, or we gave it no settings for them.
- **median seconds**: CPU-seconds until a task is solved, over all these trainings. Agents that \
run whole programs in compiled code see far more steps in a second than PPO.
- **length × 10**: success in per cent at ten times the longest default length. A training that \
has not solved its task counts as 0. In brackets: tasks that could be asked there."""
"""Explains the short table."""
_TEAMS = """
- **approach**: {ways}. In each family the agent is shown that did best in these very results. \
The intervals leave that choice out, so approaches with more agents are flattered.
- **Help is not equal.** `search`, `policy-gradient` and the NRAM have settings for each tape, \
with the registers and steps of a known program, and the first two also pay for parts that no \
environment pays; policy search and NPI have settings for each program. Stable-Baselines3, \
sequence networks and imitation have them for a family, and a few for single tasks. `search` and \
`policy-gradient` choose their programs by pairs longer than the default lengths, too; sequence \
networks see none. Canonicalize shows pictures: only `npi` tries it."""
"""Explains rows that stand for several agents."""


def first_page(s: ComparisonSummary) -> str:
    """Return the table of the first page, with how to read it folded away."""
    return (
        f"{short_table(s)}\n\n<details>\n<summary>What the columns mean, and what to know of some "
        f"of these agents</summary>\n{how_to_read(s)}\n\n</details>"
    )


def short_table(s: ComparisonSummary) -> str:
    """Return a row for each agent, or for each approach, and the budget; see ``_rows``."""
    first = "approach" if _by_approach(s) else "agent"
    measures = ["solved", "median seconds", "length × 10"]
    head = [first, "learned from", *s.families, *measures]
    return f"{formats.table(head, [_cells(s, row) for row in _rows(s)])}\n\n{_budget(s)}"


def how_to_read(s: ComparisonSummary) -> str:
    """Return what the rows and columns of the short table mean, and the notes on its agents."""
    rows = _rows(s)
    ways = "; ".join(f"{row.name}: {APPROACHES[row.name]}" for row in rows if row.team)
    columns = _COLUMNS.format(kinds="; ".join(f"{k}: {GROUPS[k]}" for k in s.groups if k in GROUPS))
    return f"{_TEAMS.format(ways=ways) if ways else ''}{columns}{_notes(rows)}"


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
        team: Whether it is that of an approach.
        members: Who stands for it in each family where it acts.
    """

    name: str
    team: bool
    members: Mapping[str, EntrantSummary]

    @property
    def whole(self) -> EntrantSummary:
        """All results of the row, as if they were one agent's."""
        results = [result for family, each in self.members.items() for result in each.of(family)]
        return EntrantSummary(next(iter(self.members.values())).who, {}, results)

    @property
    def seeds(self) -> int:
        """How many trainings a task has, at least."""
        return min(each.seeds for each in self.members.values())


def _by_approach(s: ComparisonSummary) -> bool:
    """Return whether rows are approaches: where everyone takes part, and nobody was named."""
    return {each.name for each in ENTRANTS} <= set(s.plan.entrants)


def _approaches(s: ComparisonSummary) -> dict[str, list[EntrantSummary]]:
    """Return the trained agents of each approach; who has none stands by itself."""
    found: dict[str, list[EntrantSummary]] = {name: [] for name in APPROACHES}
    for each in _trained(s):
        found.setdefault(each.who.approach or each.who.name, []).append(each)
    return {name: members for name, members in found.items() if members}


def _trained(s: ComparisonSummary) -> list[EntrantSummary]:
    return [each for those in s.groups.values() for each in those]


def _rows(s: ComparisonSummary) -> list[_Row]:
    """Return a row for each agent, or one for each approach, with its best in each family."""
    if not _by_approach(s):
        return [_Row(each.who.name, False, _stands_for(s, [each])) for each in _trained(s)]
    return [
        _Row(name, name in APPROACHES, _stands_for(s, members))
        for name, members in _approaches(s).items()
    ]


def _stands_for(
    s: ComparisonSummary, members: Sequence[EntrantSummary]
) -> dict[str, EntrantSummary]:
    """Return the best of some agents in each family where any of them acts."""
    acting = {family: [each for each in members if each.of(family)] for family in s.families}
    return {family: _best(s, those, family) for family, those in acting.items() if those}


def _best(s: ComparisonSummary, members: Sequence[EntrantSummary], family: str) -> EntrantSummary:
    """Return who is best in a family. Who is still being measured waits, unless all are."""
    whole = [each for each in members if each.reached(s.reached, family)] or members
    return max(whole, key=lambda each: each.rank(s.reached, family))


def _cells(s: ComparisonSummary, row: _Row) -> list[str]:
    whole, seconds = row.whole, s.reached
    kinds = dict.fromkeys(each.group for each in row.members.values())
    return [
        row.name if row.team else f"`{row.name}`",
        ", ".join(kinds),
        *(_in_family(s, row, family) for family in s.families),
        _solved_share(s, row),
        formats.median_time(whole, seconds) if whole.reached(seconds) else UNKNOWN,
        _kept(whole, 10, seconds),
    ]


def _solved_share(s: ComparisonSummary, row: _Row) -> str:
    whole = row.whole
    share = whole.solved(s.reached)
    if share is None:
        return UNKNOWN
    of_all = f"<br>of {formats.count_tasks(len(whole.results))}"
    return formats.interval(share, row.seeds) + (of_all if row.team else formats.of_tasks(s, whole))


def _in_family(s: ComparisonSummary, row: _Row, family: str) -> str:
    """Return how many tasks are solved, and by which agent of an approach, if any."""
    each = row.members.get(family)
    if each is None:
        return NOTHING
    named = each.who.name != row.name and each.won(s.reached, family)
    return _count(s, each, family) + (f"<br>`{each.who.name}`" if named else "")


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
    text += " Settings were found by hand, on these tasks and some of these seeds."
    text += _solved_by_kind(s)
    if done < len(cells):
        text += f" Unfinished: {done:,} of {len(cells):,} trainings are measured."
    if s.waiting:
        text += f" Not counted yet: {s.waiting} of these, as their agent lacks tasks of their seed."
    return text


def _solved_by_kind(s: ComparisonSummary) -> str:
    """Say how many tasks agents of each row or kind of supervision solve, of those measured."""
    counts = []
    by_approach = _by_approach(s)
    kinds = _approaches(s) if by_approach else s.groups
    for name, members in kinds.items():
        known, tried = won_and_tried(members, s.reached)
        later, _ = won_and_tried(members, s.budgets[-1])
        more = [f"{later} with up to {s.budgets[-1]:g} s"] if later > known else []
        if single := _won_by_one(members, s.reached):
            more.append(f"{single} by one training")
        which = f"{'by' if by_approach else 'from'} {name}"
        counts.append(f"{known} of {tried} {which}" + (f" ({'; '.join(more)})" * bool(more)))
    return f" Tasks that any agent solves, of those tried: {', '.join(counts)}."


def _won_by_one(members: Sequence[EntrantSummary], seconds: float) -> int:
    """Return how many tasks are solved by agents of one seed alone."""
    won = [result for each in members for result in each.won(seconds)]
    several = {result.env for result in won if len(result.runs) > 1}
    return len({result.env for result in won} - several)
