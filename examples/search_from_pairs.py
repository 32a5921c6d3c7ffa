"""A search for a program of a tape task, from input/output pairs alone.

    python examples/search_from_pairs.py --env NRAMAccess-v0 --instructions 4

The program is a sequence of instructions without jumps. A Markov chain changes one instruction at
a time (Schkufza et al., "Stochastic superoptimization", ASPLOS 2013): what makes more cells right
is kept, what makes fewer is kept with a probability that falls with the loss. It is then scored on
longer instances that it has never seen. It takes a second, and needs the package alone.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs import make_task
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.tape.language import TapeLanguage

Program = NDArray[np.int64]
"""Instructions (operation, a, b, destination), shape (L, 4)."""


@dataclass
class Args:
    """The settings; each is a flag."""

    env: str = "NRAMAccess-v0"
    """a tape task that a program without jumps can solve"""
    instructions: int = 4
    """L, the length of the program"""
    pairs: int = 64
    """how many pairs are learned from"""
    proposals: int = 200_000
    """the most changes that are tried"""
    temperature: float = 0.02
    """a loss of so many right answers is kept with probability 1/e"""
    seed: int = 0
    """of the pairs and of the search"""


def run(task, instances, program: Program) -> NDArray[np.float64]:
    """Execute a program on n instances; return the right part of each answer, shape (n,)."""
    state = task.machine.initial(instances)
    for instruction in program:
        rows = np.broadcast_to(instruction, (len(instances.length), 4))
        state = task.machine.advance(state, rows)
    return task.score(state, instances)


def changed(program: Program, choices: NDArray[np.int64], random: np.random.Generator) -> Program:
    """Return the program with one instruction replaced, or one number of it, or two exchanged."""
    new, (i, j) = program.copy(), random.integers(len(program), size=2)
    kind = random.random()
    if kind < 0.2:
        new[[i, j]] = new[[j, i]]
    elif kind < 0.5:
        new[i] = random.integers(choices)
    else:
        number = random.integers(4)
        new[i, number] = random.integers(choices[number])
    return new


def search(task, instances, args: Args) -> tuple[Program, int]:
    """Return the program that was found, and after how many proposals."""
    random = np.random.default_rng(args.seed)
    choices = np.array(task.machine.actions) - [1, 0, 0, 0]  # HALT, the last operation, is not used
    program = random.integers(choices, size=(args.instructions, 4))
    score = run(task, instances, program).mean()
    for proposal in range(args.proposals):
        if score == 1.0:
            return program, proposal
        new = changed(program, choices, random)
        new_score = run(task, instances, new).mean()
        if random.random() < np.exp((new_score - score) / args.temperature):
            program, score = new, new_score
        if proposal % 20_000 == 0:
            print(f"{proposal:>8,} proposals, {score:.1%} of the cells right")
    return program, args.proposals


def main(words: list[str] | None = None) -> None:
    """Search, print the program, score it on new instances."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, value in vars(Args()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    args = Args(**vars(parser.parse_args(words)))
    task = make_task(args.env)
    learned_from = pairs(task, args.pairs, length=task.lengths, seed=args.seed)
    program, proposals = search(task, learned_from, args)
    language = TapeLanguage(task.machine)
    print("\n".join(language.write(instruction) for instruction in program))
    longer = (2 * task.lengths[1], 4 * task.lengths[1])
    new = make_task(args.env, length=longer, registers=task.machine.registers)
    tests = pairs(new, 1000, length=longer, split="test")
    right = (run(new, tests, program) == 1.0).mean()
    print(f"after {proposals:,} proposals; right on {right:.1%} of 1,000 longer instances")


if __name__ == "__main__":
    main()
