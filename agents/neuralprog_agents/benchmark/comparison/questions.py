"""The four questions of the field, and what each agent answers."""

from __future__ import annotations

from neuralprog_agents.benchmark.comparison import formats, tasks
from neuralprog_agents.benchmark.comparison.formats import NOTHING, UNKNOWN
from neuralprog_agents.benchmark.comparison.plan import FACTORS, GROWING
from neuralprog_agents.benchmark.comparison.summary import ComparisonSummary, EntrantSummary
from neuralprog_envs.registry import find

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


def questions(s: ComparisonSummary) -> str:
    """Return the questions, and a table with a row for each agent."""
    head = ["agent", "learned from", f"1. time with memory × {FACTORS[-1]}", "2. complex tasks",
            "3. longest program", "4. length × 2, 10, 100", "wider values", "reusable"]  # fmt: skip
    table = formats.table(head, [_question_row(s, each) for each in s.entrants])
    return f"{_QUESTIONS.format(seconds=s.reached)}\n{table}"


def _question_row(s: ComparisonSummary, each: EntrantSummary) -> list[str]:
    steps = each.longest(s.reached)
    return [
        f"`{each.who.name}`",
        each.group if each.who.agent else NOTHING,
        _growth(s, each),
        _complex(s, each),
        f"{steps:,.0f} steps" if steps else NOTHING,
        ", ".join(_beyond(each, k, s.reached) for k in (2, 10, 100)),
        formats.percent(each.wider(s.reached)),
        "yes" if each.who.reusable else "no",
    ]


def _beyond(each: EntrantSummary, multiple: int, seconds: float) -> str:
    """Return the success at a multiple of the length, and of how many tasks it is the mean."""
    found = each.beyond(multiple, seconds)
    if found is None:
        return NOTHING
    return f"{formats.percent(found)} ({each.played(multiple, seconds)})"


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
