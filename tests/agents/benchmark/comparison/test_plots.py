"""The plots: few named lines, each explained, nothing cut, no plot of two points."""

from itertools import pairwise

import pytest

from neuralprog_agents.benchmark.comparison import panels, plots
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS
from neuralprog_agents.benchmark.comparison.panels import Line
from neuralprog_agents.benchmark.comparison.plan import FACTORS, Plan, grown
from neuralprog_agents.benchmark.comparison.summary import ComparisonSummary
from tests.agents.benchmark.comparison.test_report import ENVS, everything, row

MANY = ("lstm", "lstm-attention", "transformer", "search", "ntm-lstm", "ntm-mlp", "ppo", "dqn")


@pytest.fixture
def figures(monkeypatch, tmp_path):
    """Draw records of a plan; return the figures, still open, by their names."""
    from matplotlib import pyplot as plt

    kept = {}
    monkeypatch.setattr(plots, "_save", lambda figure, path: kept.update({path.stem: figure}))

    def draw(records, plan):
        plots.draw(ComparisonSummary(plan, records), tmp_path)
        return {name.removeprefix("compare-"): figure for name, figure in kept.items()}

    yield draw
    plt.close("all")


def texts(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def lines(figure):
    """The lines of a figure with data of their own, not those that lead to names."""
    drawn = [line for axis in figure.axes for line in axis.lines]
    return [line for line in drawn if line.get_transform() == line.axes.transData]


def test_at_most_six_lines_have_names_and_the_rest_is_grey(figures):
    plan = Plan(MANY, ENVS[:1], seeds=1, seconds=60.0)
    figure = figures([row(name, ENVS[0]) for name in MANY], plan)["time"]
    names = [text for text in texts(figure) if text.split()[0] in MANY]
    assert len(names) == panels.MOST_LABELS
    assert "2 others" in texts(figure)
    assert sum(line.get_color() == panels.GREY for line in lines(figure)) == 2


def test_pictures_are_1200_pixels_wide_and_no_text_is_cut(figures, tmp_path):
    from PIL import Image

    plan = Plan((*MANY, "recurrentppo", "neural_programmer"), (*ENVS, "NPSingleColumn-v0"), 1, 60.0)
    records = [row(name, env) for name in plan.entrants[:8] for env in ENVS]
    records.append(row("neural_programmer", "NPSingleColumn-v0"))
    for name, figure in figures(records, plan).items():
        figure.savefig(tmp_path / "figure.png", dpi=panels.DPI)
        with Image.open(tmp_path / "figure.png") as picture:
            assert picture.width == 1200
        ink, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert 0 <= ink.x0 <= ink.x1 <= width, (name, ink)
        assert 0 <= ink.y0 <= ink.y1 <= height, (name, ink)


@pytest.mark.parametrize("longest", ["ppo", max((e.name for e in ENTRANTS), key=len)])
def test_the_panels_leave_room_for_the_longest_name(longest):
    named = Line(
        f"specifications: {longest} (10, 1 seed)", "specifications", [1, 2, 3], [0.1, 0.2, 0.3]
    )
    figure = panels.figure({"one": [named]}, lambda axis: None)
    assert 0.9 * panels.WIDTH < figure.get_tightbbox().x1 <= panels.WIDTH


def test_a_kind_of_supervision_has_one_line_and_a_band_where_there_are_seeds(figures):
    two = [row("ppo", env, seed, ((1.0, 0.1 + 0.5 * seed),)) for env in ENVS for seed in (0, 1)]
    one = [row("lstm", env) for env in ENVS] + [row("search", ENVS[0], solved=10.0)]
    plan = Plan(("lstm", "search", "ppo"), ENVS, seeds=2, seconds=60.0)
    figure = figures([*one, *two], plan)["supervision"]
    assert set(texts(figure)) == {"pairs: search (1, 1 seed)", "rewards: ppo", "success"}
    assert len(figure.axes[0].collections) == 1
    (rewards,) = (e for e in lines(figure) if e.get_color() == panels.COLOURS["rewards"])
    assert rewards.get_ydata()[-1] == pytest.approx(0.35)
    assert rewards.get_ydata()[0] == 0
    assert rewards.get_xdata()[-1] == pytest.approx(60.0)


def test_what_all_runs_solved_goes_on_as_long_as_the_others(figures):
    plan = Plan(("search", "ppo"), ENVS[:1], seeds=1, seconds=60.0)
    records = [row("search", ENVS[0], solved=1.0, curve=((1.0, 1.0),)), row("ppo", ENVS[0])]
    ends = {line.get_xdata()[-1] for line in lines(figures(records, plan)["supervision"])}
    assert [round(end) for end in ends] == [60]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_memory_is_a_plot_from_three_points_on(count, figures):
    records = [row("search", ENVS[0], 0, ((1.0, 1.0),), solved=1.0)]
    for factor in FACTORS[: count - 1]:
        own = ((float(factor), 1.0),)
        records.append(row("search", ENVS[0], 0, own, 60.0, factor, grown(ENVS[0], factor)))
    found = figures(records, Plan(("search",), ENVS[:1], seeds=1, seconds=60.0)).get("memory")
    if count < 3:
        assert found is None
    else:
        drawn, *ring = lines(found)
        assert list(drawn.get_xdata()) == [1, *FACTORS][:count]
        assert not ring


def test_a_ring_ends_a_line_where_more_memory_was_tried_and_not_solved(figures):
    records = [row("search", ENVS[0], 0, ((1.0, 1.0),), solved=1.0)]
    for factor, solved in zip(FACTORS, (1.0, 1.0, None), strict=True):
        length = grown(ENVS[0], factor)
        records.append(row("search", ENVS[0], 0, ((1.0, 1.0),), 60.0, solved, length))
    _, ring = lines(figures(records, Plan(("search",), ENVS[:1], seeds=1, seconds=60.0))["memory"])
    assert list(ring.get_xdata()) == [4]
    records[1]["solved"] = None
    (ring,) = lines(
        figures(records[:2], Plan(("search",), ENVS[:1], seeds=1, seconds=60.0))["memory"]
    )[1:]
    assert list(ring.get_xdata()) == [1]


def test_who_faces_less_than_half_of_a_family_has_no_line(figures):
    envs = ("NRAMRepeatCopy-v0", *ENVS, "NRAMMerge-v0")
    solved = {"curve": ((1.0, 1.0),), "solved": 1.0}
    records = [row("library-learning", envs[0], **solved)]
    records += [row("search", env, **solved) for env in envs]
    drawn = figures(records, Plan(("library-learning", "search"), envs, seeds=1, seconds=60.0))
    for name in ("time", "supervision", "profile", "length"):
        assert not any("library-learning" in text for text in texts(drawn[name]))
    both = (envs[0], ENVS[0])
    some = [each for each in records if each["env"] in both]
    drawn = figures(some, Plan(("library-learning", "search"), both, seeds=1, seconds=60.0))
    assert "library-learning (1, 1 seed)" in texts(drawn["time"])


def test_lengths_are_those_of_tasks_that_can_be_played_at_ten_times_the_trained_one(figures):
    short = {"1": 1.0, "2": 1.0, **dict.fromkeys(("5", "10", "100"), "too long to play: 50")}
    cut = {"1": 0.8, "2": 0.6, "5": 0.4, "10": 0.2, "100": "too long to play: 500"}
    records = [
        row("search", env, solved=10.0, success_rates=rates)
        for env, rates in zip(ENVS, (short, cut), strict=True)
    ]
    plan = Plan(("search",), ENVS, seeds=1, seconds=60.0)
    figure = figures(records, plan)["length"]
    assert texts(figure) == ["success", "search (1, 1 seed)"]
    drawn, ring = lines(figure)
    assert list(drawn.get_ydata()) == [0.8, 0.6, 0.4, 0.2]
    assert list(ring.get_xdata()) == [10]


def test_every_plot_has_a_caption(figures):
    plan = Plan(("expert", "lstm", "ppo", "search"), ENVS, seeds=2, seconds=60.0, longer=600.0)
    assert list(figures(everything(), plan)) == list(plots.CAPTIONS)


@pytest.mark.parametrize("heights", [[0.5] * 6, [1.0] * 6, [0.0] * 6, [0.0, 0.9, 0.95, 1.0], [0.3]])
def test_names_are_apart_and_in_the_panel(heights):
    placed = panels.apart(heights)
    assert all(b - a >= 0.14 - 1e-9 for a, b in pairwise(placed))
    assert -1e-9 <= placed[0] <= placed[-1] <= 1.0


def test_panels_without_lines_are_left_out():
    assert panels.figure({"one": []}, lambda axis: None) is None
    line = Line("x", "pairs", [1, 2, 3], [0.1, 0.2, 0.3])
    figure = panels.figure({"one": [], "two": [line]}, lambda axis: None)
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["two"]


def test_dots_that_are_near_each_other_are_stacked():
    assert panels.stacked([4, 4, 4, 4.1, 9, 9.5, 10, 20]) == [0, 1, 2, 3, 0, 1, 0, 0]


def test_operations_are_counted_in_tasks(figures):
    records = [row("search", ENVS[0], solved=1.0, curve=((1.0, 1.0),)), row("search", ENVS[1])]
    figure = figures(records, Plan(("search",), ENVS, seeds=1, seconds=60.0))["operations"]
    assert texts(figure) == ["1/1", "0/1"]
