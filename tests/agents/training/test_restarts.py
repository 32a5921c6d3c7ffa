"""Restarts: the answer depends on neither workers nor timing nor kills; failures are told."""

import errno
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from neuralprog_agents.cli import main
from neuralprog_agents.training import files, intervals
from neuralprog_agents.training import pool as pools
from neuralprog_agents.training.display import _under_way, clock, progress
from neuralprog_agents.training.metrics import read_rows
from neuralprog_agents.training.restarts import (
    Board,
    MachineError,
    RecordError,
    RestartError,
    RestartResult,
    TrainingSummary,
    read_outcome,
    run_restarts,
)

CLI = [sys.executable, "-m", "neuralprog_agents.cli"]


def run(toy, folder, workers=2, indices=range(5), stop_at_first=True, **settings):
    config = toy.Config(**{"pause": 0.002, **settings})
    return run_restarts("toy", config, indices, folder, workers, stop_at_first)


def programs(folder):
    return {
        path.parent.name: path.read_bytes() for path in folder.glob("restarts/*/result.safetensors")
    }


def test_the_lowest_success_wins_whatever_the_workers(toy, tmp_path):
    seen = []
    for workers in (1, 2, 4):
        folder = tmp_path / str(workers)
        summary = run(toy, folder, workers, lucky=(2, 3), pause=0.005)
        assert (summary.winner, summary.tried, summary.succeeded) == (2, 3, 1)
        outcome = read_outcome(folder, summary.results[2])
        seen.append(outcome.tensors["sums"].tobytes())
    assert len(set(seen)) == 1


def test_without_a_first_all_are_done_and_counted(toy, tmp_path):
    summary = run(toy, tmp_path, lucky=(1, 4), stop_at_first=False)
    assert [result.index for result in summary.results] == list(range(5))
    assert (summary.winner, summary.tried, summary.succeeded) == (1, 5, 2)
    assert summary.interval == intervals.wilson(2, 5)
    assert summary.seconds_per_restart > 0
    table = read_rows(tmp_path / "metrics.csv")
    assert [row["success"] for row in table] == ["0", "1", "0", "0", "1"]


def test_what_is_recorded_is_not_done_again(toy, tmp_path):
    first = run(toy, tmp_path, lucky=(1,), stop_at_first=False)
    before = programs(tmp_path)
    for path in tmp_path.glob("restarts/*/checkpoint.safetensors"):
        path.unlink()
    shown = []
    config = toy.Config(lucky=(1,), broken=0)  # would fail if it were done again
    assert run_restarts("toy", config, range(5), tmp_path, 2, False, None, shown.append) == first
    assert programs(tmp_path) == before
    assert shown == []


def test_a_damaged_record_is_refused(toy, tmp_path):
    run(toy, tmp_path, indices=range(1))
    path = tmp_path / "restarts" / "0000" / "result.json"
    for text in ('{"index": 0', '{"index": 0}', "[]"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"result\.json"):
            run(toy, tmp_path, indices=range(1))


def test_a_damaged_checkpoint_is_refused_in_one_line(toy, tmp_path):
    folder = tmp_path / "restarts" / "0000"
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").write_bytes(b"short")
    with pytest.raises(
        RecordError, match=r"restart 0 failed: .*checkpoint\.safetensors: cut short"
    ):
        run(toy, tmp_path, indices=range(1))


def test_an_exception_is_told_with_its_traceback(toy, tmp_path):
    with pytest.raises(RestartError, match=r"restart 1 failed: (?s:.*)the toy broke"):
        run(toy, tmp_path, broken=1)


def test_a_worker_that_dies_is_told(toy, tmp_path):
    config = toy.Config(pause=0.5)

    def kill_one(board):
        if board.running.get(0):
            for child in multiprocessing.active_children():
                child.kill()

    with pytest.raises(MachineError, match=r"restart \d failed: its process was killed \(SIGKILL"):
        run_restarts("toy", config, range(2), tmp_path, 2, True, None, kill_one)


def start(*words):
    return subprocess.Popen(
        [*CLI, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(pattern, folder, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not any(folder.glob(pattern)):
        assert time.monotonic() < deadline, f"no {pattern}"
        time.sleep(0.01)


def test_killed_at_random_moments_it_ends_with_the_same_bits(toy, tmp_path):
    settings = {"lucky": [3], "restarts": 4, "total": 40, "pause": 0.01}
    path = toy.write(**settings)
    calm = start("train", "--config", path, "--output", "calm", "--workers", 2)
    words = ["train", "--config", path, "--output", "wild", "--workers", 2]
    chance = random.Random()
    for _ in range(4):
        killed = start(*words)
        wait_for("meta.json", tmp_path / "wild")
        wait_for("restarts/*/metrics.csv", tmp_path / "wild")
        time.sleep(chance.uniform(0.2, 1.0))
        killed.kill()
        killed.communicate()
        words = ["train", "--resume", "wild", "--workers", 2]
    last = start(*words)
    out, err = last.communicate(timeout=60)
    assert last.returncode == 0, err
    assert "success: restart 3" in out
    assert calm.communicate(timeout=60)[0]
    for name in ("weights.safetensors", *(f"restarts/000{i}/result.safetensors" for i in range(4))):
        assert (tmp_path / "wild" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()
    for metrics in (tmp_path / "wild").glob("restarts/*/metrics.csv"):
        rows = read_rows(metrics)
        assert [int(row["step"]) for row in rows] == list(range(1, 41))
        reference = read_rows(tmp_path / "calm" / metrics.relative_to(tmp_path / "wild"))
        assert [row["first"] for row in rows] == [row["first"] for row in reference]


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_workers_and_says_how_to_go_on(toy, tmp_path, kind):
    path = toy.write(pause=0.05, total=1000)
    process = start("train", "--config", path, "--output", "run", "--workers", 1)
    wait_for("restarts/0000/checkpoint.safetensors", tmp_path / "run")
    process.send_signal(kind)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "neuralprog train --resume run" in err
    assert "Traceback" not in err
    assert not (tmp_path / "run" / "restarts" / "0000" / "result.json").exists()


def test_a_worker_killed_for_memory_is_one_line_and_the_run_goes_on(toy, tmp_path):
    path = toy.write(pause=0.02, total=40, lucky=[0], restarts=1)
    process = start("train", "--config", path, "--output", "run", "--workers", 1)
    wait_for("restarts/0000/metrics.csv", tmp_path / "run")
    os.kill(int(locked_by(tmp_path / "run" / "restarts" / "0000" / ".lock")), signal.SIGKILL)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith(
        "neuralprog: restart 0 failed: its process was killed (SIGKILL, perhaps for lack of "
        "memory: take fewer --workers); then go on with: "
    )
    assert err.endswith("train --resume run\n")
    assert "Traceback" not in err
    assert finish(*CLI, "train", "--resume", "run").returncode == 0


def finish(*words):
    return subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)


def locked_by(path):
    """Return the process that holds a lock."""
    inode = path.stat().st_ino
    while True:
        for line in Path("/proc/locks").read_text().splitlines():
            if f":{inode} " in line:
                return line.split()[4]
        time.sleep(0.01)


@pytest.mark.parametrize("size", [0, 4])
def test_a_disk_that_fills_is_one_line_and_the_run_goes_on(toy, tmp_path, size):
    """A limit on the size of files, in KiB, stands in for the full disk."""
    path = toy.write(total=300, lucky=[0], restarts=1)
    words = [*CLI, "train", "--config", path, "--output", "run", "--workers", 1]
    limited = finish("bash", "-c", f"ulimit -f {size}; exec {' '.join(map(str, words))}")
    assert limited.returncode in (1, 2), limited.stderr
    last = limited.stderr.splitlines()[-1]
    assert last.startswith("neuralprog: "), limited.stderr
    assert "run/" in last
    assert "File too large" in last
    assert "Traceback" not in limited.stderr
    again = words if size == 0 else [*CLI, "train", "--resume", "run"]
    assert finish(*again).returncode == 0
    assert len(read_rows(tmp_path / "run" / "restarts" / "0000" / "metrics.csv")) == 300


def test_workers_do_not_outlive_a_killed_parent(toy, tmp_path):
    path = toy.write(pause=0.05, total=10_000)
    process = start("train", "--config", path, "--output", "run", "--workers", 1)
    metrics = tmp_path / "run" / "restarts" / "0000" / "metrics.csv"
    wait_for("restarts/0000/metrics.csv", tmp_path / "run")
    process.kill()
    process.communicate()
    time.sleep(0.3)
    size = metrics.stat().st_size
    time.sleep(0.3)
    assert metrics.stat().st_size == size


def test_workers_get_one_thread_and_the_parent_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    with pools.one_thread():
        assert os.environ["OMP_NUM_THREADS"] == os.environ["NUMBA_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "NUMBA_NUM_THREADS" not in os.environ


class FakeTask:
    """Done at once, in this process."""

    def __init__(self, function, words):
        try:
            self.result = function(*words)
        except Exception as error:
            self.result = error


class FakeRay:
    """A cluster of three CPUs where the last task is ready first."""

    up = False

    def init(self, address, **_):
        if address != "auto":
            raise ConnectionError(f"nobody at {address}")
        self.up = True

    def shutdown(self):
        self.up = False

    def cluster_resources(self):
        return {"CPU": 3.0}

    def remote(self, **_):
        return lambda function: SimpleNamespace(remote=lambda *words: FakeTask(function, words))

    def wait(self, tasks, num_returns, timeout):
        return tasks[-1:], tasks[:-1]

    def get(self, task):
        if isinstance(task.result, Exception):
            raise task.result
        return task.result

    def cancel(self, task, force):
        task.result = RuntimeError("cancelled")


@pytest.fixture
def ray(monkeypatch):
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    return fake


def test_a_ray_cluster_finds_what_local_workers_find(toy, tmp_path, ray):
    config = toy.Config(lucky=(1, 2))
    there = run_restarts("toy", config, range(5), tmp_path / "there", None, True, "auto")
    here = run_restarts("toy", config, range(5), tmp_path / "here", 2, True)
    assert there.winner == here.winner == 1
    assert not ray.up
    names = {"0000", "0001"}
    ours, theirs = programs(tmp_path / "here"), programs(tmp_path / "there")
    assert {name: ours[name] for name in names} == {name: theirs[name] for name in names}
    rows = read_rows(tmp_path / "there" / "restarts" / "0000" / "metrics.csv")
    assert rows[0]["step"] == "1"


def test_ray_failures_are_told(toy, tmp_path, ray, monkeypatch):
    with pytest.raises(RestartError, match=r"restart 1 failed: (?s:.*)the toy broke"):
        run_restarts("toy", toy.Config(broken=1), range(2), tmp_path, None, True, "auto")
    with pytest.raises(ValueError, match="no Ray cluster at 'far'"):
        run_restarts("toy", toy.Config(), range(9), tmp_path, None, True, "far")


def test_a_cluster_that_is_not_there_leaves_no_run_folder(toy, tmp_path, ray, capsys):
    path = toy.write()
    assert main(["sweep", "--config", str(path), "--ray", "far", "--output", "run"]) == 2
    assert "no Ray cluster at 'far'" in capsys.readouterr().err
    assert not Path("run").exists()


def test_lines_tell_every_restart_once(toy, tmp_path, capsys):
    with progress() as show:
        config = toy.Config(lucky=(1,))
        run_restarts("toy", config, range(3), tmp_path, 1, False, None, show)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("restart 1: success after 0.")
    assert "; 2 of 3 restarts done, 1 succeeded (95 % interval " in lines[1]


def test_times_read_as_people_write_them():
    times = [clock(s) for s in (0.01, 3.2, 42.4, 187, 3900)]
    assert times == ["0.1 s", "3.2 s", "42 s", "3:07 min", "1:05:00 h"]
    assert Board(total=3, workers=1).remaining_seconds is None
    results = {0: RestartResult(0, False, False, 10.0, {})}
    assert Board(total=3, workers=1, results=results).remaining_seconds == 20.0
    assert Board(total=700, workers=1, results=results, at_most=True).remaining_seconds is None


def test_compiled_code_is_compiled_once_before_other_restarts_begin(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(toy.module, "COMPILED", True, raising=False)
    seen = []
    config = toy.Config(pause=0.01)
    show = lambda board: seen.append((board.compiling, _under_way(board)))  # noqa: E731
    run_restarts("toy", config, range(3), tmp_path, 2, False, None, show)
    assert seen[0] == (True, "restart 0: compiling its code (once on a machine)")
    assert not seen[-1][0]


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_without_locks_training_goes_on_and_says_so_once(
    toy, tmp_path, monkeypatch, capsys, number
):
    def refuse(_descriptor):
        raise OSError(number, "no locks")

    files._warn_of_no_locks.cache_clear()
    monkeypatch.setattr(files, "_lock_function", lambda: refuse)
    for _ in range(2):
        with files.locked(tmp_path / ".lock"):
            pass
    told = "this file system has no locks: let no other process work in the same folder\n"
    assert capsys.readouterr().err == told


def test_a_success_costs_what_the_failures_before_it_did_too():
    def result(index, success, metrics):
        return RestartResult(index, success, False, 1.0, metrics)

    costs = [3.0, 4.0, 5.0, 6.0, 7.0]
    successes = [False, True, True, False, False]
    rows = [
        result(i, success, {"cpu_seconds": cost})
        for i, (cost, success) in enumerate(zip(costs, successes, strict=True))
    ]
    assert TrainingSummary(tuple(rows), winner=1).cpu_seconds_per_success == (7.0, 5.0)
    assert TrainingSummary((result(0, True, {}),), winner=0).cpu_seconds_per_success == ()
