"""Frames of every environment: complete, inside their card, of one size, and about their state."""

import base64
import dataclasses
import io
import re

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import neuralprog_envs.interfaces.frame as frame_module
from neuralprog_envs import REGISTRY
from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Box, Drawing, Image, Line, Placed, Ring, Text
from neuralprog_envs.core.instances import draw
from neuralprog_envs.core.parts import WIDTH, pointers
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.interfaces.frame import Frame, Style, frames_of
from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.interfaces.trace import trace
from neuralprog_envs.program.drawings import pad
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape.drawing import drawing as tape_drawing
from neuralprog_envs.tape.look import Look

IDS = sorted(REGISTRY)
SETTINGS = [(id_, {}) for id_ in IDS] + [
    ("NRAMSort-v0", {"length": 120, "registers": 30}),
    ("NRAMListK-v0", {"length": 40, "memory_size": 200}),
    ("NRAMWalkBST-v0", {"length": 40}),
    ("NPIAddition-v0", {"length": 60}),
    ("NPIQuickSort-v0", {"length": 30}),
    ("NPITopologicalSort-v0", {"length": 40}),
    ("NPIHanoi-v0", {"length": 7}),
    ("NPTableQA-v0", {"length": 200, "columns": 10}),
]


def runs(env_id, settings, seed=0, most=12, by_chance=False):
    """Return some frames of an expert's run, first and last among them, or of random actions."""
    task = make_task(env_id, **settings)
    length = settings.get("length") or task.lengths[0] + 2
    instances = draw(task, seed, [0], (length, length), "all")
    if settings or by_chance:
        random = np.random.default_rng(seed)
        actions = random.integers(task.machine.actions, size=(60, len(task.machine.actions)))
        actions = actions[: 4 if REGISTRY[env_id].family == "table" else None]
    else:
        actions = demonstration(task, instances)
    kept = set(np.linspace(0, len(actions), most).round().astype(int).tolist())
    return [f for i, f in enumerate(frames_of(env_id, task, instances, actions)) if i in kept]


def spread(drawing, x=0, y=0):
    """Yield the shapes of a drawing, with the place of each one's origin."""
    for shape in drawing.shapes:
        if isinstance(shape, Placed):
            yield from spread(shape.drawing, x + shape.x, y + shape.y)
        else:
            yield shape, x, y


def texts(drawing):
    return [shape.text for shape, _, _ in spread(drawing) if isinstance(shape, Text)]


def extent(shape):
    """Return left, top, right and bottom of a shape; of a text as far as its width limits it."""
    match shape:
        case Box(x, y, width, height):
            return x, y, x + width, y + height
        case Ring(x, y, radius):
            return x - radius, y - radius, x + radius, y + radius
        case Image(x, y, side):
            return x, y, x + side, y + side
        case Line(points):
            xs, ys = zip(*points, strict=True)
            return min(xs), min(ys), max(xs), max(ys)
        case Text(x, y, _, size, _, align, width, lines):
            wide = width or 0
            left = {"left": x, "middle": x - wide / 2, "right": x - wide}[align]
            return left, y - size / 2, left + wide, y + size * (lines - 0.5)
    raise AssertionError(shape)


@pytest.mark.parametrize(("env_id", "settings"), SETTINGS, ids=str)
def test_nothing_is_drawn_outside_and_all_frames_have_one_size(env_id, settings):
    frames = runs(env_id, settings) + runs(env_id, settings, by_chance=True)
    drawings = [frame.drawing() for frame in frames]
    assert len({(d.width, d.height) for d in drawings}) == 1
    for drawing in drawings:
        check_inside(drawing, 8)


def check_inside(drawing, margin=0):
    """Assert that all shapes are inside a drawing, and so far from its edges."""
    for shape, x, y in spread(drawing):
        left, top, right, bottom = extent(shape)
        assert x + left >= margin, shape
        assert y + top >= margin, shape
        assert x + right <= drawing.width - margin, shape
        assert y + bottom <= drawing.height - margin, shape


@pytest.mark.parametrize("env_id", [id_ for id_ in IDS if REGISTRY[id_].family != "table"])
def test_a_task_that_does_not_say_how_it_looks_is_drawn_too(env_id):
    states = [frame.moment for frame in runs(env_id, {})]
    task = make_task(env_id)
    if REGISTRY[env_id].family == "tape":
        drawings = [tape_drawing(Look(), moment, {}, ()) for moment in states]
    else:
        drawings = [pad.drawing(task.machine.world, moment) for moment in states]
    assert len({(d.width, d.height) for d in drawings}) == 1
    assert len({repr(drawing) for drawing in drawings}) > 1
    for drawing in drawings:
        check_inside(drawing, -30)  # a name below a pointer may stand out beside a narrow pad


TABLE = [
    ["Town – Ville", "a very long name of a column that has no room", "C", "D", "E", "F"],
    *[["Zürich", "words " * 30, "1", "東京", "-2.5", "x" * 80] for _ in range(12)],
]


def test_a_users_table_is_cut_where_there_is_no_room():
    canvas = pytest.importorskip("neuralprog_envs.core.canvas")
    env = gym.make("NPWikiTableQuestions-v0", render_mode="rgb_array")
    posed = {"table": TABLE, "question": "how many towns have a name that is long? " * 4}
    env.reset(options={"input": posed})
    drawing = env.unwrapped.frame().drawing()
    check_inside(drawing, 8)
    assert "… 2 more rows and 1 more column" in texts(drawing)
    check_padding(canvas, env.render())


def test_a_picture_that_an_agent_sees_is_whole_in_a_trace():
    """The viewer's picture is the observation, pixel for pixel."""
    image = pytest.importorskip("PIL.Image")
    env = gym.make("NPICanonicalize-v0").unwrapped
    observation, _ = env.reset(seed=3)
    url = trace(env.task, env.instance, [])["scene"]["picture"]
    with image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as opened:
        assert np.array_equal(np.asarray(opened), observation["image"])


@pytest.mark.parametrize(("env_id", "settings"), SETTINGS, ids=str)
def test_between_the_card_and_its_content_nothing_is_painted(env_id, settings):
    """Texts too stay inside, in the font that there is."""
    canvas = pytest.importorskip("neuralprog_envs.core.canvas")
    frame = runs(env_id, settings)[-2]
    check_padding(canvas, canvas.paint(frame.drawing()))


def check_padding(canvas, pixels):
    """Assert that around the content of a frame there is only the card."""
    card = np.array(canvas.getrgb(canvas.THEMES["light"]["card"]))
    ring = np.ones(pixels.shape[:2], dtype=bool)
    ring[30:-30, 30:-30] = False
    ring[:16] = ring[-16:] = ring[:, :16] = ring[:, -16:] = False
    corners = np.zeros_like(ring)
    corners[:30, :30] = corners[:30, -30:] = corners[-30:, :30] = corners[-30:, -30:] = True
    strip = pixels[ring & ~corners].astype(int)
    assert np.abs(strip - card).max() <= 2


@pytest.mark.parametrize("env_id", IDS)
def test_a_frame_names_task_step_action_reward_and_outcome(env_id):
    first, *middle, last = runs(env_id, {})
    for frame in (first, middle[0], last):
        header = frame.header()
        shown = "\n".join(texts(frame.drawing()))
        for part in (env_id, header.task, header.action, f"step {frame.step}", header.outcome[0]):
            assert part in shown
            assert part in frame.text()
        assert header.task.lower() == header.task.lower().strip() != ""
    assert "none yet" in first.text()
    assert "reward" not in first.header().text()
    assert "reward 0" in middle[0].text()
    assert middle[0].header().action
    right = first.task.score(first.moment.state, first.moment.instances)[0] == 1
    assert first.header().outcome == ("right, not halted yet" if right else "running", "open")
    assert last.header().outcome == ("solved", "good")
    assert "reward 1" in last.text()


@pytest.mark.parametrize("env_id", IDS)
def test_another_state_is_another_drawing(env_id):
    """What the machine is drawn as, without the header."""
    task = make_task(env_id)
    length = task.lengths[0] + 2
    instances = draw(task, 1, [0], (length, length), "all")
    display = display_of(task.machine)
    seen = {}
    for frame in frames_of(env_id, task, instances, demonstration(task, instances)):
        state = frame.moment.state
        layers = tuple(layer.tobytes() for layer in display.layers(state).values())
        plain = dataclasses.replace(frame.moment, before=None, action=(), ended=False)
        seen.setdefault(layers, repr(display.drawing(task, plain)))
    assert len(seen) > 1
    shown = set(seen.values())
    assert len(shown) == len(seen)


def test_a_wrong_end_has_a_cross_and_a_right_one_a_tick():
    for env_id in ("NRAMCopy-v0", "NPIAddition-v0", "NPTableQA-v0"):
        task = make_task(env_id)
        length = task.lengths[0] + 1
        instances = draw(task, 0, [0], (length, length), "all")
        good = list(frames_of(env_id, task, instances, demonstration(task, instances)))[-1]
        bad = Frame(env_id, task, Moment(good.moment.state, instances, ended=True), 0)
        state = task.machine.initial(instances)
        bad = dataclasses.replace(bad, moment=Moment(state, instances, ended=True))
        assert bad.header().outcome == ("out of steps", "bad")
        forms = [colourless(frame.header().drawing(WIDTH)) for frame in (good, bad)]
        assert forms[0] != forms[1]


def test_a_right_answer_before_the_end_is_not_halted_yet():
    task = make_task("NRAMGcd-v0", length=9)
    instances = draw(task, 0, [0], (9, 9), "all")
    *_, written, last = frames_of("NRAMGcd-v0", task, instances, demonstration(task, instances))
    assert written.header().outcome == ("right, not halted yet", "open")
    assert last.header().outcome == ("solved", "good")
    assert {"a / output", "b", "values mod 9"} < set(texts(last.drawing()))


@pytest.mark.parametrize(
    ("names", "width", "shown"),
    [
        ("ab", 66, ["a", "b"]),
        ("abcde", 66, ["a b", "c d", "e"]),
        ("abcdef", 20, ["a", "b", "+4"]),
    ],
)
def test_what_points_to_a_cell_is_named_where_there_is_room(names, width, shown):
    shapes = pointers(40, 0, list(names), width)
    assert [shape.text for shape in shapes if isinstance(shape, Text)] == shown


def colourless(drawing):
    """Return the lines of a drawing without their colours."""
    return [shape.points for shape, _, _ in spread(drawing) if isinstance(shape, Line)]


@pytest.mark.parametrize("env_id", ["NRAMSort-v0", "NPIHanoi-v0", "NPTextMatch-v0"])
def test_size_and_theme_can_be_chosen(env_id):
    pytest.importorskip("PIL")
    shapes = {}
    for size, theme in (
        (None, "light"), (None, "dark"), (320, "light"), (320.0, "light"), ((500, 300), "dark"),
    ):  # fmt: skip
        env = gym.make(env_id, render_mode="rgb_array", render_size=size, render_theme=theme)
        env.reset(seed=0)
        pixels = env.render()
        assert (np.median(pixels) > 128) == (theme == "light")
        shapes[size, theme] = pixels.shape
    high, wide, _ = shapes[None, "light"]
    assert wide == WIDTH + 2 * (frame_module._MARGIN + frame_module._PADDING)
    assert shapes[None, "dark"] == (high, wide, 3)
    assert shapes[320, "light"] == (round(320 * high / wide), 320, 3)
    assert shapes[(500, 300), "dark"] == (300, 500, 3)


WRONG = [
    ({"render_size": 8}, "render_size"),
    ({"render_size": (640, 0)}, "render_size"),
    ({"render_size": (640, 480, 3)}, "width and height"),
    ({"render_size": (100,)}, "width and height"),
    ({"render_size": ()}, "width and height"),
    *(({"render_size": wrong}, "render_size") for wrong in (0, 0.0, False, "", "large", 99.5)),
    ({"render_theme": "blue"}, "render_theme: 'blue' is not among 'light', 'dark'"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG, ids=str)
def test_a_wrong_size_or_theme_is_one_line(settings, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)) as caught:
        gym.make("NRAMCopy-v0", **settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("env_id", ["NRAMCopy-v0", "NPIAddition-v0", "NPTableQA-v0"])
def test_the_vector_environment_shows_what_singles_show(env_id, mode):
    settings = {"render_mode": "ansi", "max_steps": 3}
    vector = gym.make_vec(
        env_id, 2, vectorization_mode="vector_entry_point", autoreset_mode=mode, **settings
    )
    singles = [gym.make(env_id, **settings) for _ in range(2)]
    vector.reset(seed=5)
    for i, env in enumerate(singles):
        env.reset(seed=5 + i)
    assert vector.render() == tuple(env.render() for env in singles)
    ended, random = False, np.random.default_rng(0)
    for _ in range(8):
        actions = random.integers(vector.action_space.nvec)
        if ended and mode is AutoresetMode.NEXT_STEP:
            [env.reset() for env in singles]
            ended = False
        else:
            found = [env.step(action) for env, action in zip(singles, actions, strict=True)]
            ended = found[0][2] or found[0][3]
        vector.step(actions)
        if ended and mode is AutoresetMode.SAME_STEP:
            [env.reset() for env in singles]
            ended = False
        assert vector.render() == tuple(env.render() for env in singles)


def test_rendering_without_a_mode_warns():
    vector = gym.make_vec("NRAMCopy-v0", 2, vectorization_mode="vector_entry_point")
    for env in (gym.make("NRAMCopy-v0").unwrapped, vector):
        env.reset(seed=0)
        with pytest.warns(UserWarning, match="needs a render_mode"):
            assert env.render() is None


def test_without_a_render_mode_the_text_says_so():
    env = gym.make("NRAMCopy-v0").unwrapped
    env.reset(seed=0)
    assert "none yet" in env.text()
    env.step(env.action_space.sample())
    assert "not recorded" in env.text()
    assert Style().theme == "light"
    assert isinstance(env.frame().drawing(), Drawing)
