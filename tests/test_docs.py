"""The page of environments is what the registry and the docstrings say today."""

from docs import environments

OLD = f"out of date: rewrite it with `{environments.COMMAND}`, and look at it"


def test_the_page_of_environments_is_up_to_date():
    assert environments.PAGE.read_text(encoding="utf-8") == environments.page(), OLD


def test_a_docstring_becomes_markdown():
    text = environments.markdown("Do.\n\n    a  b\n\nInput: x, ``y``.\nSource: ours.\n")
    assert text == "Do.\n\n```text\na  b\n```\n\n**Input.** x, `y`.\n\n**Source.** ours."
