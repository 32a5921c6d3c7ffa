"""Checkpoints are whole, ours and unchanged, or refused; they never run anything."""

import errno
import json
import os
import pickle
import resource
from dataclasses import dataclass, replace

import numpy as np
import pytest
from safetensors.numpy import save_file

from neuralprog_agents.training import checkpoint
from neuralprog_agents.training.checkpoint import CheckpointError

TENSORS = {
    "theta": np.linspace(-1, 1, 24, dtype=np.float32).reshape(4, 6),
    "turned": np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)),
    "strided": np.arange(10, dtype=np.uint8)[::3],
    "scalar": np.array(2.5),
    "empty": np.zeros((0, 3), dtype=np.float32),
    "flags": np.array([True, False]),
}
METADATA = {"step": 7, "level": [1, 2.5], "state": {"words": [2**63, 0]}, "name": "ü", "none": None}


@pytest.fixture
def path(tmp_path):
    where = tmp_path / "checkpoint.safetensors"
    checkpoint.save(where, "toy", TENSORS, METADATA)
    return where


def same(left, right):
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype
        and left[name].shape == right[name].shape
        and left[name].tobytes() == right[name].tobytes()
        for name in left
    )


def test_what_is_saved_comes_back_bit_for_bit(path):
    tensors, metadata = checkpoint.load(path, "toy")
    assert same(tensors, TENSORS)
    assert metadata == METADATA


def test_equal_content_gives_equal_files(path, tmp_path):
    other = tmp_path / "other.safetensors"
    backwards = dict(reversed(TENSORS.items()))
    digest = checkpoint.save(other, "toy", backwards, dict(reversed(METADATA.items())))
    assert other.read_bytes() == path.read_bytes()
    assert digest == checkpoint.sha256(path)


def test_numpy_numbers_may_stand_in_the_metadata(tmp_path):
    path = tmp_path / "a"
    checkpoint.save(path, "toy", {}, {"n": np.int64(3), "x": np.float32(0.5), "a": np.arange(2)})
    assert checkpoint.load(path, "toy") == ({}, {"n": 3, "x": 0.5, "a": [0, 1]})


def test_a_file_cut_short_anywhere_is_refused(path):
    whole = path.read_bytes()
    for size in [*range(0, len(whole), 13), len(whole) - 1]:
        path.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match="cut short"):
            checkpoint.load(path, "toy")


def test_a_file_with_something_added_is_refused(path):
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CheckpointError):
        checkpoint.load(path, "toy")


def test_a_change_of_any_byte_is_refused_or_changes_nothing(path):
    whole = bytearray(path.read_bytes())
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        path.write_bytes(changed)
        try:
            tensors, metadata = checkpoint.load(path, "toy")
        except CheckpointError:
            continue
        assert same(tensors, TENSORS), place
        assert metadata == METADATA, place


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(CheckpointError, match="no such file"):
            checkpoint.load(path, "toy")


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_a_pickle_is_refused_and_not_run(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(pickle.dumps(Trap(tmp_path / "mark")))
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        checkpoint.load(path, "toy")
    assert not (tmp_path / "mark").exists()


def test_safetensors_of_others_are_refused(tmp_path):
    path = tmp_path / "foreign.safetensors"
    save_file({"theta": TENSORS["theta"]}, path)
    with pytest.raises(CheckpointError, match="not written by neuralprog"):
        checkpoint.load(path, "toy")
    for entry in ("", "3", "{}", '{"version": 1}'):
        save_file({"theta": TENSORS["theta"]}, path, metadata={"neuralprog": entry})
        with pytest.raises(CheckpointError, match="not written by neuralprog"):
            checkpoint.load(path, "toy")


def test_changed_weights_are_refused_though_the_file_is_valid(path):
    tensors, _ = checkpoint.load(path, "toy")
    header = vars(checkpoint._read(path)[1])
    forge = {**tensors, "theta": tensors["theta"] + 1}
    save_file(forge, path, metadata={"neuralprog": json.dumps(header)})
    with pytest.raises(CheckpointError, match="SHA-256"):
        checkpoint.load(path, "toy")
    forged = {**header, "metadata": '{"step": 8}'}
    save_file(tensors, path, metadata={"neuralprog": json.dumps(forged)})
    with pytest.raises(CheckpointError, match="SHA-256"):
        checkpoint.load(path, "toy")


def test_another_kind_or_version_is_refused(path, monkeypatch):
    with pytest.raises(CheckpointError, match="holds 'toy', expected 'weights'"):
        checkpoint.load(path, "weights")
    monkeypatch.setattr(checkpoint, "VERSION", 2)
    with pytest.raises(CheckpointError, match="format version 1, this neuralprog reads 2"):
        checkpoint.load(path, "toy")


def test_unexpected_arrays_are_refused(tmp_path):
    path = tmp_path / "a"
    checkpoint.save(path, "toy", {"theta": TENSORS["theta"]}, {})
    checkpoint.load(path, "toy", {"theta": ("float32", (4, 6))})
    checkpoint.load(path, "toy", {"theta": ("float32", (None, 6))})
    wrong = [
        ({"theta": ("float32", (4, 7))}, r"shape \(4, 6\), expected float32 of shape \(4, 7\)"),
        ({"theta": ("float32", (24,))}, r"expected float32 of shape \(24,\)"),
        ({"theta": ("float64", (4, 6))}, "theta is float32 .* expected float64"),
        ({"m": ("float32", (4, 6))}, "holds the arrays theta, expected m"),
        ({}, r"holds the arrays theta, expected \(none\)"),
    ]
    for expect, message in wrong:
        with pytest.raises(CheckpointError, match=message):
            checkpoint.load(path, "toy", expect)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file_and_nothing_else(path, step, monkeypatch):
    before = path.read_bytes()

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(path, "toy", {}, {})
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(path):
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            checkpoint.save(path, "toy", {"theta": np.zeros(10_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_what_a_kill_left_is_no_obstacle(path):
    left = path.with_name(f".{path.name}.tmp")
    left.write_bytes(b"half")
    checkpoint.save(path, "toy", {}, {"step": 8})
    assert checkpoint.load(path, "toy")[1] == {"step": 8}
    assert not left.exists()


@dataclass(frozen=True)
class Settings:
    seed: int = 0
    restarts: int = 5
    length: tuple[int, int] = (1, 4)
    test_lengths: tuple[int, ...] = (8,)


def test_a_restart_goes_on_from_its_own_checkpoint_only(tmp_path):
    path, config = tmp_path / "c.safetensors", Settings()
    of = checkpoint.identity(config, 2)
    assert checkpoint.resume(path, "toy", of) is None
    checkpoint.save(path, "toy", {"x": np.arange(3)}, {"step": 7, "of": of})
    more = checkpoint.identity(replace(config, restarts=9, test_lengths=(1, 2)), 2)
    tensors, metadata = checkpoint.resume(path, "toy", more)
    assert (tensors["x"].tolist(), metadata) == ([0, 1, 2], {"step": 7})
    for other, index in ((config, 3), (replace(config, length=(1, 5)), 2)):
        with pytest.raises(CheckpointError, match="belongs to another restart"):
            checkpoint.resume(path, "toy", checkpoint.identity(other, index))
