"""The player: its frames are those that are drawn, in order, with their captions."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from PIL import Image

from gmmlib.book.player import MAX_BYTES, player

CAPTIONS = ["It is 0 & low.", "It is 1 <b> 2.", 'It is "2".', "It is 3: μ₁."]
LABEL = 'A line that "rises" <i> & falls'


@pytest.fixture(autouse=True, scope="module")
def small_figures():
    with plt.rc_context({"figure.figsize": (3.0, 2.0), "figure.dpi": 50}):
        yield


def step(ax, i):
    """Frame i: a line that no other frame has, and a number of bars."""
    ax.plot([0, 1, 3], [i, 2 * i * i, 5 - i], color="#0062A0")
    ax.bar(range(i), [2] * i, color="#D27D00")
    ax.set(xlim=(-1, 4), ylim=(0, 20), title=f"frame {i}")


def rising(n=4, **options):
    return player(step, CAPTIONS[:n], LABEL, **options)


@pytest.fixture(scope="module")
def four(small_figures):
    """The player that most tests look at."""
    return rising()


def pixels(file):
    image = Image.open(io.BytesIO(file) if isinstance(file, bytes) else file)
    return np.asarray(image.convert("RGB")).astype(int)


def saved(draw, i, panels=(1, 1), figsize=None):
    """Frame i as matplotlib saves it, at twice the figure's dots."""
    figure = Figure(figsize, layout="constrained")
    draw(figure.subplots(*panels), i)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=2 * figure.dpi)
    return pixels(file)


def nearest(picture, others):
    """Which of several pictures one is, and how far it is from that one."""
    away = [np.abs(picture - other).mean() for other in others]
    return int(np.argmin(away)), min(away)


def page(made):
    return BeautifulSoup(made._repr_html_(), "html.parser")


@pytest.mark.parametrize("figsize", [None, (2.5, 3.0)])
def test_each_frame_is_what_draw_draws_at_twice_the_dots(figsize):
    made = rising(figsize=figsize)
    frames = [pixels(frame) for frame in made.frames]
    assert len(frames) == 4
    for i, frame in enumerate(frames):
        expected = saved(step, i, figsize=figsize)
        assert frame.shape == expected.shape
        assert np.abs(frame - expected).max() <= 8  # 16 levels
        assert set(np.unique(frame)) <= set(range(0, 256, 17))
        assert all(np.any(frame != other) for other in frames[:i])


def test_frames_are_drawn_once_each_and_in_order_on_empty_axes():
    drawn = []

    def draw(ax, i):
        assert not ax.has_data()
        drawn.append((i, ax))
        step(ax, i)

    player(draw, CAPTIONS, LABEL)
    assert [i for i, _ in drawn] == [0, 1, 2, 3]
    assert len({id(ax) for _, ax in drawn}) == 4


@pytest.mark.parametrize("panels, shape", [((2, 1), (2,)), ((2, 3), (2, 3))])
def test_several_panels_come_as_their_array(panels, shape):
    def draw(axes, i):
        assert np.shape(axes) == shape
        for j, ax in enumerate(axes.flat):
            step(ax, i + j)

    made = player(draw, CAPTIONS[:1], LABEL, panels=panels, figsize=(4, 3))
    expected = saved(draw, 0, panels, (4, 3))
    assert np.abs(pixels(made.frames[0]) - expected).max() <= 8


def test_a_player_is_as_large_as_the_figure_and_its_image_is_twice_that():
    with plt.rc_context({"figure.dpi": 40, "figure.figsize": (5.0, 3.3)}):
        assert rising(1).size == (200, 132)
        made = rising(2, figsize=(3.0, 4.0))
    assert made.size == (120, 160)
    assert pixels(made.frames[0]).shape == (320, 240, 3)
    images = page(made).find_all("img")
    assert {(img["width"], img["height"]) for img in images} == {("120", "160")}
    assert "max-width: 120px" in page(made).find(class_="player")["style"]


def test_the_notebook_shows_no_figure_beside_the_player():
    before = plt.get_fignums()
    rising(1)
    assert plt.get_fignums() == before


def test_as_text_it_is_its_captions():
    assert repr(rising(3)).splitlines() == [
        f"Player: {LABEL}",
        "  1/3  It is 0 & low.",
        "  2/3  It is 1 <b> 2.",
        '  3/3  It is "2".',
    ]


def test_on_a_page_each_frame_has_its_caption_in_order(four):
    frames = page(four).find_all(class_="player-frame")
    for frame, image, caption in zip(frames, four.frames, CAPTIONS, strict=True):
        kind, data = frame.img["src"].split(",")
        assert kind == "data:image/webp;base64"
        assert base64.b64decode(data) == image
        assert Image.open(io.BytesIO(image)).format == "WEBP"
        assert frame.img["alt"] == f"{LABEL}. {caption}"
        assert frame.p.get_text() == caption
    assert page(four).find(class_="player")["aria-label"] == LABEL
    assert page(four).find("input")["max"] == "4"


STILLS = [({}, 3), ({"still": 1}, 1), ({"still": -3}, 1)]


@pytest.mark.parametrize("options, still", STILLS)
def test_the_still_frame_is_shown_and_printed_and_is_the_image(options, still):
    made = rising(**options)
    frames = page(made).find_all(class_="player-frame")
    for class_ in ("player-shown", "player-still"):
        assert [class_ in frame["class"] for frame in frames] == [
            i == still for i in range(4)
        ]
    png, about = made._repr_png_()
    assert Image.open(io.BytesIO(png)).format == "PNG"
    found, away = nearest(pixels(png), [pixels(frame) for frame in made.frames])
    assert found == still and away < 0.5
    assert about == {"width": made.size[0], "height": made.size[1]}


@pytest.mark.parametrize("options, pace", [({}, 1000), ({"interval": 0.35}, 350)])
def test_the_interval_is_that_from_frame_to_frame(options, pace, tmp_path):
    made = rising(**options)
    assert page(made).find(class_="player")["data-interval"] == str(pace)
    made.save_gif(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as film:
        found = []
        for i in range(film.n_frames):
            film.seek(i)
            found.append(film.info["duration"])
    assert found == [pace] * 3 + [3000]


def test_an_animation_has_all_frames_in_order_and_repeats(four, tmp_path):
    frames = [pixels(frame) for frame in four.frames]
    four.save_gif(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as film:
        assert film.format == "GIF" and film.n_frames == 4
        assert film.info["loop"] == 0
        for i in range(4):
            film.seek(i)
            found, away = nearest(np.asarray(film.convert("RGB")).astype(int), frames)
            assert found == i and away < 0.5


def test_a_page_of_its_own_holds_the_player(four, tmp_path):
    four.save_html(tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>\n")
    assert four._repr_html_() in text
    whole = BeautifulSoup(text, "html.parser")
    assert whole.html["lang"] == "en"
    assert whole.find("meta", charset="utf-8")
    assert whole.find("meta", attrs={"name": "viewport"})
    assert whole.title.get_text() == whole.h1.get_text() == LABEL
    assert len(whole.body.find_all(class_="player-frame")) == 4


@pytest.mark.parametrize("captions", [[], (), np.array([], dtype=str)])
def test_a_player_without_captions_is_refused(captions):
    with pytest.raises(
        ValueError, match="captions: expected a sentence for each frame, got none"
    ):
        player(step, captions, LABEL)


def test_frames_that_take_too_much_are_refused(monkeypatch):
    size = len(rising(2)._repr_html_())
    monkeypatch.setattr("gmmlib.book.player.MAX_BYTES", size)
    assert len(rising(2).frames) == 2
    monkeypatch.setattr("gmmlib.book.player.MAX_BYTES", size - 1)
    with pytest.raises(
        ValueError,
        match=f"player: expected at most {size - 1:,} bytes, got {size:,}; draw fewer",
    ):
        rising(2)


def test_a_player_may_take_a_megabyte():
    assert MAX_BYTES == 1_000_000
