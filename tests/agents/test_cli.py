"""The commands: bad input is one line and status 2, bugs keep their traceback."""

import io
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from neuralprog_agents.cli import main
from neuralprog_agents.commands import demo
from neuralprog_agents.commands.evaluate import possible_lengths
from neuralprog_agents.evaluation import agents
from neuralprog_agents.training import config as settings
from neuralprog_agents.training import runs, shipped
from neuralprog_agents.training.files import locked
from neuralprog_envs import REGISTRY, __version__

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def learned(toy, capsys):
    path = toy.write(lucky="[1]", restarts=3)
    assert main(["train", "--config", str(path), "--output", "run", "--workers", "1"]) == 0
    capsys.readouterr()
    return "run"


def refused(capsys, words, message):
    assert main(words.split() if isinstance(words, str) else words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert message in err


BAD_INPUT = [
    ("", "COMMAND"),
    ("list agnets", "invalid choice: 'agnets'"),
    ("trian", "invalid choice: 'trian'"),
    ("train", "needs --config FILE or --resume RUN"),
    ("train --config none.yaml", "none.yaml: No such file"),
    ("train --config broken.yaml", "not valid YAML"),
    ("train --config list.yaml", "must be a mapping"),
    ("train --config nobody.yaml", "says no agent"),
    ("train --config stranger.yaml", "unknown agent 'nrma': did you mean nram"),
    ("train --config typo.yaml", "unknown setting totl: did you mean total"),
    ("train --config value.yaml", "total: expected int, got many"),
    ("train --config toy.yaml --totl 5", "unknown setting --totl: did you mean --total"),
    ("train --config toy.yaml --totl=5", "unknown setting --totl: did you mean --total"),
    ("train --config toy.yaml --total many", "total: expected int, got many"),
    ("train --config toy.yaml --total 0", "total must be at least 1"),
    ("train --config toy.yaml --total 9999999", "total is absurd"),
    ("train --config toy.yaml --seed=-1", "seed must be at least 0"),
    ("train --config toy.yaml --total", "expected one argument"),
    ("train --config toy.yaml stray", "unrecognized arguments: stray"),
    ("train --config toy.yaml --env NRAMCpoy-v0", "did you mean NRAMCopy-v0"),
    ("train --config toy.yaml --restarts 0", "restarts must be at least 1 and at most 1,000,000"),
    (
        "train --config toy.yaml --restarts 1000000000000",
        "restarts must be at least 1 and at most 1,000,000",
    ),
    ("train --config toy.yaml --workers 0", "--workers must be from 1 to 1,024"),
    ("sweep --config toy.yaml --workers 1000000", "--workers must be from 1 to 1,024"),
    ("train --config toy.yaml --workers two", "invalid int value"),
    ("train --config toy.yaml --output foreign", "not empty"),
    ("train --resume nowhere", "no such folder"),
    ("train --resume foreign", "not a run folder"),
    ("sweep --config toy.yaml --ray auto", "needs ray: pip install "),
    ("tune", "tune needs --config FILE"),
    ("tune --config toy.yaml", "nothing is tuned of toy by default: give --search"),
    ("tune --config toy.yaml --metric step --search total", "must be KEY=VALUES"),
    ("tune --config toy.yaml --metric step --search total=9..2", "give a range"),
    ("tune --config toy.yaml --metric step --search pause=0..1:log", "give a range"),
    ("tune --config toy.yaml --metric step --search total=[]", "or choices"),
    ("tune --config toy.yaml --metric step --search totl=1..9", "unknown setting --totl"),
    ("tune --config toy.yaml --metric step --search total=-9..0", "total must be at least 1"),
    ("tune --config toy.yaml --metric loss --search total=1..9", "toy reports step, progress"),
    ("tune --config toy.yaml --seeds 0", "--seeds and --trials must be at least 1"),
    ("tune --config toy.yaml --seconds 9 --trial-seconds 10", "at most --seconds"),
    ("evaluate", "required: --agent"),
    ("evaluate --agent nobody", "available: "),
    ("evaluate --agent random", "needs an environment"),
    ("evaluate --agent random --env NRAMCpoy", "did you mean NRAMCopy-v0"),
    ("evaluate --agent random --env NRAMCopy --lengths 1", "too few instances"),
    ("evaluate --agent random --env NRAMCopy --lengths 0", "length 0 is impossible"),
    ("evaluate --agent random --env NRAMCopy --lengths five", "invalid int value"),
    ("evaluate --agent random --env NRAMCopy --episodes 0", "episodes must be at least 1"),
    ("evaluate --agent random --env NRAMCopy --split tset", "invalid choice: 'tset'"),
    ("evaluate --agent random --env NRAMCopy --seed -1", "must be at least 0"),
    ("evaluate --agent random --env NRAMCopy --seed one", "must be at least 0, a whole number"),
    ("run --agent random --env NRAMCopy --seed 100000000000000000000", "at most 18 digits"),
    (["run", "--agent", "random", "--env", "NRAMCopy", "--seed", "9" * 5000], "at most 18 digits"),
    ("benchmark speed --quick --output toy.yaml", "toy.yaml: File exists"),
    ("benchmark speed --quick --baseline none", "--baseline: none is no checkout with folders"),
    ("evaluate --agent random --env NRAMCopy --sede 1", "unrecognized arguments: --sede"),
    ("run --agent expert --env NRAMCopy --input x", "must be whole numbers"),
    ("run --agent expert --env NRAMCopy --input 0", "value"),
    ("run --agent expert --env NRAMCopy --input 9 --memory-size 5", "value 9 is not in 0..4"),
    ("run --agent expert --env NRAMCopy --input 9,9,9 --memory-size 4", "memory_size"),
    ("evaluate --agent search-sort --env NPIHanoi", "acts in tape tasks (NRAMSort-v0), and NPIH"),
    ("evaluate --agent nram-copy --env NPSingleColumn", "NPSingleColumn-v0 is a table task"),
    ("run --agent npi-hanoi --env NRAMCopy --input 1", "NRAMCopy-v0 is a tape task"),
    ("evaluate --agent search-sort,nram-zort", "unknown agent 'nram-zort'"),
    ("evaluate --agent search-sort,nram-copy", "a comma joins agents of one kind"),
    ("evaluate --agent npi-hanoi,npi-max", "evaluate --agent npi-hanoi npi-max"),
    ("evaluate --agent search-sort --episodes 1000000000000", "may take"),
    ("evaluate --agent search-sort nobody", "available: "),
    ("evaluate --agent search-sort npi-hanoi", "npi-hanoi acts in program tasks"),
    ("evaluate --agent search-sort random --split pristine", "are asked of one agent, got 2"),
    ("evaluate --agent nowhere.py", "nowhere.py: No such file"),
    ("evaluate --agent search-sort --lengths 1000000000", "at most 1,000,000, got 1000000000"),
    ("evaluate --agent npi-hanoi --lengths 4 40", "100 episodes of length 40 may take"),
    ("run --agent search-sort --length 9223372036854775808", "of at most 18 digits, got 92"),
    ("run --agent search-sort --length 900000", "an instance of length 900,000 may take"),
    ("run --agent search-sort --input 10000000", "needs a tape of 10,000,002 cells"),
    ("run --agent search-sort --input 3 --memory-size 100000000", "at most 1,048,576 are poss"),
    (["run", "--agent", "search-sort", "--input", "3 " * 10**5], "may take"),
    (["run", "--agent", "npi-bubblesort", "--input", "3 " * 10**4], "may take"),
    ("run --agent npi-hanoi --input 60", "an instance of length 60 may take"),
    ("run --agent foreign --input 1", "card.json"),
    ("run --agent ntm-copy-classic --input 300,1,2", "value 300 can't be read in 8 bits"),
    ("evaluate --agent blind.py", "it is too dark"),
    ("evaluate --agent blind.py --json", "it is too dark"),
    ("run --agent expert --env NRAMCopy --input 1 --length 9", "length is that of an instance"),
    ("run --agent expert --env NRAMCopy --memory-size 9", "give an input, too"),
    ("run --agent expert --env NPTableQA --table medals.csv", "give the question as input, too"),
    ("run --trace a.json --html a.html --gif a.gif", "--gif: --trace shows a run of the past"),
    ("run --trace a.json --html a.html --agent expert", "--agent: --trace shows a run of the past"),
    ("run --agent expert --env NRAMCopy --html foreign", "foreign: is a folder"),
    ("evaluate --agent expert --env NRAMCopy --predictions x", "--predictions: only environments"),
    ("evaluate --agent expert --env NRAMCopy --data x", "--data: only environments of real"),
    ("evaluate --agent random --env NPWikiTableQuestions --data x --lengths 4", "--lengths: all q"),
    ("evaluate --agent random --env NPWikiTableQuestions --data x --episodes 4", "--episodes: all"),
    ("evaluate --agent random --env NPWikiTableQuestions --predictions no/x", "there is no folder"),
    ("prove --agent search-copy --certificate no/x.json", "no/x.json: there is no folder no"),
    ("benchmark all", "invalid choice: 'all'"),
    ("benchmark ablation --quick", "--quick: ablation takes --output, --data, --report, --seeds"),
    ("benchmark speed --seeds 2", "--seeds: speed takes --quick, --output, --baseline"),
    ("benchmark library --baseline x", "--baseline: library takes --output, --report, --seeds"),
    ("prove --agent mine.py", "mine.py: nothing can be proven of this agent"),
    ("benchmark", "required: what"),
    ("benchmark sped", "invalid choice: 'sped'"),
]


MINE = """
from neuralprog_agents.evaluation.reference import ExpertPolicy


class Mine(ExpertPolicy):
    def __init__(self):
        super().__init__("NRAMCopy-v0")

    def prove(self):
        return []
"""
BLIND = """
from neuralprog_agents.agent import UnreadableError


class Blind:
    env_id = "NRAMCopy-v0"

    def settings(self, length):
        return {}

    def answer(self, task, instances):
        raise UnreadableError("it is too dark")
"""


@pytest.mark.parametrize(("words", "message"), BAD_INPUT)
def test_bad_input_is_one_line_and_status_2(toy, capsys, monkeypatch, words, message):
    monkeypatch.setitem(sys.modules, "ray", None)
    toy.write()
    toy.write("typo.yaml", totl=3)
    toy.write("value.yaml", total="many")
    Path("broken.yaml").write_text("a: [1\nb: {")
    Path("list.yaml").write_text("- 1\n")
    Path("nobody.yaml").write_text("seed: 1\n")
    Path("stranger.yaml").write_text("agent: nrma\n")
    Path("mine.py").write_text(MINE)
    Path("blind.py").write_text(BLIND)
    Path("foreign").mkdir()
    Path("foreign/thesis.tex").touch()
    refused(capsys, words, message)


def test_damaged_agents_are_one_line_and_status_2(learned, capsys):
    Path(learned, "weights.safetensors").write_bytes(b"short")
    refused(capsys, f"evaluate --agent {learned}", "cut short or not a safetensors file")
    Path(learned, "card.json").write_text("{")
    refused(capsys, f"run --agent {learned} --input 1", "not valid JSON")


def test_training_says_honestly_that_nothing_was_learned(toy, capsys):
    path = toy.write(restarts=2)
    assert main(["train", "--config", str(path), "--output", "run", "--seed", "4"]) == 1
    assert "no success: none of 2 restarts" in capsys.readouterr().out
    assert "seed: 4\n" in Path("run/config.yaml").read_text()
    assert not Path("run/card.json").exists()
    refused(capsys, "evaluate --agent run", "no learned program (yet)")
    refused(capsys, f"train --config {path} --output run", "--resume run")
    refused(capsys, "train --resume run --seed 5", "leave out --seed")
    refused(capsys, "sweep --resume run", "neuralprog train --resume")


def test_a_bug_keeps_its_traceback(toy):
    path = toy.write(broken=0)
    with pytest.raises(Exception, match="the toy broke"):
        main(["train", "--config", str(path), "--output", "run", "--workers", "1"])


def test_scores_come_as_a_table_and_as_json(learned, capsys):
    assert main(["evaluate", "--agent", learned, "--episodes", "5", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["length"] for line in lines] == [4, 6]
    assert {line["success_rate"] for line in lines} == {1.0}
    assert lines[0]["agent"] == learned
    words = ["evaluate", "--agent", learned, "--lengths", "5", "--episodes", "3"]
    assert main([*words, "--split", "train", "--seed", "9", "--env", "NRAMCopy"]) == 0
    assert "100.0%" in capsys.readouterr().out


def test_default_lengths_that_cannot_be_played_are_left_out_and_told(capsys):
    assert main(["evaluate", "--agent", "random", "--env", "NPIHanoi", "--episodes", "2"]) == 0
    out, err = capsys.readouterr()
    assert "100,000,000,000" not in out
    assert err.startswith("neuralprog: not scored: 2 episodes of length 50 may take ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("env_id", REGISTRY)
def test_every_environment_can_be_scored_at_default_lengths(env_id):
    agent = agents.open_agent("random", env_id)
    assert set(possible_lengths([agent], 100, "test")) <= set(agent.test_lengths)


def test_run_shows_the_trace_and_the_answer(learned, capsys):
    assert main(["run", "--agent", learned, "--input", "3 1 2"]) == 0
    out = capsys.readouterr().out
    assert "success" in out
    assert "answer    3 1 2" in out
    assert main(["run", "--agent", learned, "--input", "3 1 2", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["answer"] == [3, 1, 2]
    assert record["success"] is True
    assert record["steps"].keys() >= {"action", "words", "changes"}


def test_a_wrong_answer_is_status_1(capsys):
    assert main(["run", "--agent", "random", "--env", "NRAMCopy", "--input", "3 1 2"]) == 1
    assert "expected  3 1 2" in capsys.readouterr().out


def test_a_sweep_reports_its_rate_and_grows(toy, capsys):
    path = toy.write(lucky="[1, 3]")
    words = ["sweep", "--config", str(path), "--output", "run", "--workers", "2", "--restarts"]
    assert main([*words, "2"]) == 0
    assert "1 of 2 restarts succeeded, 50.0% (95 % interval 9.5% to 90.5%)" in (
        capsys.readouterr().out
    )
    assert main([*words, "4"]) == 0
    report = json.loads(Path("run/sweep.json").read_text())
    assert (report["restarts"], report["succeeded"], report["winner"]) == (4, 2, 1)
    assert len(report["results"]) == 4
    assert main(["sweep", "--resume", "run"]) == 0
    assert Path("run/weights.safetensors").exists()
    capsys.readouterr()
    refused(capsys, [*words, "4", "--total", "7"], "was begun with total 20, not 7")


def test_a_sweep_grows_only_while_nobody_is_at_work_there(toy, capsys):
    agent, config = settings.load(toy.write())
    runs.create(Path("run"), "sweep", agent, config, ["neuralprog", "sweep"])
    before = Path("run/config.yaml").read_text()
    words = ["sweep", "--config", "toy.yaml", "--output", "run", "--restarts", "9"]
    with locked(Path("run/.lock")):
        refused(capsys, words, "another process is at work")
    assert Path("run/config.yaml").read_text() == before


def test_a_pretrained_agent_is_found_by_name(learned, monkeypatch, capsys):
    monkeypatch.setattr(agents, "pretrained", lambda: {"toy-copy": Path(learned)})
    assert main(["evaluate", "--agent", "toy-copy", "--lengths", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["agent"] == "toy-copy"
    refused(capsys, "evaluate --agent toy-cpoy", "available: toy-copy")


def test_one_process_at_a_time_trains_in_a_folder(learned, capsys):
    with locked(Path(learned, ".lock")):
        done = subprocess.run(
            [sys.executable, "-m", "neuralprog_agents.cli", "train", "--resume", learned],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "neuralprog: run: another process is at work in this folder\n"


def test_without_the_extra_it_says_what_to_install(learned, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    refused(capsys, f"evaluate --agent {learned}", "needs safetensors: pip install ")


def test_the_demo_learns_scores_and_shows(toy, capsys, monkeypatch):
    monkeypatch.setattr(demo, "EPISODES", 5)
    path = toy.write("copy.yaml", lucky="[1]", restarts=3)
    monkeypatch.setattr(demo, "CONFIG", "copy.yaml")
    assert main(["demo"]) == 0
    out = capsys.readouterr().out
    assert "1000 │  100.0%" in out
    assert "answer    3 1 4 1 5" in out
    assert " run --agent runs/demo" in out
    toy.write(path, restarts=1)
    assert main(["demo"]) == 1
    assert "no success" in capsys.readouterr().out
    assert main(["demo"]) == 1  # that one never finished, so it goes on
    assert sorted(folder.name for folder in Path("runs").iterdir()) == ["demo", "demo-2"]


def test_help_tells_the_keys_of_the_config(toy, capsys):
    path = toy.write()
    assert main(["train", "--config", str(path), "--help"]) == 0
    out = capsys.readouterr().out
    assert "--lucky" in out
    assert "The indices that succeed." in out
    assert "--resume" in out


@pytest.mark.parametrize(
    "name", ["train", "evaluate", "prove", "recheck", "run", "sweep", "tune", "benchmark"]
)
def test_scripts_are_doors_and_help_imports_nothing_heavy(name):
    code = (
        "import runpy, sys; sys.argv[1:] = ['--help']\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end: status = end.code\n"
        "heavy = {'torch', 'numba', 'numpy', 'gymnasium', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'{status} {heavy}' if status or heavy else 0)"
    )
    code = f"import sys; sys.argv = [{str(SCRIPTS / f'{name}.py')!r}]; {code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert name in done.stdout


def test_the_card_tells_the_command_whichever_door_was_taken(toy):
    path = toy.write(lucky="[0]", restarts=1)
    words = ["--config", str(path), "--output", "run", "--total", "5"]
    door = [sys.executable, str(SCRIPTS / "train.py")]
    done = subprocess.run([*door, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    card = json.loads(Path("run/card.json").read_text())
    assert card["command"] == "neuralprog train --config toy.yaml --output run --total 5"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_what_the_console_cannot_show_is_escaped(tmp_path, monkeypatch, encoding):
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    file = tmp_path / "towns.csv"
    file.write_text("Town,Gold\nŁódź 😀,3\n", "utf-8")
    words = f"run --agent random --env NPWikiTableQuestions --table {file} --input"
    assert main([*words.split(), "which town has the most gold?"]) == 0
    assert main(["run", "--agent", "Łódź 😀\udcff"]) == 2
    out.flush()
    err.flush()
    told = [stream.buffer.getvalue().decode(encoding) for stream in (out, err)]
    shown = "Łódź 😀".encode(encoding, "backslashreplace").decode(encoding)
    assert f"1 | {shown} |    3" in told[0]
    assert f"'{shown}\\udcff'" in told[1]


def test_a_reader_that_leaves_early_is_no_bug(learned):
    command = f"{sys.executable} -m neuralprog_agents.cli evaluate --agent {learned} --json"
    done = subprocess.run(
        ["bash", "-c", f"{command} --lengths {' '.join(['4'] * 300)} | head -1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["length"] == 4
    assert done.stderr == ""


def test_training_does_not_import_torch_in_the_parent(toy):
    path = toy.write(restarts=1)
    code = (
        "import sys\nfrom neuralprog_agents.cli import main\n"
        f"status = main(['train', '--config', {str(path)!r}, '--output', 'run'])\n"
        "sys.exit(f'{status}' if status != 1 or 'torch' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_settings_and_tables_are_read_once_and_answers_printed_once(learned, capsys, monkeypatch):
    Path("medals.csv").write_text("nation,gold\nPeru,3\nChile,9\n")
    seen = []
    real = io.open
    monkeypatch.setattr(io, "open", lambda *words, **more: real(*note(seen, words), **more))
    monkeypatch.setattr("builtins.open", lambda *words, **more: real(*note(seen, words), **more))
    asked = ["--table", "medals.csv", "--input", "which nation has the most gold?"]
    assert main(["run", "--agent", "np-wikitables", *asked]) == 0
    assert capsys.readouterr().out.count("answer") == 1
    assert seen.count("medals.csv") == 1
    seen.clear()
    assert main(["train", "--resume", learned]) == 0
    assert seen.count("config.yaml") == 1


def note(seen, words):
    seen.append(Path(str(words[0])).name)
    return words


def test_settings_are_found_by_name_in_any_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--config", "nram/copy", "--help"]) == 0
    assert "The settings of nram" in capsys.readouterr().out
    refused(capsys, "train --config nram/copi", "did you mean nram/copy")
    refused(capsys, "train --config configs/search/sort.yaml", "did you mean search/sort")
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path)
    (tmp_path / "configs" / "toy").mkdir(parents=True)
    (tmp_path / "configs" / "toy" / "wheel.yaml").write_text("agent: search\n")
    assert shipped.locate("toy/wheel") == tmp_path / "configs" / "toy" / "wheel.yaml"


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"neuralprog {__version__}\n"


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("agents", set(agents.pretrained())),
        ("environments", set(REGISTRY)),
        ("configs", set(shipped.known())),
    ],
)
def test_every_name_is_listed_in_80_columns(capsys, what, names):
    assert main(["list", what]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert names <= {line.split()[0] for line in lines if line.startswith(" ")}
    assert max(map(len, lines)) <= 80


def test_a_wheel_has_the_settings_where_they_are_looked_for():
    project = tomllib.loads(SCRIPTS.with_name("pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"configs": "neuralprog_agents/configs"}


@pytest.mark.parametrize("flag", ["--gif", "--html"])
def test_a_full_disk_is_one_line_that_names_the_file(tmp_path, flag):
    """A limit on the size of files stands in for the full disk."""
    command = f"{sys.executable} -m neuralprog_agents.cli run --agent expert --env NRAMCopy"
    target = tmp_path / "page"
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 0; {command} --input '3 1' {flag} {target}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == f"neuralprog: {target}: File too large\n"
    assert not list(tmp_path.iterdir())
