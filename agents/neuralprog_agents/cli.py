"""The command line: ``neuralprog train|evaluate|run …``; ``_COMMANDS`` lists every command.

Nothing but the standard library is imported before a command is known.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from neuralprog_agents.commands import errors
from neuralprog_agents.commands.hints import installation
from neuralprog_agents.training.interrupts import terminable

_SPLITS = ("test", "train", "validation", "all")
_EXTRA = {
    **dict.fromkeys(("yaml", "rich", "safetensors", "tensorboard", "torch", "numba"), "agents"),
    "PIL": "render",
    "matplotlib": "plot",
    **dict.fromkeys(("stable_baselines3", "sb3_contrib"), "rl"),
    "minari": "offline",
    "z3": "prove",
    "optuna": "tune",
    "ray": "sweep",
}
"""Which extra brings a module that may be missing."""

_AGENT_HELP = "a pretrained agent's name (nram-sort), a run folder, random, expert, or several: A,B"
_FUNCTIONS = {"list": "list_names"}
"""The function of a command, where it is not the command's name."""
_AGENTS_HELP = f"{_AGENT_HELP}; a policy's file NAME.py; several with spaces between are compared"
_TRAINING = {"train": "train", "sweep": "train", "tune": "tune"}
"""The modules of the commands that also take the settings of an agent."""

_OVERRIDES = """\
Every key of the agent's config can be given as --key value, over the file.
`%(prog)s --config FILE --help` lists the keys of that file's agent."""


def main(words: Sequence[str] | None = None, command: str | None = None) -> int:
    """Run a command; return the exit status.

    It is 0 only if the job was done, and 2 for bad input, explained in one line. ``words`` are the
    command line, by default that of the process. ``command`` comes before them: the scripts that
    are named after a command pass it.
    """
    given = list(sys.argv[1:] if words is None else words)
    _print_in_any_encoding()
    try:
        with terminable():
            return _dispatch([*([command] if command else []), *given])
    except errors.UsageError as error:
        print(f"neuralprog: {error}", file=sys.stderr)
        return error.status
    except ModuleNotFoundError as error:
        extra = _EXTRA.get((error.name or "").partition(".")[0])
        if extra is None and error.name != "wandb":
            raise
        message = f"needs {error.name}: pip install {installation(extra) if extra else error.name}"
        print(f"neuralprog: {message}", file=sys.stderr)
        return errors.BAD_INPUT
    except BrokenPipeError:  # as of `neuralprog … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return errors.FAILURE
    except KeyboardInterrupt as error:
        print("interrupted" + (f": {error}" if str(error) else ""), file=sys.stderr)
        return errors.INTERRUPTED


def _print_in_any_encoding() -> None:
    """Escape what the console's encoding lacks, as Python does: an answer must not be lost."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _dispatch(words: list[str]) -> int:
    args, rest = _parser().parse_known_args(words)
    args.words = words
    _import_tasks(args)
    if args.command not in _TRAINING:
        if rest:
            args.parser.error(f"unrecognized arguments: {' '.join(rest)}")
        return _command(args.command, _FUNCTIONS.get(args.command, args.command))(args)
    if args.help:
        return _training_help(args)
    return _command(_TRAINING[args.command], args.command)(args, rest)


def _command(module: str, name: str) -> Callable[..., int]:
    command: Callable[..., int] = getattr(
        import_module(f"neuralprog_agents.commands.{module}"), name
    )
    return command


def _import_tasks(args: argparse.Namespace) -> None:
    """Import the modules of typed ids, ``--env my_task:MyTask``: no other text may name code.

    The working directory is searched last, and for these only: what lies there may be a stranger's.
    """
    typed = [getattr(args, "env", None), *getattr(args, "envs", ())]
    for env_id in (word for word in typed if word and ":" in word):
        from neuralprog_envs.registry import import_task

        if "" not in sys.path:
            sys.path.append("")
        with errors.input_errors():
            import_task(env_id)


class _Parser(argparse.ArgumentParser):
    """Raises ``UsageError`` where argparse prints its usage and exits."""

    def error(self, message: str) -> NoReturn:
        raise errors.UsageError(f"{message} (see {self.prog} --help)")


class _Version(argparse.Action):
    """Prints the version, which it looks up only now, and leaves."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from neuralprog_agents import __version__

        print(f"{parser.prog} {__version__}")
        parser.exit()


def _parser() -> _Parser:
    parser = _Parser(prog="neuralprog", description="Learn programs, score them, apply them.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and leave")
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", parser_class=_Parser, dest="command"
    )
    for name, (text, add_flags) in _COMMANDS.items():
        made = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=_OVERRIDES if name in _TRAINING else None,
            add_help=name not in _TRAINING,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.set_defaults(parser=made)
        add_flags(made)
    return parser


def _add_settings(parser: _Parser) -> None:
    parser.add_argument("-h", "--help", action="store_true", help="show this and leave")
    parser.add_argument(
        "--config", metavar="FILE", help="settings: a YAML file, or a name (nram/copy)"
    )
    parser.add_argument("--env", metavar="ID", help="the environment (the config's)")
    parser.add_argument("--output", metavar="DIR", help="the run folder's name")


def _add_training(parser: _Parser) -> None:
    _add_settings(parser)
    parser.add_argument("--resume", metavar="RUN", help="go on where it was interrupted")
    parser.add_argument("--workers", type=int, metavar="W", help="restarts at once (all cores)")
    parser.add_argument("--track", action="store_true", help="send it to Weights & Biases as well")
    parser.add_argument(
        "--wandb-project-name",
        default="neuralprog",
        metavar="NAME",
        help="that of W&B (neuralprog)",
    )
    parser.add_argument("--wandb-entity", metavar="NAME", help="the user or team there")


def _add_train(parser: _Parser) -> None:
    _add_training(parser)
    parser.add_argument("--save", metavar="FILE.py", help="write what it learned as Python")


def _add_sweep(parser: _Parser) -> None:
    _add_training(parser)
    parser.add_argument("--restarts", type=int, metavar="N", help="how many (the config's)")
    parser.add_argument("--ray", metavar="ADDRESS", help="a Ray cluster: auto, or its head")


def _add_tune(parser: _Parser) -> None:
    _add_settings(parser)
    parser.add_argument(
        "--seconds",
        type=float,
        default=1800.0,
        metavar="S",
        help="CPU time of the study (1800)",
    )
    parser.add_argument(
        "--trial-seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="CPU time of one training (60)",
    )
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="trainings a trial (2)")
    parser.add_argument(
        "--search",
        action="append",
        default=[],
        metavar="KEY=VALUES",
        help="a setting to tune: gamma=0.9..1.0, learning_rate=1e-4..1e-2:log, width=[64, 128] "
        "(those that training.tuning.SEARCHES has for the agent)",
    )
    parser.add_argument(
        "--trials", type=int, default=10_000, metavar="N", help="the most trials (as many as fit)"
    )
    parser.add_argument("--metric", metavar="NAME", help="what a trial is judged by (best)")


def _add_evaluate(parser: _Parser) -> None:
    parser.add_argument("--agent", required=True, nargs="+", metavar="NAME", help=_AGENTS_HELP)
    parser.add_argument("--env", metavar="ID", help="the environment (the agent's own)")
    parser.add_argument(
        "--lengths", type=int, nargs="+", metavar="N", help="of instances (its own)"
    )
    parser.add_argument("--episodes", type=int, default=100, metavar="N", help="a length (100)")
    parser.add_argument("--seed", type=_natural, default=0, metavar="N", help="of them (0)")
    parser.add_argument(
        "--split", metavar="NAME", help=f"{', '.join(_SPLITS)} (test), or a file of --data's"
    )
    parser.add_argument(
        "--data",
        metavar="FOLDER",
        help="a release of WikiTableQuestions: all questions of its file SPLIT, official rules",
    )
    parser.add_argument("--predictions", metavar="FILE", help="write the answers to them there")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_prove(parser: _Parser) -> None:
    parser.add_argument("--agent", required=True, metavar="NAME_OR_RUN", help=_AGENT_HELP)
    parser.add_argument("--env", metavar="ID", help="one environment (all that it has learned)")
    parser.add_argument(
        "--certificate", metavar="FILE", help="the file to write (AGENT-certificate.json)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_recheck(parser: _Parser) -> None:
    parser.add_argument("--agent", required=True, metavar="NAME_OR_RUN", help=_AGENT_HELP)
    parser.add_argument(
        "--certificate", required=True, metavar="FILE", help="the file that prove has written"
    )


def _add_run(parser: _Parser) -> None:
    parser.add_argument("--agent", metavar="NAME_OR_RUN", help=_AGENT_HELP)
    parser.add_argument("--input", metavar="TEXT", help='"3 1 2 5 4" (an instance of the task)')
    parser.add_argument("--table", metavar="FILE.csv", help="the table that INPUT is asked about")
    parser.add_argument("--length", type=_natural, metavar="N", help="the instance's length")
    parser.add_argument(
        "--seed", type=_natural, default=0, metavar="N", help="the instance's seed (0)"
    )
    parser.add_argument("--env", metavar="ID", help="the environment (the agent's own)")
    parser.add_argument("--memory-size", type=int, metavar="M", help="cells (what the input needs)")
    parser.add_argument("--json", action="store_true", help="print the trace as one JSON object")
    parser.add_argument(
        "--unfold", action="store_true", help="nest a program's last calls of itself"
    )
    parser.add_argument("--html", metavar="FILE", help="write the trace as a page to step through")
    parser.add_argument("--gif", metavar="FILE", help="write the trace as a moving picture")
    parser.add_argument("--trace", metavar="FILE", help="show a trace that --json has printed")


def _add_demonstrations(parser: _Parser) -> None:
    parser.add_argument("--env", required=True, metavar="ID", help="the environment")
    parser.add_argument("--episodes", type=int, default=100, metavar="N", help="how many (100)")
    parser.add_argument(
        "--lengths", type=int, nargs=2, metavar="N", help="the shortest and the longest (its own)"
    )
    parser.add_argument("--seed", type=_natural, default=0, metavar="N", help="of them (0)")
    parser.add_argument("--split", choices=_SPLITS, default="train", help="of them (train)")
    parser.add_argument(
        "--output", metavar="ID", help="the dataset's id (neuralprog/NAME/expert-v0)"
    )


def _add_benchmark(parser: _Parser) -> None:
    parser.add_argument("what", choices=("speed", "compare", "ablation", "library"))
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="the folder (results; runs/ for --quick and parts of a comparison)",
    )
    speed = parser.add_argument_group("speed")
    speed.add_argument(
        "--baseline",
        type=Path,
        metavar="DIR",
        help="an earlier checkout, whose search runs beside: its code is executed",
    )
    ablation = parser.add_argument_group("ablation")
    ablation.add_argument("--data", metavar="FOLDER", help="a release of WikiTableQuestions")
    both = parser.add_argument_group("compare, ablation and library")
    both.add_argument("--report", action="store_true", help="only report what is measured")
    both.add_argument("--seeds", type=int, metavar="N", help="trainings of each kind")
    compare = parser.add_argument_group("compare")
    compare.add_argument("--plan", action="store_true", help="only say what is left, and its cost")
    compare.add_argument(
        "--page", type=Path, metavar="FILE", help="put the short table into this page, too"
    )
    compare.add_argument(
        "--agents",
        nargs="+",
        default=(),
        metavar="NAME",
        help="entrants, installed agents, policies' files NAME.py (all entrants)",
    )
    compare.add_argument("--envs", nargs="+", default=(), metavar="ID", help="environments (all)")
    compare.add_argument("--seconds", type=float, metavar="S", help="CPU-seconds of each training")
    compare.add_argument("--workers", type=int, metavar="W", help="trainings at once (all cores)")
    compare.add_argument("--ray", metavar="ADDRESS", help="a Ray cluster: auto, or its head")


def _add_list(parser: _Parser) -> None:
    parser.add_argument("what", nargs="?", choices=("agents", "environments", "configs"))


def _natural(word: str) -> int:
    if not word.isdecimal() or len(word) > 18:
        raise argparse.ArgumentTypeError(
            f"must be at least 0, a whole number of at most 18 digits, got {word[:40]}"
        )
    return int(word)


def _no_flags(parser: _Parser) -> None:
    """Add nothing."""


_COMMANDS: Mapping[str, tuple[str, Callable[[_Parser], None]]] = {
    "train": ("Train an agent.", _add_train),
    "sweep": ("Repeat a training with other random numbers; tell how many succeed.", _add_sweep),
    "tune": ("Search good settings within a budget of processor time.", _add_tune),
    "evaluate": ("Score an agent at given lengths.", _add_evaluate),
    "prove": ("Check everything of an agent that can be proven.", _add_prove),
    "recheck": ("Check certificates anew, by other code.", _add_recheck),
    "run": ("Apply an agent to your own input, or to an instance of its task.", _add_run),
    "demonstrations": ("Write runs of an expert as a Minari dataset.", _add_demonstrations),
    "list": ("Show the names of agents, environments and configs.", _add_list),
    "benchmark": ("Measure, and write results/.", _add_benchmark),
    "demo": ("Learn Copy, score it far beyond its training, show the program.", _no_flags),
}
"""What each command does, and what adds its flags."""


def _training_help(args: argparse.Namespace) -> int:
    args.parser.print_help()
    if args.config:
        from neuralprog_agents.training import config, shipped

        with errors.input_errors():
            print(f"\n{config.help_text(config.read_agent(shipped.locate(args.config)))}")
    return errors.SUCCESS


if __name__ == "__main__":
    sys.exit(main())
