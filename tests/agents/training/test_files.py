"""Readers that hostile files can't harm, and writers that replace nothing but files."""

import os

import pytest
import yaml

from neuralprog_agents.training.files import (
    locked,
    parse_yaml,
    read_json,
    read_yaml,
    write_atomically,
    write_json,
)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10**5,
        "[" * 10**5 + "]" * 10**5,
        '{"a":' * 500 + "1" + "}" * 500,
        '{"a": 1e999}',
        '{"a": NaN}',
        '{"a": 1000000000000000000000000000000}',
        "1" * 10**6,
        '{"a": ',
        "",
        b"\xff\xfe{}",
    ],
    ids=range(10),
)
def test_hostile_json_is_one_line(tmp_path, text):
    path = tmp_path / "card.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=r"card\.json: ") as caught:
        read_json(path)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


@pytest.fixture(params=["compiled", "Python"])
def loader(request, monkeypatch):
    """The reader of YAML: the compiled one, and the one where that is not installed."""
    if request.param == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not hasattr(yaml, "CSafeLoader"):
        pytest.skip("no compiled reader here")


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "&a [*a]",
        "&a {b: *a}",
        "[" * 10**4,
        "- " * 10**4 + "x",
        "a: 1" + "0" * 30,
        "a: 0x" + "f" * 10**4,
        "a: .nan",
        "a: .inf",
        "a: 2020-01-01",
        "a: !!binary aGVsbG8=",
        "a: !!set {x}",
        "a: !!python/object/apply:os.system [true]",
        "1: 2",
        "? [a]\n: b",
        "a: 'x",
        "a" * 10**5,
        "a: 1\n---\na: 2",
        "a: \x00",
        "a: \x1b[2J",
        "a:\tb: c",
    ],
    ids=range(21),
)
@pytest.mark.usefixtures("loader")
def test_hostile_yaml_is_one_line(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"config\.yaml: ") as caught:
        read_yaml(path)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("loader")
def test_every_reader_of_yaml_finds_the_same():
    text = "a: [1, -2, 3.5, 1e3, 0x10, 010, yes, ~, 'é', \"\\n\", b c]\nd:\n  e: |\n    f\n    g\n"
    values = [1, -2, 3.5, "1e3", 16, 8, True, None, "é", "\n", "b c"]
    assert parse_yaml(text, "") == {"a": values, "d": {"e": "f\ng\n"}}


def irregular(tmp_path):
    """Make things that are no files: a pipe, a folder, a device and a link to it."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    return [tmp_path / name for name in ("pipe", "folder", "link", "loop")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes in folders")
def test_what_is_no_file_is_neither_read_nor_replaced_nor_locked(tmp_path):
    for path in irregular(tmp_path):
        kind = os.lstat(path).st_mode
        with pytest.raises(ValueError, match=path.name):
            read_json(path)
        with pytest.raises(OSError, match=r"no file|symbolic links"):
            write_atomically(path, b"new")
        with pytest.raises(OSError, match=r"no file|symbolic|device|directory"), locked(path):
            pass
        assert os.lstat(path).st_mode == kind


def test_a_link_is_followed(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "old.json").write_text("1")
    (tmp_path / "link.json").symlink_to(tmp_path / "there" / "old.json")
    write_json(tmp_path / "link.json", {"a": 2})
    assert (tmp_path / "link.json").is_symlink()
    assert read_json(tmp_path / "there" / "old.json") == {"a": 2}
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["old.json"]


def test_a_temporary_file_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / ".new.json.tmp").symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_text("kept")
    write_json(tmp_path / "new.json", 1)
    assert (tmp_path / "victim").read_text() == "kept"
    assert read_json(tmp_path / "new.json") == 1
