"""The book's figures: bell curves, points, ellipses, regions, histories.

Each ``plot_…`` function draws into `ax`, by default the current Axes, and returns it,
so that several drawn after one another lie over each other. A component or cluster is
told by its colour and by a marker, a line style or its number: never by colour alone.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from gmmlib.gaussian import cholesky, normal_pdf

for weight in ("Regular", "Bold"):
    fontManager.addfont(Path(__file__).with_name("fonts") / f"FiraSans-{weight}.ttf")

# After Okabe and Ito (2008), darkened until each stands out from white by at least 3 : 1.
# The first four also differ in lightness, so that they survive a grey print.
PALETTE = ("#0062A0", "#D27D00", "#178F6C", "#6A1B5B", "#BE3A12", "#C86BA8", "#5C5C5C")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINESTYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)))
INK, FAINT = "#222222", "#C8CDD2"
# Lifts a line off points of its own colour.
HALO = [withStroke(linewidth=3.5, foreground="white")]

STYLE = {
    "figure.figsize": (5.0, 3.3),  # small, letters large: read when a phone halves it
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",  # opaque: dark letters stay legible on a dark page
    "savefig.dpi": 200,
    "font.family": [
        "Fira Sans",
        "DejaVu Sans",
    ],  # the pages' letters; for ₁ matplotlib's
    "mathtext.fontset": "cm",  # as the pages' formulas
    "font.size": 11,
    "axes.labelsize": 11,
    "axes.titlesize": 11,
    "axes.prop_cycle": cycler(color=PALETTE, linestyle=LINESTYLES),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 2,
    "lines.markersize": 5,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "legend.handlelength": 2.6,  # long enough to tell dashed from dash-dotted
}


def use_style():
    """Give all figures from now on the book's look, and in a notebook make them sharp.

    Examples
    --------
    >>> use_style()
    >>> plt.rcParams["font.family"]
    ['Fira Sans', 'DejaVu Sans']
    """
    plt.rcParams.update(STYLE)
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and hasattr(shell, "kernel"):
        from matplotlib_inline.config import InlineBackend

        # Retina: twice the pixels, shown at the figure's own size. Not cropped to what is
        # drawn (the default), so that figures stay equally wide and letters equally large.
        backend = InlineBackend.instance(parent=shell)
        backend.figure_formats = {"retina"}
        backend.print_figure_kwargs = {"bbox_inches": None}


# One dimension


def plot_normal(mean, variance, ax=None, *, shade=0, look=0, label=None, x_range=None):
    r"""Draw the bell curve of N(μ, σ²).

    Parameters
    ----------
    mean, variance : float
    ax : Axes, optional
    shade : float
        Shade the area within so many standard deviations of the mean.
    look : int
        Which colour and line style of the palette.
    label : str, optional
        The curve's name for the legend.
    x_range : (float, float), optional
        From where to where; without it, four standard deviations to each side.

    Examples
    --------
    >>> ax = plot_normal(0.0, 0.25, Figure().subplots(), shade=1)
    >>> ax.get_ylabel()
    'density'
    """
    ax = ax or plt.gca()
    sd = np.sqrt(variance)
    x = np.linspace(*(x_range or (mean - 4 * sd, mean + 4 * sd)), 400)
    density = normal_pdf(x, mean, variance)
    ax.plot(x, density, **_line(look), label=label)
    if shade:
        within = np.abs(x - mean) <= shade * sd
        ax.fill_between(
            x, density, where=within, color=_line(look)["color"], alpha=0.2, lw=0
        )
    ax.set(xlabel="x", ylabel="density")
    ax.set_ylim(bottom=0, auto=True)  # auto: a taller curve drawn later still fits
    return ax


def plot_mixture_1d(mixture, x=None, ax=None, *, bins=0, x_range=None, names=None):
    r"""Draw a mixture of one feature: each π_k N(x | μ_k, σ_k²), and their sum.

    Parameters
    ----------
    mixture : Mixture, d = 1
    x : array, shape (n,) or (n, 1), optional
        A sample, drawn as ticks on the axis.
    ax : Axes, optional
    bins : int
        Draw the sample as a histogram of so many bins instead (its area is 1, as the
        curve's).
    x_range : (float, float), optional
        From where to where; without it, all of the data and the components.
    names : sequence of str, optional
        What the legend calls the components; without it, "component 0" and so on.

    Examples
    --------
    >>> from gmmlib.mixture import Mixture
    >>> two = Mixture([0.3, 0.7], [[0.0], [4.0]], [1.0, 2.0], "spherical")
    >>> ax = plot_mixture_1d(two, [-0.4, 0.5, 3.1, 4.4], Figure().subplots())
    >>> ax.get_legend_handles_labels()[1]
    ['component 0', 'component 1', 'mixture']
    """
    ax = ax or plt.gca()
    x = None if x is None else np.ravel(x)
    grid = _grid(mixture, x, x_range)
    if x is not None and bins:
        ax.hist(x, bins=bins, density=True, color=FAINT, edgecolor="white")
    elif x is not None:
        # Ticks hang from the axis (y in the axes' own units), whatever the scale.
        ax.plot(
            x,
            np.full(len(x), 0.02),
            "|",
            color=INK,
            ms=9,
            mew=1,
            transform=ax.get_xaxis_transform(),
        )
    parts = np.exp(mixture.log_joint(grid[:, None]))
    for j, part in enumerate(parts.T):
        ax.plot(grid, part, **_line(j), label=names[j] if names else f"component {j}")
    ax.plot(grid, parts.sum(axis=1), color=INK, ls="-", lw=1, label="mixture")
    ax.set(xlabel="x", ylabel="density")
    ax.set_ylim(bottom=0, auto=True)
    _legend_above(ax)
    return ax


def plot_responsibilities_1d(mixture, ax=None, *, x=None, x_range=None, names=None):
    r"""Draw the responsibilities r_k(x) of a mixture of one feature, as curves over x.

    Parameters
    ----------
    mixture : Mixture, d = 1
    ax : Axes, optional
    x : array, shape (n,) or (n, 1), optional
        Points to mark on every curve.
    x_range : (float, float), optional
        From where to where; without it, all of the points and the components.
    names : sequence of str, optional
        What the legend calls the components; without it, "component 0" and so on.

    Examples
    --------
    >>> from gmmlib.mixture import Mixture
    >>> two = Mixture([0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    >>> ax = plot_responsibilities_1d(two, Figure().subplots(), x=[2.0])
    >>> [curve.get_label() for curve in ax.lines[::2]]
    ['component 0', 'component 1']
    """
    ax = ax or plt.gca()
    x = None if x is None else np.ravel(x)
    grid = _grid(mixture, x, x_range)
    resp = mixture.responsibilities(grid[:, None])
    for j in range(mixture.n_components):
        ax.plot(
            grid, resp[:, j], **_line(j), label=names[j] if names else f"component {j}"
        )
        if x is not None:
            ax.plot(x, mixture.responsibilities(x[:, None])[:, j], **_points(j), ms=8)
    ax.set(xlabel="x", ylabel="responsibility", ylim=(-0.03, 1.03))
    _legend_above(ax)
    return ax


# Two dimensions


def plot_clusters(
    X, labels=None, responsibilities=None, ax=None, *, dims=(0, 1), names=None
):
    """Draw points: in one colour, by label, or with colours mixed by responsibility.

    Parameters
    ----------
    X : array, shape (n, d)
    labels : int array, shape (n,), optional
        A cluster, component or class for each point: its colour and marker.
    responsibilities : array, shape (n, k), optional
        Mix the components' colours in these shares; the marker is the likeliest
        component's.
    ax : Axes, optional
    dims : (int, int)
        The two features to draw.
    names : sequence of str, optional
        Names of the labels, for a legend.

    Examples
    --------
    >>> X = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]
    >>> ax = Figure().subplots()
    >>> ax = plot_clusters(X, [0, 1, 1], ax=ax, names=["small", "large"])
    >>> ax.get_legend_handles_labels()[1]
    ['small', 'large']
    >>> resp = [[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]]
    >>> ax = plot_clusters(X, responsibilities=resp, ax=Figure().subplots())
    """
    ax = ax or plt.gca()
    X = np.asarray(X, dtype=float)[:, list(dims)]
    if responsibilities is None and labels is None:
        ax.scatter(*X.T, s=16, color="#7A8288", edgecolors="white", linewidths=0.4)
    else:
        if responsibilities is None:
            labels = np.asarray(labels)
            colours = np.array([to_rgb(PALETTE[j % len(PALETTE)]) for j in labels])
        else:
            responsibilities = np.asarray(responsibilities)
            labels = responsibilities.argmax(axis=1)
            pure = [to_rgb(_line(j)["color"]) for j in range(responsibilities.shape[1])]
            colours = np.clip(responsibilities @ pure, 0, 1)
        for j in np.unique(labels):
            ax.scatter(
                *X[labels == j].T,
                s=22,
                color=colours[labels == j],
                marker=MARKERS[j % len(MARKERS)],
                edgecolors="white",
                linewidths=0.4,
                label=names[j] if names is not None else None,
            )
        if names is not None:
            ax.legend()
    _name_axes(ax, dims)
    return ax


def plot_means(means, ax=None, *, dims=(0, 1)):
    """Mark means, or the centres of k-means, each by a disc that holds its number.

    Parameters
    ----------
    means : array, shape (k, d)
    ax : Axes, optional
    dims : (int, int)
        The two features to draw.

    Examples
    --------
    >>> ax = plot_means([[0.0, 0.0], [3.0, 1.0]], Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['0', '1']
    """
    ax = ax or plt.gca()
    for j, mean in enumerate(np.asarray(means, dtype=float)[:, list(dims)]):
        ax.plot(
            *mean, "o", ms=17, mfc=_line(j)["color"], mec="white", mew=1.5, zorder=4
        )
        ax.annotate(
            str(j),
            mean,
            color="white",
            weight="bold",
            size=10,
            zorder=5,
            ha="center",
            va="center_baseline",
        )
    _name_axes(ax, dims)
    return ax


def plot_ellipse(
    mean, covariance, ax=None, *, n_std=(1,), look=0, label=None, axes=False
):
    r"""Draw the ellipses at some Mahalanobis distances from a mean.

    The ellipse at distance s is the circle of radius s, mapped by the Cholesky factor L
    of Σ = L Lᵀ.

    Parameters
    ----------
    mean : array, shape (2,)
    covariance : array, shape (2, 2)
    ax : Axes, optional
    n_std : sequence of float
        The distances s, in standard deviations.
    look : int
        Which colour and line style of the palette.
    label : str, optional
        A name for the legend.
    axes : bool
        Draw the principal axes as arrows, one standard deviation long.

    Examples
    --------
    >>> ax = plot_ellipse([1, 1], [[4, 6], [6, 13]], Figure().subplots(), axes=True)
    >>> len(ax.lines), len(ax.texts)  # an ellipse and two arrows
    (1, 2)
    """
    ax = ax or plt.gca()
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = cholesky(covariance) @ [np.cos(angle), np.sin(angle)]
    for s in n_std:
        ellipse = np.reshape(mean, (2, 1)) + s * circle
        ax.plot(*ellipse, **_line(look), label=label, zorder=3, path_effects=HALO)
        label = None
    variances, directions = np.linalg.eigh(covariance)
    for variance, u in zip(variances, directions.T if axes else ()):
        tip = mean + np.sqrt(variance) * np.copysign(u, u * u[0])  # to the right
        arrow = {"arrowstyle": "-|>", "color": INK, "lw": 2, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", tip, mean, arrowprops=arrow, zorder=4)
    return ax


def plot_ellipses(mixture, ax=None, *, n_std=(1, 2), dims=(0, 1)):
    """Draw each component's mean and ellipses at some Mahalanobis distances from it.

    In two dimensions those at 1 and 2 hold 39 % and 86 % of a component's points.

    Parameters
    ----------
    mixture : Mixture
        Of any covariance type.
    ax : Axes, optional
    n_std : sequence of float
        The distances s, in standard deviations.
    dims : (int, int)
        The two features to draw. The ellipse is that of their marginal distribution,
        not a slice through the others.

    Examples
    --------
    >>> from gmmlib.mixture import Mixture
    >>> two = Mixture([0.5, 0.5], [[0, 0], [3, 1]], [[1.0, 0.2], [0.5, 2.0]], "diag")
    >>> ax = plot_ellipses(two, Figure().subplots(), n_std=[1, 2])
    >>> len(ax.lines)  # for each component two ellipses and a mean
    6
    """
    ax = ax or plt.gca()
    for j, covariance in enumerate(mixture.full_covariances()):
        mean = mixture.means[j, list(dims)]
        plot_ellipse(mean, covariance[np.ix_(dims, dims)], ax, n_std=n_std, look=j)
    return plot_means(mixture.means, ax, dims=dims)


def plot_regions(predict, ax=None, *, extent=None, resolution=300):
    """Tint the plane by the label that each place would get; lines where it changes.

    Parameters
    ----------
    predict : function
        Takes points of shape (m, 2), returns m integer labels: a fitted model's
        ``predict``.
    ax : Axes, optional
    extent : (float, float, float, float), optional
        left, right, bottom, top; without it, what `ax` shows: draw the points first.
    resolution : int
        Places along each side.

    Examples
    --------
    >>> def predict(X):
    ...     return (X[:, 0] > X[:, 1]).astype(int)
    >>> ax = plot_regions(predict, Figure().subplots(), extent=(0, 2, 0, 1))
    >>> [float(v) for v in ax.get_xlim()]
    [0.0, 2.0]
    """
    ax = ax or plt.gca()
    extent = extent or (*ax.get_xlim(), *ax.get_ylim())
    x, y = np.meshgrid(
        np.linspace(*extent[:2], resolution), np.linspace(*extent[2:], resolution)
    )
    labels = np.asarray(predict(np.column_stack([x.ravel(), y.ravel()]))).reshape(
        x.shape
    )
    tints = np.array(
        [to_rgb(PALETTE[j % len(PALETTE)]) for j in range(labels.max() + 1)]
    )
    ax.imshow(
        0.15 * tints[labels] + 0.85,
        extent=extent,
        origin="lower",
        aspect="auto",
        zorder=0,
    )
    for j in np.unique(labels)[1:]:
        # One outline for each label: contours of the label numbers themselves would draw a
        # line of label 1 between the regions 0 and 2.
        ax.contour(x, y, labels == j, levels=[0.5], colors=INK, linewidths=1)
    ax.set(xlim=extent[:2], ylim=extent[2:])
    return ax


# Whole fits


def draw_fit(ax, X, mixture, names, dims=(0, 1)):
    """Draw points in the colours of their shares, and the mixture, whatever its d.

    Parameters
    ----------
    ax : Axes
    X : array, shape (n, d)
    mixture : Mixture
    names : sequence of str
        Of the d features.
    dims : (int, int)
        Of two features or more, those to draw.

    Examples
    --------
    >>> from gmmlib.mixture import Mixture
    >>> one = Mixture([1.0], [[0.0]], [[1.0]], "diag")
    >>> draw_fit(Figure().subplots(), [[-1.0], [1.0]], one, ["cm"]).get_xlabel()
    'cm'
    """
    X = np.asarray(X, dtype=float)
    if mixture.n_features == 1:
        plot_mixture_1d(mixture, X, ax, bins=min(30, 2 + len(X) // 5))
        ax.set_xlabel(_plain(names[0]))
        return ax
    plot_clusters(X, responsibilities=mixture.responsibilities(X), ax=ax, dims=dims)
    low, high = X[:, list(dims)].min(axis=0), X[:, list(dims)].max(axis=0)
    margin = np.where(high > low, 0.15 * (high - low), 1.0)
    plot_ellipses(mixture, ax, dims=dims)
    ax.set(
        xlim=(low[0] - margin[0], high[0] + margin[0]),
        ylim=(low[1] - margin[1], high[1] + margin[1]),
        xlabel=_plain(names[dims[0]]),
        ylabel=_plain(names[dims[1]]),
    )
    return ax


def figure_of_fit(X, mixture, names, criterion=None, most=5):
    """A figure of a fit: a histogram, a scatter plot, or one for each two features.

    Parameters
    ----------
    X : array, shape (n, d)
    mixture : Mixture
    names : sequence of str
        Of the d features.
    criterion : (str, sequence of int, dict of str to sequence of float), optional
        A criterion's name, numbers of components, and its values for each covariance
        type: another panel.
    most : int
        Of more features, the first so many.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from gmmlib.mixture import Mixture
    >>> X = np.random.default_rng(0).normal(size=(20, 3))
    >>> one = Mixture([1.0], [[0.0] * 3], [1.0], "spherical")
    >>> len(figure_of_fit(X, one, "abc").axes)  # three pairs, three histograms
    6
    """
    with plt.rc_context(STYLE):
        shown = min(mixture.n_features, most)
        n = 1 if shown <= 2 else shown
        width, height = (6.0, 4.2) if n == 1 else (2.4 * n, 2.2 * n)
        figure = Figure((width + 4.5 * bool(criterion), height), layout="constrained")
        panels = [figure]
        if criterion:
            panels = figure.subfigures(1, 2, width_ratios=(width, 4.5))
            _draw_criterion(panels[1].subplots(), *criterion)
        if n == 1:
            draw_fit(panels[0].subplots(), X, mixture, names)
        else:
            _scatter_matrix(panels[0].subplots(n, n), X, mixture, names)
    return figure


def _draw_criterion(ax, name, numbers, curves):
    """A curve for each covariance type; the lowest value of all is marked and named."""
    for j, (shape, values) in enumerate(curves.items()):
        ax.plot(numbers, values, **_line(j), marker="os^v"[j], label=shape)
    shape = min(curves, key=lambda shape: min(curves[shape]))
    best = int(np.argmin(curves[shape]))
    lowest = numbers[best], curves[shape][best]
    several = len(curves) > 1
    # What else is there shows through it, and above the lowest of several are the others.
    fill = "none" if several else "full"
    ax.plot(*lowest, "D", ms=9, mew=2, color=PALETTE[4], fillstyle=fill)
    ax.annotate(
        f"lowest: {numbers[best]}{f', {shape}' * several}",
        lowest,
        (0, -10 if several else 12),
        textcoords="offset points",
        va="top" if several else "baseline",
        ha="left" if lowest[0] == min(numbers) < max(numbers) and several
        else "right" if lowest[0] == max(numbers) > min(numbers) and several
        else "center",
    )  # fmt: skip
    ax.set(xlabel="number of components", ylabel=name)
    ax.margins(y=0.15)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(numbers) == 1:
        ax.set_xticks(numbers)
    if several:
        _legend_above(ax)


def _scatter_matrix(axes, X, mixture, names):
    """Histograms on the diagonal, each two features once below it."""
    for (row, column), ax in np.ndenumerate(axes):
        if column > row:
            ax.remove()
        elif column < row:
            draw_fit(ax, X, mixture, names, dims=(column, row))
        else:
            ax.hist(np.asarray(X)[:, row], bins=20, color=FAINT, edgecolor="white")
            ax.set(yticks=[], xlabel=_plain(names[row]))
        if column <= row:
            ax.label_outer()
    for column in range(len(axes) - 1):
        axes[column, column].set_xlim(axes[-1, column].get_xlim())


# Results


def plot_history(histories, ax=None, *, gap=False, optimum=None):
    """Draw the log-likelihood after each iteration, for one run or several.

    Parameters
    ----------
    histories : dict of str to sequence of float
        For each run, its name and the log-likelihood at iteration 0 (the start), 1, 2,
        …
    ax : Axes, optional
    gap : bool
        Draw how far each is below the optimum, on a logarithmic axis: a straight line
        is a constant rate of convergence.
    optimum : float, optional
        The log-likelihood to measure the gap from; without it, the highest of all.

    Examples
    --------
    >>> history = {"EM": [-9.0, -5.0, -3.0, -2.5]}
    >>> ax = plot_history(history, Figure().subplots(), gap=True)
    >>> ax.get_yscale()
    'log'
    """
    ax = ax or plt.gca()
    optimum = max(map(max, histories.values())) if optimum is None else optimum
    for j, (label, values) in enumerate(histories.items()):
        values = np.asarray(values, dtype=float)
        if gap:
            # At the optimum the gap is 0 but for rounding, and 0 has no logarithm.
            away = values < optimum - 1e-12 * abs(optimum)
            values = np.where(away, optimum - values, np.nan)
        ax.plot(
            values,
            **_line(j),
            marker=MARKERS[j % len(MARKERS)],
            label=label,
            markevery=max(1, len(values) // 15),
        )
    ax.set(
        xlabel="iteration",
        ylabel="optimum − log-likelihood" if gap else "log-likelihood",
    )
    ax.set_yscale("log" if gap else "linear")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return ax


def plot_confusion(matrix, rows, columns, ax=None):
    """Draw a small table of counts, darker where there are more.

    Parameters
    ----------
    matrix : int array, shape (r, c)
    rows, columns : sequences of str
        Names of the r rows (the classes, say) and of the c columns (the clusters).
    ax : Axes, optional

    Examples
    --------
    >>> ax = plot_confusion([[50, 0], [3, 47]], ["setosa", "versicolor"], ["0", "1"],
    ...                     Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['50', '0', '3', '47']
    """
    ax = ax or plt.gca()
    matrix = np.asarray(matrix)
    ax.imshow(matrix, cmap="Blues", vmin=0)
    for (i, j), count in np.ndenumerate(matrix):
        ax.text(
            j,
            i,
            str(count),
            ha="center",
            va="center",
            color="white" if 3 * count > 2 * matrix.max() else INK,
        )
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _line(j):
    """Colour and line style of component j."""
    return {
        "color": PALETTE[j % len(PALETTE)],
        "linestyle": LINESTYLES[j % len(LINESTYLES)],
    }


def _points(j):
    """Colour and marker of component j, for points that no line joins."""
    return {
        "color": PALETTE[j % len(PALETTE)],
        "marker": MARKERS[j % len(MARKERS)],
        "linestyle": "none",
        "markeredgecolor": "white",
    }


def _grid(mixture, x, x_range):
    """Where to evaluate a mixture of one feature: over all components, and all of x."""
    if x_range is None:
        reach = 4 * np.sqrt(mixture.full_covariances()[:, 0, 0])
        ends = np.concatenate(
            [
                mixture.means[:, 0] - reach,
                mixture.means[:, 0] + reach,
                [] if x is None else x,
            ]
        )
        x_range = ends.min(), ends.max()
    return np.linspace(*x_range, 600)


def _legend_above(ax):
    """A legend over the Axes, where no curve can run through it."""
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0.2)


def _plain(name):
    """The name of a feature, of which no part is a formula."""
    return name.replace("$", r"\$")


def _name_axes(ax, dims):
    """Name the axes after the features, unless the chapter has named them."""
    ax.set_xlabel(ax.get_xlabel() or f"$x_{{{dims[0] + 1}}}$")
    ax.set_ylabel(ax.get_ylabel() or f"$x_{{{dims[1] + 1}}}$")
