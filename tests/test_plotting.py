"""What each figure shows, read back from it in data coordinates and worked out anew."""

import sys
from itertools import pairwise
from pathlib import Path

import IPython
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases import TYPES, covariance_matrices, some_mixture
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib_inline.config import InlineBackend
from scipy import stats
from traitlets.config import Configurable

from gmmlib import Mixture
from gmmlib.book import plotting
from gmmlib.book.plotting import (
    FAINT,
    INK,
    LINESTYLES,
    MARKERS,
    PALETTE,
    STYLE,
    draw_fit,
    figure_of_fit,
    plot_clusters,
    plot_confusion,
    plot_ellipse,
    plot_ellipses,
    plot_history,
    plot_means,
    plot_mixture_1d,
    plot_normal,
    plot_regions,
    plot_responsibilities_1d,
    use_style,
)

WEIGHTS = np.array([0.2, 0.5, 0.3])
MEANS = np.array([-1.0, 2.5, 6.0])
VARIANCES = {
    "full": np.array([0.25, 4.0, 1.44]),
    "tied": np.array([1.7, 1.7, 1.7]),
    "diag": np.array([0.25, 4.0, 1.44]),
    "spherical": np.array([0.25, 4.0, 1.44]),
}
SAMPLE = np.array([-9.5, -1.2, -0.7, 0.1, 2.2, 2.9, 3.0, 5.1, 6.6, 7.0, 18.5])
TILTED = [
    ([1.0, -2.0], [[4.0, 1.5], [1.5, 1.0]]),
    ([30.0, 0.5], [[0.02, -0.3], [-0.3, 9.0]]),
    ([-3.0, 8.0], [[2.0, 0.0], [0.0, 5.0]]),
]
DIMS = [(0, 1), (1, 2), (2, 0)]
POINTS = np.random.default_rng(5).normal([1, -20, 300], [1, 4, 30], size=(40, 3))
each_type = pytest.mark.parametrize("covariance_type", TYPES)
each_dims = pytest.mark.parametrize("dims", DIMS)
each_tilt = pytest.mark.parametrize("mean, covariance", TILTED)


@pytest.fixture
def ax():
    return Figure().subplots()


def three_bells(covariance_type="diag"):
    """A mixture of one feature, of WEIGHTS, MEANS and VARIANCES."""
    variances = VARIANCES[covariance_type]
    shapes = {"full": (3, 1, 1), "tied": (1, 1), "diag": (3, 1), "spherical": (3,)}
    covariances = np.resize(variances, shapes[covariance_type])
    return Mixture(WEIGHTS, MEANS[:, None], covariances, covariance_type)


def weighted_densities(x, covariance_type="diag"):
    """What each of the three bells adds to the density at x: shape (n, 3)."""
    deviations = np.sqrt(VARIANCES[covariance_type])
    return WEIGHTS * stats.norm(MEANS, deviations).pdf(np.asarray(x)[:, None])


def shares_of(mixture, X):
    """Bayes' rule with SciPy's densities."""
    matrices = covariance_matrices(
        mixture.covariances, mixture.covariance_type, *mixture.means.shape
    )
    joint = np.transpose(
        [
            weight * stats.multivariate_normal(mean, matrix).pdf(X)
            for weight, mean, matrix in zip(
                mixture.weights, mixture.means, matrices, strict=True
            )
        ]
    )
    return joint / joint.sum(axis=1, keepdims=True)


def rgb(colour):
    """Red, green and blue of "#RRGGBB"."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def luminance(colour):
    """Relative luminance, as the contrast of WCAG 2 needs it."""
    c = np.asarray(colour)
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def has_look(line, j):
    """Whether a line has the colour and the line style of component j."""
    same = Line2D([], [], linestyle=LINESTYLES[j % len(LINESTYLES)])
    return (
        line.get_color() == PALETTE[j % len(PALETTE)]
        and line._unscaled_dash_pattern == same._unscaled_dash_pattern
    )


def marker_of(points):
    """Which of the MARKERS a scatter plot has drawn."""
    (drawn,) = points.get_paths()
    for marker in MARKERS:
        style = MarkerStyle(marker)
        outline = style.get_path().transformed(style.get_transform()).vertices
        if np.array_equal(outline, drawn.vertices):
            return marker


def scatters(ax):
    return [one for one in ax.collections if isinstance(one, PathCollection)]


def points_of(ax):
    """{(x, y): (colour, marker)} of all points in scatter plots."""
    found = {}
    for scatter in scatters(ax):
        places = np.asarray(scatter.get_offsets())
        colours = np.broadcast_to(scatter.get_facecolors(), (len(places), 4))
        for place, colour in zip(places, colours, strict=True):
            found[tuple(place.tolist())] = colour[:3], marker_of(scatter)
    return found


def legend(ax):
    """{name: what stands beside it} of the legend."""
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    return dict(zip(names, ax.get_legend().legend_handles, strict=True))


def drawn(ax):
    """Pixels of the whole figure, from its lowest row up."""
    canvas = FigureCanvasAgg(ax.figure.canvas.figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255


def pixels(ax, places):
    """The colours that are seen at those places."""
    image = drawn(ax)
    columns, rows = ax.transData.transform(places).astype(int).T
    return image[rows, columns]


def squared_distances(points, mean, covariance):
    away = points - mean
    return np.sum(away @ np.linalg.inv(covariance) * away, axis=1)


# The look


def test_no_two_components_look_alike():
    assert len(set(PALETTE)) == len(set(MARKERS)) == len(set(LINESTYLES)) == 7


@pytest.mark.parametrize("colour", [*PALETTE, INK])
def test_every_colour_stands_out_from_white(colour):
    assert contrast(rgb(colour), [1, 1, 1]) >= 3


def test_the_first_four_colours_differ_in_a_grey_print():
    greys = np.sort([luminance(rgb(colour)) for colour in PALETTE[:4]])
    assert np.min((greys[1:] + 0.05) / (greys[:-1] + 0.05)) > 1.2


def test_the_style_holds_for_all_figures_from_then_on():
    with plt.rc_context():
        plt.rcdefaults()
        use_style()
        now = {name: plt.rcParams[name] for name in STYLE}
        assert now == dict(mpl.RcParams(STYLE))
        lines = Figure().subplots().plot(np.eye(9))
        assert all(has_look(line, j) for j, line in enumerate(lines))
        assert Figure().get_facecolor() == (1, 1, 1, 1)


def test_the_letters_come_with_the_package():
    fonts = Path(plotting.__file__).parent / "fonts"
    found = {
        (font.name, font.weight, Path(font.fname).name)
        for font in fontManager.ttflist
        if Path(font.fname).parent == fonts
    }
    assert found == {
        ("Fira Sans", 400, "FiraSans-Regular.ttf"),
        ("Fira Sans", 700, "FiraSans-Bold.ttf"),
    }


@pytest.fixture
def shell(monkeypatch):
    """The shell of a notebook, so far with the inline figures that it begins with."""

    class Shell(Configurable):
        kernel = "a kernel"

    shell = Shell()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    InlineBackend.clear_instance()
    with plt.rc_context():
        yield shell
    InlineBackend.clear_instance()


# matplotlib_inline has observers of an older kind.
@pytest.mark.filterwarnings("ignore:InlineBackend._figure_formats_changed")
def test_in_a_notebook_figures_are_sharp_and_equally_wide(shell):
    use_style()
    backend = InlineBackend.instance()
    assert backend.parent is shell
    assert backend.figure_formats == {"retina"}
    assert backend.print_figure_kwargs == {"bbox_inches": None}


def test_in_a_terminal_there_are_no_inline_figures(shell, monkeypatch):
    monkeypatch.delattr(type(shell), "kernel")
    use_style()
    assert not InlineBackend.initialized()


def test_the_style_needs_no_ipython(shell, monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython")
    use_style()
    assert not InlineBackend.initialized()


INTO_CURRENT_AXES = {
    "normal": lambda: plot_normal(1.0, 2.0),
    "mixture": lambda: plot_mixture_1d(three_bells()),
    "responsibilities": lambda: plot_responsibilities_1d(three_bells()),
    "clusters": lambda: plot_clusters(POINTS),
    "means": lambda: plot_means(POINTS[:2]),
    "ellipse": lambda: plot_ellipse(*TILTED[0]),
    "ellipses": lambda: plot_ellipses(some_mixture("diag")),
    "regions": lambda: plot_regions(stripes, extent=(0, 9, 0, 1)),
    "history": lambda: plot_history({"EM": [-3.0, -2.0]}),
    "confusion": lambda: plot_confusion([[1, 2]], "a", "bc"),
}


@pytest.mark.parametrize("name", INTO_CURRENT_AXES)
def test_without_axes_the_current_ones_are_drawn_into(name):
    _, (current, other) = plt.subplots(1, 2)
    plt.sca(current)
    try:
        assert INTO_CURRENT_AXES[name]() is current
        assert current.has_data() and not other.has_data()
    finally:
        plt.close()


INTO_GIVEN_AXES = {
    "normal": lambda ax: plot_normal(1.0, 2.0, ax),
    "mixture": lambda ax: plot_mixture_1d(three_bells(), ax=ax),
    "responsibilities": lambda ax: plot_responsibilities_1d(three_bells(), ax),
    "clusters": lambda ax: plot_clusters(POINTS, ax=ax),
    "means": lambda ax: plot_means(POINTS[:2], ax),
    "ellipse": lambda ax: plot_ellipse(*TILTED[0], ax),
    "ellipses": lambda ax: plot_ellipses(some_mixture("diag"), ax),
    "regions": lambda ax: plot_regions(stripes, ax, extent=(0, 9, 0, 1)),
    "one feature": lambda ax: draw_fit(ax, SAMPLE[:, None], three_bells(), ["a"]),
    "features": lambda ax: draw_fit(ax, POINTS, some_mixture("diag", d=3), "abc"),
    "history": lambda ax: plot_history({"EM": [-3.0, -2.0]}, ax),
    "confusion": lambda ax: plot_confusion([[1, 2]], "a", "bc", ax),
}


@pytest.mark.parametrize("name", INTO_GIVEN_AXES)
def test_axes_that_are_given_are_drawn_into_and_returned(name, ax):
    assert INTO_GIVEN_AXES[name](ax) is ax
    assert ax.has_data() and not plt.get_fignums()


# One dimension


@pytest.mark.parametrize("mean, variance", [(1.5, 0.25), (-3.0, 9.0)])
def test_a_bell_curve_is_the_density_over_four_deviations_to_each_side(
    ax, mean, variance
):
    (line,) = plot_normal(mean, variance, ax).lines
    x, y = line.get_data()
    np.testing.assert_allclose(y, stats.norm(mean, np.sqrt(variance)).pdf(x), 1e-9)
    reach = 4 * np.sqrt(variance)
    np.testing.assert_allclose([x[0], x[-1]], [mean - reach, mean + reach])
    assert np.all(np.diff(x) > 0) and np.diff(x).max() < 0.05 * np.sqrt(variance)
    assert not ax.collections


def test_a_bell_curve_can_be_drawn_over_any_range(ax):
    x, y = plot_normal(1.0, 4.0, ax, x_range=(-2.0, 9.0)).lines[0].get_data()
    assert (x[0], x[-1]) == (-2, 9)
    np.testing.assert_allclose(y, stats.norm(1, 2).pdf(x), 1e-9)


@pytest.mark.parametrize("shade", [0.5, 1, 2])
def test_the_shade_lies_under_the_curve_within_so_many_deviations(ax, shade):
    mean, deviation = 1.5, 0.5
    (area,) = plot_normal(mean, deviation**2, ax, shade=shade, look=2).collections
    (path,) = area.get_paths()
    x, y = path.vertices.T
    ends = (np.array([x.min(), x.max()]) - mean) / deviation
    np.testing.assert_allclose(ends, [-shade, shade], atol=8 / 399)
    assert np.abs(ends).max() <= shade
    np.testing.assert_allclose(
        y[y > 0], stats.norm(mean, deviation).pdf(x[y > 0]), 1e-9
    )
    steps = np.diff(x, append=x[0])
    area_of_polygon = np.abs(np.sum(steps * (y + np.roll(y, -1)) / 2))
    assert area_of_polygon == pytest.approx(
        stats.norm.cdf(ends[1]) - stats.norm.cdf(ends[0]), abs=1e-4
    )
    np.testing.assert_array_equal(area.get_facecolor()[0, :3], rgb(PALETTE[2]))
    assert area.get_alpha() < 1


@pytest.mark.parametrize("look", range(9))
def test_a_look_is_a_colour_and_a_line_style(ax, look):
    plot_normal(0.0, 1.0, ax, look=look, label="N")
    plot_ellipse(*TILTED[0], ax, look=look, label="Σ")
    assert all(has_look(line, look) for line in ax.lines)
    ax.legend()
    assert list(legend(ax)) == ["N", "Σ"]
    assert all(has_look(handle, look) for handle in legend(ax).values())


def test_a_look_is_the_first_unless_asked_for(ax):
    plot_normal(0.0, 1.0, ax)
    plot_ellipse(*TILTED[0], ax)
    assert all(has_look(line, 0) for line in ax.lines)
    assert not ax.get_legend_handles_labels()[1]


@pytest.mark.parametrize(
    "draw",
    [
        lambda variance, ax: plot_normal(0.0, variance, ax),
        lambda variance, ax: plot_mixture_1d(
            Mixture([1.0], [[0.0]], [variance], "spherical"), ax=ax
        ),
    ],
)
def test_densities_stand_on_zero_and_a_taller_curve_still_fits(ax, draw):
    for variance in (4.0, 0.04):
        draw(variance, ax)
        low, high = ax.get_ylim()
        assert low == 0
        assert high > stats.norm(0, np.sqrt(variance)).pdf(0)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "density")


@each_type
def test_a_mixture_is_its_weighted_densities_and_their_sum(ax, covariance_type):
    lines = plot_mixture_1d(three_bells(covariance_type), ax=ax).lines
    *parts, whole = lines
    assert len(parts) == 3
    for j, part in enumerate(parts):
        expected = weighted_densities(part.get_xdata(), covariance_type)
        np.testing.assert_allclose(part.get_ydata(), expected[:, j], 1e-9)
        assert has_look(part, j)
    np.testing.assert_allclose(whole.get_ydata(), expected.sum(axis=1), 1e-9)
    assert (whole.get_color(), whole.get_linestyle()) == (INK, "-")
    reach = 4 * np.sqrt(VARIANCES[covariance_type])
    for line in lines:
        x = line.get_xdata()
        ends = [(MEANS - reach).min(), (MEANS + reach).max()]
        np.testing.assert_allclose([x[0], x[-1]], ends)
        assert np.all(np.diff(x) > 0) and np.diff(x).max() < 0.05


CURVES = {
    "mixture": lambda *a, x=None, **b: plot_mixture_1d(a[0], x, a[1], **b),
    "responsibilities": plot_responsibilities_1d,
}
each_curve = pytest.mark.parametrize("curves", CURVES.values(), ids=list(CURVES))


@each_curve
def test_curves_reach_over_all_of_the_data(ax, curves):
    curves(three_bells(), ax, x=SAMPLE)
    for line in ax.lines:
        ends = line.get_xdata().min(), line.get_xdata().max()
        assert ends == (-9.5, 18.5)


@each_curve
def test_curves_reach_over_the_components_where_there_are_few_data(ax, curves):
    curves(three_bells(), ax, x=[1.0])
    x = max((line.get_xdata() for line in ax.lines), key=len)
    np.testing.assert_allclose([x[0], x[-1]], [2.5 - 8, 6 + 4.8])


@each_curve
def test_curves_can_be_drawn_over_any_range(ax, curves):
    curves(three_bells(), ax, x_range=(-3.0, 4.5))
    for line in ax.lines:
        assert (line.get_xdata()[0], line.get_xdata()[-1]) == (-3, 4.5)


@each_curve
@pytest.mark.parametrize("names", [None, ["short", "medium", "long"]])
def test_the_legend_names_each_curve_by_its_look(ax, curves, names):
    curves(three_bells(), ax, x=SAMPLE, names=names)
    expected = names or ["component 0", "component 1", "component 2"]
    handles = legend(ax)
    mixture = handles.pop("mixture", None)
    assert list(handles) == expected
    assert all(has_look(line, j) for j, line in enumerate(handles.values()))
    if curves is CURVES["mixture"]:
        assert (mixture.get_color(), mixture.get_linestyle()) == (INK, "-")


@each_curve
def test_the_legend_stands_above_the_curves(ax, curves):
    curves(three_bells(), ax)
    drawn(ax)
    box, frame = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert box.y0 >= frame.y1
    assert frame.x0 <= box.x0 < frame.x1


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_a_sample_is_ticks_at_the_foot_of_the_figure(ax, shape):
    plot_mixture_1d(three_bells(), SAMPLE.reshape(shape), ax)
    (rug,) = [line for line in ax.lines if line.get_marker() == "|"]
    assert rug.get_linestyle() == "None" and rug.get_color() == INK
    for limits in [(0, 1), (-50, -20)]:
        ax.set_ylim(limits)
        places = rug.get_transform().transform(rug.get_xydata())
        x = ax.transData.inverted().transform(places)[:, 0]
        np.testing.assert_allclose(x, SAMPLE)
        heights = ax.transAxes.inverted().transform(places)[:, 1]
        assert np.all((0 <= heights) & (heights < 0.1))
    assert not ax.patches


def test_ticks_do_not_stretch_the_density_axis(ax):
    wide = Mixture([1.0], [[0.0]], [1e8], "spherical")
    plot_mixture_1d(wide, [0.0, 3.0], ax)
    assert ax.get_ylim()[1] < 2 * stats.norm(0, 1e4).pdf(0)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
@pytest.mark.parametrize("bins", [3, 7])
def test_a_histogram_has_area_one_and_the_right_bins(ax, bins, shape):
    plot_mixture_1d(three_bells(), SAMPLE.reshape(shape), ax, bins=bins)
    assert sum(bar.get_width() * bar.get_height() for bar in ax.patches) == (
        pytest.approx(1)
    )
    edges = np.linspace(SAMPLE.min(), SAMPLE.max(), bins + 1)
    np.testing.assert_allclose([bar.get_x() for bar in ax.patches], edges[:-1])
    inside = [
        np.sum((low <= SAMPLE) & (SAMPLE < high)) for low, high in pairwise(edges)
    ]
    inside[-1] += 1  # the largest, at the last edge
    width = (SAMPLE.max() - SAMPLE.min()) / bins
    np.testing.assert_allclose(
        [bar.get_height() for bar in ax.patches],
        np.array(inside) / (len(SAMPLE) * width),
    )
    assert not [line for line in ax.lines if line.get_marker() == "|"]
    for bar in ax.patches:
        np.testing.assert_array_equal(bar.get_facecolor()[:3], rgb(FAINT))
        assert all(bar.get_zorder() < line.get_zorder() for line in ax.lines)


def test_without_a_sample_bins_do_nothing(ax):
    plot_mixture_1d(three_bells(), ax=ax, bins=5)
    assert not ax.patches and len(ax.lines) == 4


@each_type
def test_responsibilities_follow_bayes_rule(ax, covariance_type):
    plot_responsibilities_1d(three_bells(covariance_type), ax)
    assert len(ax.lines) == 3
    for j, line in enumerate(ax.lines):
        joint = weighted_densities(line.get_xdata(), covariance_type)
        np.testing.assert_allclose(
            line.get_ydata(), joint[:, j] / joint.sum(axis=1), 1e-9
        )
        assert has_look(line, j) and np.diff(line.get_xdata()).max() < 0.05
    assert ax.get_ylim()[0] < 0 and 1 < ax.get_ylim()[1] < 1.1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "responsibility")


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_marked_points_sit_on_every_curve(ax, shape):
    plot_responsibilities_1d(three_bells(), ax, x=SAMPLE.reshape(shape))
    joint = weighted_densities(SAMPLE)
    marked = [line for line in ax.lines if line.get_marker() != "None"]
    assert len(marked) == 3 and len(ax.lines) == 6
    for j, points in enumerate(marked):
        np.testing.assert_array_equal(points.get_xdata(), SAMPLE)
        np.testing.assert_allclose(
            points.get_ydata(), joint[:, j] / joint.sum(axis=1), 1e-9, 1e-300
        )
        assert (points.get_marker(), points.get_linestyle()) == (MARKERS[j], "None")
        assert points.get_color() == PALETTE[j]
        assert points.get_markeredgecolor() == "white"


def test_an_eighth_component_looks_like_the_first(ax):
    eight = Mixture(np.full(8, 1 / 8), np.arange(8.0)[:, None], np.ones(8), "spherical")
    plot_responsibilities_1d(eight, ax, x=[0.3])
    assert has_look(ax.lines[14], 0) and ax.lines[15].get_marker() == MARKERS[0]
    assert ax.lines[15].get_color() == PALETTE[0]


# Points


@each_dims
def test_points_lie_at_the_two_features_in_their_order(ax, dims):
    plot_clusters(POINTS.tolist(), ax=ax, dims=dims)
    (scatter,) = ax.collections
    expected = np.column_stack([POINTS[:, dims[0]], POINTS[:, dims[1]]])
    np.testing.assert_array_equal(scatter.get_offsets(), expected)
    assert len(np.unique(scatter.get_facecolors(), axis=0)) == 1
    assert ax.get_xlabel() == f"$x_{{{dims[0] + 1}}}$"
    assert ax.get_ylabel() == f"$x_{{{dims[1] + 1}}}$"
    assert ax.get_legend() is None


@pytest.mark.parametrize("draw", [plot_clusters, plot_means])
def test_axes_that_have_names_keep_them(ax, draw):
    ax.set(xlabel="eruptions", ylabel="waiting")
    draw(POINTS, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("eruptions", "waiting")


@pytest.mark.parametrize("draw", [plot_clusters, plot_means])
def test_an_axis_without_a_name_gets_one_beside_one_that_has(ax, draw):
    ax.set_ylabel("waiting")
    draw(POINTS, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_{1}$", "waiting")


@each_dims
def test_a_label_is_a_colour_and_a_marker(ax, dims):
    labels = np.array([3, 0, 5, 3, 8, 0, 12, 5] * 5)
    plot_clusters(POINTS, labels.tolist(), ax=ax, dims=dims)
    found = points_of(ax)
    assert len(found) == len(POINTS)
    for x, label in zip(POINTS, labels, strict=True):
        colour, marker = found[x[dims[0]], x[dims[1]]]
        np.testing.assert_allclose(colour, rgb(PALETTE[label % 7]))
        assert marker == MARKERS[label % 7]


@pytest.mark.parametrize("k", [2, 3, 9])
def test_shares_mix_the_colours_and_the_likeliest_gives_the_marker(ax, k):
    shares = np.random.default_rng(k).dirichlet(np.full(k, 0.6), size=len(POINTS))
    assert len(set(shares.argmax(axis=1))) == k
    plot_clusters(POINTS, responsibilities=shares.tolist(), ax=ax, dims=(2, 0))
    found = points_of(ax)
    for x, share in zip(POINTS, shares, strict=True):
        colour, marker = found[x[2], x[0]]
        mixed = sum(share[j] * rgb(PALETTE[j % 7]) for j in range(k))
        np.testing.assert_allclose(colour, mixed, atol=1e-12)
        assert marker == MARKERS[np.flatnonzero(share == max(share))[0] % 7]


def test_shares_that_rounding_lifts_over_one_are_still_colours(ax):
    plot_clusters([[0, 1]], responsibilities=[[2.0]], ax=ax)
    colour, _ = points_of(ax)[0, 1]
    np.testing.assert_allclose(colour, np.minimum(2 * rgb(PALETTE[0]), 1))


def test_the_legend_names_each_label_by_colour_and_marker(ax):
    names = ["setosa", "versicolor", "virginica"]
    plot_clusters(POINTS[:4], [2, 0, 1, 2], ax=ax, names=names)
    handles = legend(ax)
    assert list(handles) == names
    for j, handle in enumerate(handles.values()):
        np.testing.assert_allclose(handle.get_facecolor()[0, :3], rgb(PALETTE[j]))
        assert marker_of(handle) == MARKERS[j]


def test_a_label_that_no_point_has_is_not_in_the_legend(ax):
    plot_clusters(POINTS[:3], [2, 0, 2], ax=ax, names=["a", "b", "c"])
    assert list(legend(ax)) == ["a", "c"]
    assert marker_of(legend(ax)["c"]) == MARKERS[2]


@each_dims
def test_a_disc_carries_its_components_number_at_its_mean(ax, dims):
    means = POINTS[:9]
    plot_means(means.tolist(), ax, dims=dims)
    assert len(ax.lines) == len(ax.texts) == 9
    for j, (disc, number) in enumerate(zip(ax.lines, ax.texts, strict=True)):
        place = means[j, dims[0]], means[j, dims[1]]
        assert tuple(disc.get_xydata()[0]) == place == tuple(number.xy)
        assert number.get_text() == str(j)
        assert disc.get_marker() == "o"
        assert disc.get_markerfacecolor() == PALETTE[j % 7]
        assert disc.get_markeredgecolor() == number.get_color() == "white"
        assert number.get_ha() == "center" and number.get_va() == "center_baseline"
        assert number.get_zorder() > disc.get_zorder()
    assert ax.get_xlabel() == f"$x_{{{dims[0] + 1}}}$"
    assert ax.get_ylabel() == f"$x_{{{dims[1] + 1}}}$"


def test_a_disc_is_large_enough_for_its_number(ax):
    plot_means([[0.0, 0.0], [3.0, 1.0]], ax)
    drawn(ax)
    for disc, number in zip(ax.lines, ax.texts, strict=True):
        box = number.get_window_extent()
        middle = ax.transData.transform(number.xy)
        radius = disc.get_markersize() * ax.figure.dpi / 72 / 2
        corners = np.array([[box.x0, box.y0], [box.x1, box.y1]])
        assert np.all(np.abs(corners - middle) < radius)


# Ellipses


@each_tilt
@pytest.mark.parametrize("n_std", [(1,), (0.5, 2, 3)])
def test_an_ellipse_lies_at_its_mahalanobis_distance(ax, mean, covariance, n_std):
    lines = plot_ellipse(mean, covariance, ax, n_std=n_std).lines
    for s, line in zip(n_std, lines, strict=True):
        squares = squared_distances(line.get_xydata(), mean, covariance)
        np.testing.assert_allclose(squares, s**2, 1e-9)


@each_tilt
def test_an_ellipse_is_closed_and_goes_round_once(ax, mean, covariance):
    (line,) = plot_ellipse(mean, covariance, ax).lines
    points = line.get_xydata()
    np.testing.assert_allclose(points[0], points[-1], atol=1e-12)
    variances, directions = np.linalg.eigh(covariance)
    x, y = ((points - mean) @ directions / np.sqrt(variances)).T
    steps = np.diff(np.unwrap(np.arctan2(y, x)))
    assert abs(steps.sum()) == pytest.approx(2 * np.pi)
    assert np.abs(steps).max() < 0.05


def test_an_ellipse_is_at_one_deviation_and_without_arrows_unless_asked_for(ax):
    (line,) = plot_ellipse(*TILTED[0], ax).lines
    np.testing.assert_allclose(squared_distances(line.get_xydata(), *TILTED[0]), 1)
    assert not ax.texts


def test_several_ellipses_have_one_name(ax):
    plot_ellipse(*TILTED[0], ax, n_std=(1, 2, 3), label="Σ")
    assert ax.get_legend_handles_labels() == ([ax.lines[0]], ["Σ"])


def test_an_ellipse_stands_out_from_points_and_boundaries(ax):
    plot_ellipse(*TILTED[0], ax)
    plot_clusters(POINTS, ax=ax)
    plot_regions(stripes, ax, extent=EXTENT)
    (line,) = ax.lines
    assert len(ax.collections) > 1
    assert all(line.get_zorder() > other.get_zorder() for other in ax.collections)
    (halo,) = line.get_path_effects()
    assert halo._gc["foreground"] == "white"
    assert halo._gc["linewidth"] > line.get_linewidth()


@each_tilt
@pytest.mark.parametrize("kind", [list, np.array])
def test_arrows_are_the_principal_axes_one_deviation_long(ax, mean, covariance, kind):
    plot_ellipse(kind(mean), kind(covariance), ax, axes=True)
    arrows = [np.subtract(arrow.xy, arrow.xyann) for arrow in ax.texts]
    assert len(arrows) == 2
    for arrow, axis in zip(ax.texts, arrows, strict=True):
        np.testing.assert_array_equal(arrow.xyann, mean)
        # Σ u = λ u, and √λ is the length.
        np.testing.assert_allclose(
            np.array(covariance) @ axis, (axis @ axis) * axis, atol=1e-9
        )
        assert axis[0] > 0 or (axis[0] == 0 and axis[1] > 0)
    assert arrows[0] @ arrows[1] == pytest.approx(0, abs=1e-9)


def test_an_arrow_points_away_from_the_mean_and_ends_at_its_tip(ax):
    plot_ellipse(*TILTED[0], ax, axes=True)
    (line,) = ax.lines
    for arrow in ax.texts:
        assert arrow.get_text() == ""
        assert arrow.arrowprops["arrowstyle"] == "-|>"
        assert arrow.arrow_patch.shrinkA == arrow.arrow_patch.shrinkB == 0
        np.testing.assert_array_equal(arrow.arrow_patch.get_facecolor()[:3], rgb(INK))
        assert arrow.get_zorder() > line.get_zorder()


@each_type
@each_dims
def test_ellipses_are_those_of_the_two_features(ax, covariance_type, dims):
    mixture = some_mixture(covariance_type, d=3)
    matrices = covariance_matrices(mixture.covariances, covariance_type, 3, 3)
    plot_ellipses(mixture, ax, n_std=(0.7, 2), dims=dims)
    ellipses = [line for line in ax.lines if len(line.get_xdata()) > 1]
    assert len(ellipses) == 6
    a, b = dims
    for i, line in enumerate(ellipses):
        j, s = i // 2, (0.7, 2)[i % 2]
        marginal = [
            [matrices[j][a, a], matrices[j][a, b]],
            [matrices[j][b, a], matrices[j][b, b]],
        ]
        mean = mixture.means[j, a], mixture.means[j, b]
        squares = squared_distances(line.get_xydata(), mean, marginal)
        np.testing.assert_allclose(squares, s**2, 1e-9)
        assert has_look(line, j)
    discs = [line for line in ax.lines if len(line.get_xdata()) == 1]
    for j, (disc, number) in enumerate(zip(discs, ax.texts, strict=True)):
        place = mixture.means[j, a], mixture.means[j, b]
        assert tuple(disc.get_xydata()[0]) == place == tuple(number.xy)
        assert number.get_text() == str(j)
        assert all(disc.get_zorder() > line.get_zorder() for line in ellipses)
    assert ax.get_xlabel() == f"$x_{{{a + 1}}}$"
    assert ax.get_ylabel() == f"$x_{{{b + 1}}}$"


@each_type
def test_ellipses_are_at_one_and_two_deviations_of_the_first_features(
    ax, covariance_type
):
    mixture = some_mixture(covariance_type)
    matrices = covariance_matrices(mixture.covariances, covariance_type, 3, 2)
    plot_ellipses(mixture, ax)
    for j in range(3):
        for s, line in zip((1, 2), ax.lines[2 * j :][:2], strict=True):
            squares = squared_distances(
                line.get_xydata(), mixture.means[j], matrices[j]
            )
            np.testing.assert_allclose(squares, s**2, 1e-9)


def test_limits_hold_all_ellipses_and_means(ax):
    plot_ellipses(some_mixture("full"), ax)
    low, high = np.transpose([ax.get_xlim(), ax.get_ylim()])
    for line in ax.lines:
        assert np.all((low < line.get_xydata()) & (line.get_xydata() < high))


# Regions


def stripes(X):
    """From left to right the labels 0, 2 and 1; in the first, islands of 1 and 9."""
    x, y = X.T
    labels = np.where(x < 4 + y, 0, np.where(x < 6, 2, 1))
    labels = np.where((x - 1.5) ** 2 + 9 * (y + 0.1) ** 2 < 0.5, 1, labels)
    return np.where((x - 1.2) ** 2 + 9 * (y - 0.9) ** 2 < 0.5, 9, labels)


EXTENT = (0.0, 8.0, -0.5, 1.5)
CELL = np.array([8.0, 2.0]) / 299


def places_within(extent, n=300):
    left, right, bottom, top = extent
    u = np.random.default_rng(6).uniform(0.02, 0.98, size=(n, 2))
    return [left, bottom] + u * [right - left, top - bottom]


def far_from_boundaries(places):
    """Those places around which, some cells wide, all has one label."""
    around = [
        stripes(places + 6 * CELL * shift)
        for shift in [(-1, -1), (-1, 1), (1, -1), (1, 1), (0, 0), (0, 1), (1, 0)]
    ]
    return places[np.all(np.equal(around, around[0]), axis=0)]


def test_a_tint_is_the_label_that_the_place_would_get(ax):
    plot_regions(stripes, ax, extent=EXTENT)
    places = far_from_boundaries(places_within(EXTENT))
    labels = stripes(places)
    assert set(labels) == {0, 1, 2, 9}
    palette = np.array([rgb(PALETTE[label % 7]) for label in labels])
    seen = pixels(ax, places)
    np.testing.assert_allclose(seen, 0.15 * palette + 0.85, atol=1.01 / 255)


def outlines(ax):
    """Points, close together, on all the lines of the contours, one array for each."""
    lines = []
    for contours in ax.collections:
        assert isinstance(contours, ContourSet)
        for path in contours.get_paths():
            for line in path.to_polygons(closed_only=False):
                t = np.linspace(0, len(line) - 1, 10 * len(line))
                whole = np.arange(len(line))
                lines.append(
                    np.transpose([np.interp(t, whole, side) for side in line.T])
                )
    return lines


def test_lines_run_where_the_label_changes(ax):
    plot_regions(stripes, ax, extent=EXTENT)
    points = np.concatenate(outlines(ax))
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    around = np.column_stack([np.cos(angles), np.sin(angles)]) * 1.5 * CELL
    labels = stripes((points[:, None] + around).reshape(-1, 2)).reshape(-1, 16)
    assert np.all(labels.min(axis=1) < labels.max(axis=1))


def test_wherever_the_label_changes_there_is_a_line(ax):
    plot_regions(stripes, ax, extent=EXTENT)
    points = np.concatenate(outlines(ax))
    x, y = np.linspace(0.01, 7.99, 900), np.linspace(-0.47, 1.47, 23)
    changes = 0
    for height in y:
        labels = stripes(np.column_stack([x, np.full_like(x, height)]))
        for place in x[1:][np.diff(labels) != 0]:
            away = np.abs(points - [place, height]) / CELL
            assert np.any(np.all(away < 2, axis=1)), (place, height)
            changes += 1
    assert changes > 40


def test_boundaries_are_dark_lines(ax):
    plot_regions(stripes, ax, extent=EXTENT)
    for contours in ax.collections:
        np.testing.assert_array_equal(contours.get_edgecolor()[0, :3], rgb(INK))
        assert list(contours.levels) == [0.5]


def test_one_region_has_no_boundary(ax):
    plot_regions(lambda X: np.full(len(X), 3), ax, extent=EXTENT)
    assert not ax.collections
    seen = pixels(ax, [[1.0, 1.0]])[0]
    np.testing.assert_allclose(seen, 0.15 * rgb(PALETTE[3]) + 0.85, atol=1.01 / 255)


def test_regions_fill_just_what_the_axes_show(ax):
    plot_clusters(POINTS, ax=ax)
    limits = ax.get_xlim(), ax.get_ylim()
    asked = []

    def predict(X):
        asked.append(X)
        return (X[:, 0] < 1).astype(int).tolist()

    plot_regions(predict, ax)
    assert (ax.get_xlim(), ax.get_ylim()) == limits
    (X,) = asked
    np.testing.assert_array_equal(X.min(axis=0), [limits[0][0], limits[1][0]])
    np.testing.assert_array_equal(X.max(axis=0), [limits[0][1], limits[1][1]])
    assert len(X) == 300 * 300
    (image,) = ax.images
    assert image.get_extent() == [*limits[0], *limits[1]]
    assert image.get_zorder() < scatters(ax)[0].get_zorder()
    assert ax.get_aspect() == "auto"


def test_regions_take_the_axes_to_their_extent(ax):
    plot_clusters(POINTS, ax=ax)
    plot_regions(stripes, ax, extent=EXTENT)
    assert (*ax.get_xlim(), *ax.get_ylim()) == EXTENT


def test_regions_ask_for_as_many_places_as_wanted(ax):
    asked = []

    def predict(X):
        asked.append(X)
        return stripes(X)

    plot_regions(predict, ax, extent=EXTENT, resolution=7)
    x, y = asked[0].T
    np.testing.assert_allclose(np.unique(x), np.linspace(0, 8, 7))
    np.testing.assert_allclose(np.unique(y), np.linspace(-0.5, 1.5, 7))
    assert ax.images[0].get_array().shape == (7, 7, 3)


# Whole fits


@each_type
@each_dims
def test_a_fit_is_its_points_in_their_shares_colours_and_its_ellipses(
    ax, covariance_type, dims
):
    mixture = some_mixture(covariance_type, d=3)
    X = mixture.means[np.arange(30) % 3] + POINTS[:30] / [1, 10, 100]
    names = ["length", "width", "height"]
    draw_fit(ax, X.tolist(), mixture, names, dims)
    found, shares = points_of(ax), shares_of(mixture, X)
    assert len(found) == 30 and len(set(shares.argmax(axis=1))) > 1
    a, b = dims
    for x, share in zip(X, shares, strict=True):
        colour, marker = found[x[a], x[b]]
        mixed = sum(share[j] * rgb(PALETTE[j]) for j in range(3))
        np.testing.assert_allclose(colour, mixed, atol=1e-9)
        assert marker == MARKERS[share.argmax()]
    matrices = covariance_matrices(mixture.covariances, covariance_type, 3, 3)
    for j, line in enumerate(ax.lines[:6:2]):
        squares = squared_distances(
            line.get_xydata(), mixture.means[j, [a, b]], matrices[j][[a, b]][:, [a, b]]
        )
        np.testing.assert_allclose(squares, 1, 1e-9)
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2"]
    for text, mean in zip(ax.texts, mixture.means, strict=True):
        assert tuple(text.xy) == (mean[a], mean[b])
    assert (ax.get_xlabel(), ax.get_ylabel()) == (names[a], names[b])


def test_a_fit_is_of_the_first_two_features_unless_asked_for(ax):
    draw_fit(ax, POINTS, some_mixture("diag", d=3), "abc")
    np.testing.assert_array_equal(
        np.sort(list(points_of(ax)), axis=0), np.sort(POINTS[:, :2], axis=0)
    )


@each_dims
def test_limits_hold_all_points_with_the_same_margin_all_round(ax, dims):
    draw_fit(ax, POINTS, some_mixture("diag", d=3), "abc", dims)
    low, high = np.transpose([ax.get_xlim(), ax.get_ylim()])
    X = POINTS[:, dims]
    ranges = X.max(axis=0) - X.min(axis=0)
    margins = [(X.min(axis=0) - low) / ranges, (high - X.max(axis=0)) / ranges]
    np.testing.assert_allclose(margins, 0.15)


def test_a_feature_that_never_changes_has_a_margin_of_its_own(ax):
    X = np.array([[2.0, 7.0], [2.0, 9.0], [2.0, 8.0]])
    draw_fit(ax, X, some_mixture("diag"), "ab")
    np.testing.assert_allclose(ax.get_xlim(), (1, 3))
    np.testing.assert_allclose(ax.get_ylim(), (6.7, 9.3))


@pytest.mark.parametrize("n, bins", [(12, 4), (60, 14), (500, 30)])
def test_a_fit_of_one_feature_is_a_histogram_under_its_curves(ax, n, bins):
    X = np.random.default_rng(n).normal(2, 3, size=(n, 1))
    draw_fit(ax, X, three_bells(), ["minutes"])
    assert len(ax.patches) == bins
    area = sum(bar.get_width() * bar.get_height() for bar in ax.patches)
    assert area == pytest.approx(1)
    *_, whole = ax.lines
    expected = weighted_densities(whole.get_xdata()).sum(axis=1)
    np.testing.assert_allclose(whole.get_ydata(), expected, 1e-9)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("minutes", "density")


DOLLARS = ["cost in $", "$a$", "$ per $_", "x$^$", "$$"]
ESCAPED = [r"cost in \$", r"\$a\$", r"\$ per \$_", r"x\$^\$", r"\$\$"]


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_a_dollar_in_a_name_is_a_dollar(d):
    X = np.random.default_rng(d).normal(size=(10, d))
    figure = figure_of_fit(X, some_mixture("diag", d=d), DOLLARS[:d])
    drawn(figure.axes[0])
    last = [ax for ax in figure.axes if ax.get_subplotspec().is_last_row()]
    first = [ax for ax in figure.axes if ax.get_subplotspec().is_first_col()]
    assert [ax.get_xlabel() for ax in last] == ESCAPED[: 1 if d == 2 else d]
    if d > 1:
        assert first[-1].get_ylabel() == ESCAPED[d - 1]


def grid(figure):
    """{(row, column): Axes} of a figure without a criterion."""
    return {
        (ax.get_subplotspec().rowspan.start, ax.get_subplotspec().colspan.start): ax
        for ax in figure.axes
    }


FIVE = np.random.default_rng(8).normal([0, 9, -5, 100, 3], [1, 2, 3, 40, 5], (50, 5))


@pytest.mark.parametrize(
    "d, options, side",
    [
        (1, {}, 1),
        (2, {}, 1),
        (3, {}, 3),
        (5, {}, 5),
        (5, {"most": 3}, 3),
        (5, {"most": 2}, 1),
        (7, {}, 5),
    ],
)
def test_a_figure_has_a_panel_for_each_two_features_and_for_each(d, options, side):
    X = np.column_stack([FIVE, FIVE[:, :2]])[:, :d]
    figure = figure_of_fit(X, some_mixture("spherical", d=d), "abcdefg"[:d], **options)
    below = {(row, column) for row in range(side) for column in range(row + 1)}
    assert grid(figure).keys() == below
    whole = figure.axes[0].get_subplotspec().get_gridspec()
    assert whole.get_geometry() == (side, side)


@pytest.fixture(scope="module")
def matrix():
    """The panels of three of five features."""
    figure = figure_of_fit(FIVE.tolist(), some_mixture("full", d=5), "abcde", most=3)
    drawn(figure.axes[0])
    return grid(figure)


@pytest.mark.parametrize("row, column", [(1, 0), (2, 0), (2, 1)])
def test_a_panel_below_the_diagonal_is_its_two_features(matrix, row, column):
    ax, mixture = matrix[row, column], some_mixture("full", d=5)
    assert points_of(ax).keys() == set(map(tuple, FIVE[:, [column, row]].tolist()))
    pair = [column, row]
    for j, line in enumerate(ax.lines[:6:2]):
        marginal = mixture.covariances[j][pair][:, pair]
        squares = squared_distances(line.get_xydata(), mixture.means[j, pair], marginal)
        np.testing.assert_allclose(squares, 1, 1e-9)


@pytest.mark.parametrize("row", range(3))
def test_a_panel_on_the_diagonal_is_its_features_histogram(matrix, row):
    bars = matrix[row, row].patches
    counts, edges = np.histogram(FIVE[:, row], 20)
    assert [bar.get_height() for bar in bars] == counts.tolist()
    np.testing.assert_allclose([bar.get_x() for bar in bars], edges[:-1])
    np.testing.assert_array_equal(bars[0].get_facecolor()[:3], rgb(FAINT))
    assert len(matrix[row, row].get_yticks()) == 0


def test_panels_above_each_other_share_their_feature(matrix):
    for (row, column), ax in matrix.items():
        assert ax.get_xlim() == matrix[2, column].get_xlim()
        low, high = FIVE[:, column].min(), FIVE[:, column].max()
        assert ax.get_xlim()[0] < low < high < ax.get_xlim()[1]
        if column < row:
            assert ax.get_ylim() == matrix[row, 0].get_ylim()


def test_only_the_outermost_panels_are_named(matrix):
    for (row, column), ax in matrix.items():
        assert ax.get_xlabel() == ("abc"[column] if row == 2 else "")
        assert ax.get_ylabel() == ("abc"[row] if column == 0 < row else "")
        assert bool(ax.get_xticklabels()) == (row == 2)
        assert bool(ax.get_yticklabels()) == (column == 0 < row)


def test_panels_lie_as_a_matrix_does(matrix):
    for (row, column), ax in matrix.items():
        for (other_row, other_column), other in matrix.items():
            if row < other_row:
                assert ax.get_position().y0 > other.get_position().y1
            if column < other_column:
                assert ax.get_position().x1 < other.get_position().x0


NUMBERS, VALUES = [2, 3, 5, 8, 9], [40.5, 31.0, 12.25, 30.5, 44.0]


@pytest.mark.parametrize("d, panels", [(1, 1), (2, 1), (3, 6)])
def test_a_criterion_has_a_panel_to_the_right_of_all_others(d, panels):
    X = FIVE[:, :d]
    alone = figure_of_fit(X, some_mixture("diag", d=d), "abc"[:d])
    figure = figure_of_fit(
        X, some_mixture("diag", d=d), "abc"[:d], ("BIC", NUMBERS, {"full": VALUES})
    )
    assert len(figure.axes) == panels + 1 and len(alone.axes) == panels
    (right,) = [ax for ax in figure.axes if ax.get_ylabel() == "BIC"]
    drawn(right)
    for ax in figure.axes:
        if ax is not right:
            assert ax.get_window_extent().x1 < right.get_window_extent().x0
    assert figure.get_figwidth() > alone.get_figwidth()
    assert figure.get_figheight() == alone.get_figheight()
    left, right = figure.subfigs
    assert left.bbox.width / figure.dpi == pytest.approx(alone.get_figwidth(), rel=0.02)


def test_a_figure_grows_with_its_panels():
    mixture = some_mixture("diag", d=5)
    figures = [figure_of_fit(FIVE, mixture, "abcde", most=n) for n in (2, 3, 5)]
    sizes = [figure.get_size_inches() for figure in figures]
    assert np.all(np.diff(sizes, axis=0) > 0)


@pytest.fixture(scope="module")
def criterion():
    figure = figure_of_fit(
        FIVE[:, :2], some_mixture("diag"), "ab", ("BIC", NUMBERS, {"full": VALUES})
    )
    (ax,) = [ax for ax in figure.axes if ax.get_ylabel() == "BIC"]
    drawn(ax)
    return ax


def test_a_criterion_is_its_values_over_the_numbers_of_components(criterion):
    curve = criterion.lines[0]
    np.testing.assert_array_equal(curve.get_xdata(), NUMBERS)
    np.testing.assert_array_equal(curve.get_ydata(), VALUES)
    assert (curve.get_linestyle(), curve.get_marker()) == ("-", "o")
    assert criterion.get_xlabel() == "number of components"


def test_the_lowest_value_is_marked_and_named(criterion):
    curve, lowest = criterion.lines
    assert lowest.get_xydata().tolist() == [[5, 12.25]]
    assert lowest.get_marker() == "D" != curve.get_marker()
    assert lowest.get_color() != curve.get_color()
    assert lowest.get_markersize() > curve.get_markersize()
    (note,) = criterion.texts
    assert (note.get_text(), note.xy) == ("lowest: 5", (5, 12.25))
    box, frame = note.get_window_extent(), criterion.get_window_extent()
    x, y = criterion.transData.transform((5, 12.25))
    assert box.y0 > y and (box.x0 + box.x1) / 2 == pytest.approx(x, abs=2)
    assert frame.y0 < box.y0 and box.y1 < frame.y1


def test_numbers_of_components_are_whole(criterion):
    low, high = criterion.get_ylim()
    ticks = criterion.get_xticks()
    assert np.all(ticks == np.round(ticks))
    assert min(VALUES) - low == pytest.approx(high - max(VALUES))
    assert min(VALUES) - low > 0.1 * (max(VALUES) - min(VALUES))


def test_a_criterion_over_two_numbers_has_whole_ticks_too():
    about = "AIC", [1, 2], {"full": [3.0, 4.0]}
    figure = figure_of_fit(FIVE[:, :2], some_mixture("diag"), "ab", about)
    ax = figure.axes[0]
    assert ax.get_ylabel() == "AIC"
    assert np.all(ax.get_xticks() == np.round(ax.get_xticks()))


SHAPES = {
    "full": [3.0, 5.0],
    "tied": [9.0, 2.5],
    "diag": [4.0, 4.5],
    "spherical": [9.5, 8.0],
}


@pytest.mark.parametrize("numbers", [[2, 3], [3, 7], [4]])
def test_a_criterion_has_a_curve_for_each_shape_and_names_the_lowest(numbers):
    curves = {shape: values[-len(numbers) :] for shape, values in SHAPES.items()}
    about = "ICL", numbers, curves
    figure = figure_of_fit(FIVE[:, :2], some_mixture("diag"), "ab", about)
    (ax,) = [ax for ax in figure.axes if ax.get_ylabel() == "ICL"]
    drawn(ax)
    *lines, lowest = ax.lines
    for line, (shape, values) in zip(lines, curves.items(), strict=True):
        assert line.get_label() == shape
        assert line.get_xydata().tolist() == [list(p) for p in zip(numbers, values)]
    for look in ("color", "linestyle", "marker"):
        assert len({getattr(line, f"get_{look}")() for line in lines}) == 4
    texts = [entry.get_text() for entry in ax.get_legend().get_texts()]
    assert texts == list(curves)
    assert lowest.get_xydata().tolist() == [[numbers[-1], 2.5]]
    assert lowest.get_marker() not in {line.get_marker() for line in lines}
    assert lowest.get_fillstyle() == "none"  # the value is seen through it
    (note,) = ax.texts
    assert note.get_text() == f"lowest: {numbers[-1]}, tied"
    box, frame = note.get_window_extent(), ax.get_window_extent()
    assert frame.x0 < box.x0 and box.x1 < frame.x1 and frame.y0 < box.y0
    assert box.y1 < ax.transData.transform((numbers[-1], 2.5))[1]
    assert np.all(ax.get_xticks() == np.round(ax.get_xticks()))
    assert frame.y1 <= ax.get_legend().get_window_extent().y0 + 1


def test_a_figure_has_the_books_style_and_leaves_that_of_others():
    with plt.rc_context({"figure.facecolor": "black", "text.color": "red"}):
        before = dict(plt.rcParams)
        about = "BIC", NUMBERS, {"full": VALUES}
        figure = figure_of_fit(FIVE[:, :2], some_mixture("diag"), "ab", about)
        assert figure.get_facecolor() == (1, 1, 1, 1)
        (note,) = figure.axes[0].texts
        assert note.get_color() == INK
        assert dict(plt.rcParams) == before


# Results


RUNS = {
    "EM": [-90.0, -50.0, -30.0, -25.5, -22.0],
    "SQUAREM": [-80.0, -21.5, -20.0],
    "k-means": [-70.0],
}


def test_a_history_is_the_log_likelihood_at_each_iteration(ax):
    plot_history(RUNS, ax)
    for line, values in zip(ax.lines, RUNS.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), range(len(values)))
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("iteration", "log-likelihood")
    assert ax.get_yscale() == "linear"


@pytest.mark.parametrize("gap", [False, True])
def test_the_legend_names_each_run_by_its_look(ax, gap):
    plot_history(RUNS, ax, gap=gap)
    handles = legend(ax)
    assert list(handles) == list(RUNS)
    for j, line in enumerate([*handles.values(), *ax.lines]):
        assert has_look(line, j % 3)
        assert line.get_marker() == MARKERS[j % 3]


def test_an_eighth_run_looks_like_the_first(ax):
    plot_history({f"run {j}": [-j - 1.0, -j] for j in range(8)}, ax)
    assert has_look(ax.lines[7], 0) and ax.lines[7].get_marker() == MARKERS[0]


@pytest.mark.parametrize("given, optimum", [(None, -20.0), (-19.5, -19.5), (0.0, 0.0)])
def test_a_gap_is_how_far_below_the_optimum_each_is(ax, given, optimum):
    plot_history(RUNS, ax, gap=True, optimum=given)
    for line, values in zip(ax.lines, RUNS.values(), strict=True):
        expected = [optimum - v if v < optimum else np.nan for v in values]
        np.testing.assert_allclose(line.get_ydata(), expected)
    assert ax.get_ylabel() == "optimum − log-likelihood"
    assert ax.get_yscale() == "log"


def test_at_the_optimum_but_for_rounding_there_is_no_gap(ax):
    off = [4.0, 1e-9, 1e-11, 0.0, -1e-11, -3.0]
    plot_history({"EM": [-200.0 - gap for gap in off]}, ax, gap=True, optimum=-200.0)
    expected = [4.0, 1e-9, np.nan, np.nan, np.nan, np.nan]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), expected, rtol=1e-3)


def test_at_a_positive_optimum_rounding_is_forgiven_too(ax):
    values = [196.0, 200 - 1e-9, 200 - 1e-11, 200.0]
    plot_history({"EM": values}, ax, gap=True)
    expected = [4.0, 1e-9, np.nan, np.nan]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), expected, rtol=1e-3)


def test_an_optimum_does_not_change_a_history_without_a_gap(ax):
    plot_history({"EM": RUNS["EM"]}, ax, optimum=-3.0)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), RUNS["EM"])


@pytest.mark.parametrize("n, every", [(1, 1), (29, 1), (30, 2), (450, 30)])
def test_a_long_history_has_some_fifteen_markers(ax, n, every):
    plot_history({"EM": -1.0 / np.arange(1, n + 1)}, ax)
    assert ax.lines[0].get_markevery() == every


def test_iterations_are_whole(ax):
    plot_history({"EM": [-3.0, -2.0]}, ax)
    ticks = ax.get_xticks()
    assert np.all(ticks == np.round(ticks))


COUNTS = np.array([[50, 1, 9, 30], [3, 47, 20, 0]])
CLASSES, CLUSTERS = ["setosa", "versicolor"], ["0", "1", "2", "none"]


def test_each_count_stands_in_its_cell(ax):
    plot_confusion(COUNTS.tolist(), CLASSES, CLUSTERS, ax)
    assert {text.get_position(): text.get_text() for text in ax.texts} == {
        (column, row): str(COUNTS[row, column]) for row in (0, 1) for column in range(4)
    }
    assert all(text.get_ha() == text.get_va() == "center" for text in ax.texts)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert (left, right, bottom, top) == (-0.5, 3.5, 1.5, -0.5)  # row 0 on top


def test_rows_and_columns_have_their_names(ax):
    plot_confusion(COUNTS, CLASSES, CLUSTERS, ax)
    for axis, names in [(ax.xaxis, CLUSTERS), (ax.yaxis, CLASSES)]:
        assert list(axis.get_ticklocs()) == list(range(len(names)))
        assert [label.get_text() for label in axis.get_ticklabels()] == names


def cells(counts, ax):
    """The colour of each cell, seen in a corner of it; shape (r, c, 3)."""
    rows, columns = np.indices(counts.shape)
    places = np.column_stack([columns.ravel() - 0.4, rows.ravel() - 0.4])
    return pixels(ax, places).reshape(*counts.shape, 3)


def test_a_cell_is_darker_where_there_are_more(ax):
    plot_confusion(COUNTS, CLASSES, CLUSTERS, ax)
    seen = luminance(cells(COUNTS, ax)).ravel()
    assert np.all(np.diff(seen[np.argsort(COUNTS.ravel())]) < 0)


def test_equal_counts_are_not_drawn_as_none(ax):
    plot_confusion(np.array([[8, 9], [10, 9]]), "ab", "cd", ax)
    assert luminance(cells(np.ones((2, 2)), ax)).max() < 0.4


def test_each_count_is_legible_on_its_cell(ax):
    counts = np.arange(42).reshape(6, 7)
    plot_confusion(counts, "abcdef", "0123456", ax)
    seen = cells(counts, ax).reshape(-1, 3)
    colours = [{"white": np.ones(3), INK: rgb(INK)}[t.get_color()] for t in ax.texts]
    assert min(map(contrast, seen, colours)) > 3.5
    assert ax.texts[0].get_color() == INK and ax.texts[-1].get_color() == "white"
