"""The folders of tests follow the folders of code."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("package", ["envs", "agents"])
def test_a_folder_of_tests_is_a_folder_of_code(package):
    tests, code = ROOT / "tests" / package, ROOT / package / f"neuralprog_{package}"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
    assert len(folders) > 4
    assert sorted(str(folder) for folder in folders if not (code / folder).is_dir()) == []
