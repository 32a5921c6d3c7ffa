"""Names and messages use the words of the field: no private word comes back."""

import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMES = {
    "album", "albums", "belief", "beliefs", "borrow", "cold", "eye", "faced", "hear", "heard",
    "hot", "ladder", "lesson", "lessons", "matter", "rung", "rungs", "said", "saying", "settled",
    "sight", "tell", "told", "wander",
}  # fmt: skip
"""Parts of names, as in ``lesson_of`` or ``LessonPlan``."""
ANYWHERE = r"\b(beliefs?|lessons?|albums?)\b"
"""Words that stand nowhere, in messages and pages neither."""
THEIRS = {"one_hot", "np.eye", "torch.eye", "_study.tell"}
"""Names of the field, of NumPy, of torch and of Optuna."""
PYTHON = [path for top in ("envs", "agents", "docs") for path in sorted((ROOT / top).rglob("*.py"))]
PAGES = [
    path
    for top in ("envs", "agents", "docs", "configs")
    for suffix in ("md", "yaml", "html", "js", "css")
    for path in sorted((ROOT / top).rglob(f"*.{suffix}"))
]


def names(path):
    """Yield the names in a file, an attribute of an imported module with that module."""
    before = ["", ""]
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.NAME:
                yield "".join([*before, token.string]) if before[1] == "." else token.string
            before = [before[1], token.string]


def parts(name):
    for theirs in THEIRS:
        name = name.replace(theirs, "")
    return [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name.replace("OneHot", ""))]


@pytest.mark.parametrize("top", ["envs", "agents", "docs"])
def test_no_name_has_a_private_word(top):
    private = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in PYTHON
        if path.is_relative_to(ROOT / top)
        for name in {*names(path), path.stem}
        if set(parts(name)) & NAMES
    }
    assert sorted(private) == []


def test_no_message_and_no_page_has_a_private_word():
    found = {
        f"{path.relative_to(ROOT)}: {word}"
        for path in [*PYTHON, *PAGES]
        for word in re.findall(ANYWHERE, path.read_text(encoding="utf-8"), re.I)
    }
    assert sorted(found) == []


def test_a_private_word_is_found_in_every_kind_of_name():
    for name in ("lesson", "_lessonOf", "TheLesson", "LESSONS", "a_lesson_2", "model.eye"):
        assert set(parts(name)) & NAMES, name
    for name in ("one_hot", "OneHotExtractor", "np.eye", "hotel", "torch.eye"):
        assert not set(parts(name)) & NAMES, name
