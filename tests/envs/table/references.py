"""A table machine in plain Python, and the grammar spelled out: slow references for the tests."""

from __future__ import annotations

import re
from itertools import product


class Slow:
    """One instance; sets of rows, lists of numbers."""

    def __init__(self, instances):
        self.rows = [r for r, there in enumerate(instances.present[0].tolist()) if there]
        self.columns = int(instances.column_count[0])
        self.pivots = instances.pivots[0].tolist()[: int(instances.pivot_count[0])]
        self.cells = {
            (r, c): instances.numbers[0, r, c].item()
            for r in self.rows
            for c in range(self.columns)
            if instances.valid[0, r, c]
        }
        self.marks = {
            name: {(r, c) for r, c in zip(*array[0].nonzero(), strict=True)}
            for name, array in (
                ("match", instances.matches),
                ("frequent", instances.frequent),
                ("like", instances.similar),
                ("shared", instances.shared),
            )
        }
        self.entries, self.spans = instances.entries[0].tolist(), instances.spans[0].tolist()
        self.selected, self.before = set(self.rows), set(self.rows)
        self.scalars = [0.0, 0.0, 0.0]
        self.printed = set()

    def step(self, name, column, pivot):  # noqa: C901 - every operation, spelled out
        chosen, scalar, printed = set(), 0.0, set()
        values = {r: self.cells[r, column] for r in self.rows if (r, column) in self.cells}
        ranked = [(v, r) for r, v in values.items() if r in self.selected]
        ordered = sorted(self.selected)
        number = self.pivots[pivot] if pivot < len(self.pivots) else None
        entries = [row[column] for row in self.entries if row]
        one = ordered[0] if ordered else None
        if name == "sum":
            scalar = sum(v for v, _ in ranked)
        elif name == "average":
            scalar = sum(v for v, _ in ranked) / len(ranked) if ranked else 0.0
        elif name == "distinct":
            scalar = float(len({entries[r] for r in self.selected} - {0}))
        elif name == "span":
            scalar = abs(self.spans[ordered[0]][column]) if ordered else 0.0
        elif name == "gap":
            scalar = max(v for v, _ in ranked) - min(v for v, _ in ranked) if ranked else 0.0
        elif name == "count":
            scalar = float(len(self.selected))
        elif name == "difference":
            scalar = self.scalars[-3] - self.scalars[-1]
        elif name in ("greater", "lesser", "geq", "leq"):
            for r, v in values.items() if number is not None else ():
                if number >= 1000 and 10_000_000 <= v < 30_000_000:
                    v = float(str(v)[:4])
                holds = {
                    "greater": v > number, "lesser": v < number,
                    "geq": v >= number, "leq": v <= number,
                }[name]  # fmt: skip
                chosen |= {r} if holds else set()
        elif name == "and":
            chosen = self.selected & self.before
        elif name == "or":
            chosen = self.selected | self.before
        elif name == "print":
            printed = {(r, column) for r in self.selected} if column < self.columns else set()
        elif name == "reset":
            chosen = set(self.rows)
        elif name == "unlike":
            shared = {r for r, c in self.marks["shared"] if c == column}
            chosen = {r for r in self.rows if entries[r]} - shared
        elif name == "mode":
            texts = [entries[r] for r in ordered if entries[r]]
            most = max(texts, key=texts.count, default=0)
            chosen = {r for r in ordered if entries[r] == most != 0}
        elif name == "longest":
            spans = {r: abs(self.spans[r][column]) for r in ordered if self.spans[r][column]}
            chosen = {max(spans, key=lambda r: (spans[r], -r))} if spans else set()
        elif name == "same" and ordered and entries[one]:
            chosen = {r for r in self.rows if entries[r] == entries[one]} - {one}
        elif name == "more" and one in values:
            chosen = {r for r, v in values.items() if v > values[one]}
        elif name == "fewer" and one in values:
            chosen = {r for r, v in values.items() if v < values[one]}
        elif name == "above" and ordered:
            chosen = {r for r in self.rows if r < one}
        elif name == "below" and ordered:
            chosen = {r for r in self.rows if r > ordered[-1]}
        elif name in ("same", "more", "fewer", "above", "below"):
            chosen = set()
        elif name in self.marks:
            chosen = {r for r, c in self.marks[name] if c == column}
        elif name == "prev":
            chosen = {r - 1 for r in self.selected} & set(self.rows)
        elif name == "next":
            chosen = {r + 1 for r in self.selected} & set(self.rows)
        elif name == "first":
            chosen = set(ordered[:1])
        elif name == "last":
            chosen = set(ordered[-1:])
        elif name == "max":
            chosen = {min(ranked, key=lambda pair: (-pair[0], pair[1]))[1]} if ranked else set()
        elif name == "min":
            chosen = {min(ranked, key=lambda pair: (pair[0], -pair[1]))[1]} if ranked else set()
        else:
            raise AssertionError(name)
        self.before, self.selected = self.selected, chosen
        self.scalars.append(scalar)
        self.printed = printed

    def answer(self):
        """Return the printed numbers, or the scalar, rounded."""
        if self.printed:
            return [self.cells[cell] for cell in sorted(self.printed)]
        return round(self.scalars[-1], 6)

    def read(self, question):
        """Return the answer to a question in the plain words of the numeric grammar."""
        condition = re.compile(r"(greater|lesser) (-?[\d.]+) ([A-Z])")
        rows = None
        joint = "or" if " or " in question else "and"
        for relation, number, name in condition.findall(question):
            column = "ABCDEFGHIJ".index(name)
            sign = 1 if relation == "greater" else -1
            met = {r for r in self.rows if (self.cells[r, column] - float(number)) * sign > 0}
            rows = met if rows is None else rows | met if joint == "or" else rows & met
        rows = sorted(self.rows if rows is None else rows)
        finish = re.search(r"(?:sum|count|print).*$", question)[0].split()
        column = [("ABCDEFGHIJ".index(word)) for word in finish if len(word) == 1]
        values = [self.cells[r, column[0]] for r in rows] if column else []
        results = {"sum": sum(values), "count": len(rows), "print": values}
        if "diff" in finish:
            first, second = (word for word in finish if word in ("sum", "count"))
            return round(results[first] - results[second], 6)
        result = results[finish[0]]
        return (result or 0.0) if finish[0] == "print" else round(result, 6)


def enumerate_templates(grammar, columns):
    """Return every question of a grammar with its columns written out, without repeats."""
    names = "ABCDEFGHIJ"[:columns]
    texts = set()
    for _, pieces in grammar.patterns:
        slots = [piece for piece in pieces if piece.startswith("@")]
        for chosen in product(names, repeat=len(slots)):
            fill = dict(zip(slots, chosen, strict=True))
            texts.add(" ".join(fill.get(piece, piece) for piece in pieces))
    return texts
