"""The player: a figure drawn step by step, to be played, stepped or slid through."""

import base64
import html
import io
import string
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

MAX_BYTES = 1_000_000  # a page of several players must still load on a phone


@dataclass(frozen=True, repr=False)
class Player:
    """Frames to step through, made by :func:`player`; a cell's last value is shown.

    As HTML it is the player; as an image, the most telling frame; as text, all
    captions, which hold the numbers: so a re-run chapter compares them, not the pixels.
    """

    label: str
    captions: tuple
    frames: tuple
    still: int
    size: tuple
    interval: float

    def __repr__(self):
        captions = (
            f"  {i}/{len(self.captions)}  {c}" for i, c in enumerate(self.captions, 1)
        )
        return "\n".join([f"Player: {self.label}", *captions])

    def _repr_png_(self):
        png = io.BytesIO()
        image = Image.open(io.BytesIO(self.frames[self.still])).convert("RGB")
        image.quantize(256, dither=Image.Dither.NONE).save(png, "png", optimize=True)
        return png.getvalue(), dict(zip(("width", "height"), self.size))

    def save_gif(self, path):
        """Write an animation that repeats, without captions."""
        first, *others = [Image.open(io.BytesIO(frame)) for frame in self.frames]
        first.save(
            path,
            "gif",
            save_all=True,
            append_images=others,
            duration=[round(1000 * self.interval)] * len(others) + [3000],
            loop=0,
        )

    def save_html(self, path):
        """Write the player as a page of its own."""
        page = (
            '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n'
            f"<title>{html.escape(self.label)}</title>\n"
            '<body style="font-family: sans-serif">\n'
            f"<h1>{html.escape(self.label)}</h1>\n{self._repr_html_()}\n</body>\n</html>\n"
        )
        Path(path).write_text(page, encoding="utf-8")

    def _repr_html_(self):
        text = files("gmmlib.book").joinpath("player.html").read_text(encoding="utf-8")
        width, height = self.size
        frames = "\n".join(
            f'<div class="player-frame{" player-shown player-still" * (i == self.still)}">'
            f'<img width="{width}" height="{height}" decoding="sync"'
            f' alt="{html.escape(f"{self.label}. {caption}")}"'
            f' src="data:image/webp;base64,{base64.b64encode(frame).decode()}">'
            f"<p>{html.escape(caption)}</p></div>"
            for i, (caption, frame) in enumerate(zip(self.captions, self.frames))
        )
        return string.Template(text).substitute(
            label=html.escape(self.label),
            frames=frames,
            n_frames=len(self.frames),
            width=width,
            interval=round(1000 * self.interval),
        )


def player(
    draw, captions, label, *, still=-1, panels=(1, 1), figsize=None, interval=1.0
):
    """Draw a figure step by step, to be played, stepped or slid through.

    Parameters
    ----------
    draw : function
        ``draw(ax, i)`` draws frame i, from 0, on empty Axes; with several panels `ax`
        is the array of them. Fix the axes' limits in it, or the frames jump.
    captions : sequence of str
        A sentence for each frame, with the numbers that it shows.
    label : str
        What the player shows, as a phrase without a full stop: it is the name and the
        beginning of the alternative text, for readers who do not see it.
    still : int
        The most telling frame: printed, and shown where scripts do not run.
    panels : (int, int)
        Rows and columns of Axes. Two rows stay legible on a phone, two columns less so.
    figsize : (float, float), optional
        Width and height in inches; without it, the style's.
    interval : float
        Seconds from frame to frame while it plays.

    Returns
    -------
    Player

    Raises
    ------
    ValueError
        If there is no caption, or the frames take more than 1 MB.

    Examples
    --------
    >>> from gmmlib.book.plotting import plot_normal
    >>> player(
    ...     lambda ax, i: plot_normal(i, 1.0, ax, x_range=(-4, 5)),
    ...     captions=["The mean is 0.", "The mean is 1."],
    ...     label="A bell curve that moves to the right",
    ... )
    Player: A bell curve that moves to the right
      1/2  The mean is 0.
      2/2  The mean is 1.
    """
    if not len(captions):
        raise ValueError("captions: expected a sentence for each frame, got none")
    frames = []
    for i in range(len(captions)):
        # Not pyplot's, which a notebook would show as well; twice the dots: sharp.
        figure = Figure(
            figsize, dpi=2 * plt.rcParams["figure.dpi"], layout="constrained"
        )
        draw(figure.subplots(*panels), i)
        frames.append(_webp(figure))
    size = tuple(round(side * figure.dpi / 2) for side in figure.get_size_inches())
    made = Player(
        label, tuple(captions), tuple(frames), still % len(frames), size, interval
    )
    if len(made._repr_html_()) > MAX_BYTES:
        raise ValueError(
            f"player: expected at most {MAX_BYTES:,} bytes, got "
            f"{len(made._repr_html_()):,}; draw fewer frames, or fewer points"
        )
    return made


def _webp(figure):
    """The figure as an image file of one pixel for each of its dots."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # Colours rounded to 16 levels halve lossless WebP; the eye sees no difference.
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    file = io.BytesIO()
    Image.fromarray(np.uint8(np.round(pixels / 17) * 17)).save(
        file, "webp", lossless=True
    )
    return file.getvalue()
