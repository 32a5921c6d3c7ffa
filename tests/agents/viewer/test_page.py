"""Pages as files: what goes in, what is refused, what the command writes."""

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from neuralprog_agents.cli import main
from neuralprog_agents.viewer.page import page, read_trace
from tests.agents.viewer.conftest import play


@pytest.fixture
def trace():
    return play("search-copy", None, [3, 1]).trace


def test_the_page_holds_the_trace_and_asks_for_nothing_else(trace):
    text = page(trace)
    assert json.loads(re.search(r'id="trace">(.*?)</script>', text, re.DOTALL)[1]) == trace
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert "{{" not in text.replace(json.dumps(trace), "")
    assert text.count("<script") == 2


def test_a_trace_that_ends_a_script_or_names_a_placeholder_does_neither(trace):
    text = page({**trace, "agent": "</script>{{SCRIPT}}<!--\u2028"})
    assert text.count("</script>") == 2
    assert "\u2028" not in text
    assert "\\u003c/script\\u003e{{SCRIPT}}" in text


def test_run_writes_pages_of_inputs_instances_and_traces(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--agent", "search-copy", "--input", "3 1", "--html", "own.html"]) == 0
    words = ["run", "--agent", "expert", "--env", "NPIAddition", "--length", "2", "--seed", "7"]
    assert main([*words, "--html", "posed.html", "--json"]) == 0
    shown = capsys.readouterr()
    assert "wrote own.html" in shown.err
    Path("trace.json").write_text(shown.out)
    assert json.loads(shown.out)["seed"] == 7
    assert main(["run", "--trace", "trace.json", "--html", "again.html"]) == 0
    assert Path("again.html").read_text() == Path("posed.html").read_text()
    assert "NRAMCopy-v0" in Path("own.html").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ('{"format": NaN}', "not valid JSON"),
        ("[1]", "not a trace of format 'neuralprog-trace-2'"),
        ('{"format": "neuralprog-trace-1"}', "write it anew"),
        ('{"format": ["neuralprog-trace-2"]}', "not a trace of format 'neuralprog-trace-2'"),
        ('{"format": "neuralprog-trace-2"}', "not a trace: family is missing"),
    ],
)
def test_what_is_no_trace_is_refused(content, message, tmp_path):
    path = tmp_path / "trace.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_trace(path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("run", "needs --agent"),
        ("run --trace nothing.json --html page.html", "nothing.json"),
        ("run --trace nothing.json", "needs --html"),
        ("run --agent search-copy --input 1 --html no/page.html", "there is no folder no"),
        ("run --agent expert --env NRAMCopy --length 0 --html page.html", "length 0"),
    ],
)
def test_bad_requests_get_one_line_and_leave_no_page(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 2
    assert message in capsys.readouterr().err
    assert not Path("page.html").exists()


def test_a_gif_moves(tmp_path):
    image = pytest.importorskip("PIL.Image")
    target = tmp_path / "run.gif"
    for words in ("--agent search-copy --input 3", "--agent expert --env NPIHanoi --length 2"):
        assert main(["run", *words.split(), "--gif", str(target)]) == 0
        with image.open(target) as picture:
            assert picture.n_frames > 1


def test_a_page_needs_no_torch(tmp_path):
    code = (
        "import sys; from neuralprog_agents.cli import main;"
        "main('run --agent expert --env NRAMCopy --html page.html'.split());"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


PAIRS = """ink card, ink cell, ink read-tint, ink write-tint, soft card, soft cell, soft tint,
accent card, accent tint, read read-tint, good good-tint, bad bad-tint, bad card, write write-tint,
c1 card, c2 card, c3 card, c4 card, c5 card, c6 card, c7 card, c8 card, c1 tint, c2 tint, c3 tint,
c4 tint"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_the_contrast_that_people_need(scheme):
    css = files("neuralprog_agents.viewer").joinpath("page.css").read_text()
    schemes = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", schemes[("light", "dark").index(scheme)]))
    for text, ground in (pair.split() for pair in PAIRS.replace("\n", " ").split(",")):
        bright, dark = sorted(map(luminance, (colours[text], colours[ground])), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_frames_have_the_colours_of_pages():
    canvas = pytest.importorskip("neuralprog_envs.core.canvas")
    css = files("neuralprog_agents.viewer").joinpath("page.css").read_text()
    schemes = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    for scheme, theme in zip(schemes, canvas.THEMES.values(), strict=True):
        colours = dict(re.findall(r"--([\w-]+): (#\w{6})", scheme))
        shared = {name: colour for name, colour in theme.items() if name in colours}
        assert len(shared) == 16
        assert shared == {name: colours[name] for name in shared}


def luminance(colour):
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
