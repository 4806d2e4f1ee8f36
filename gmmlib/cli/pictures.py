"""Pictures of a fit: a figure, and an animation of the way to it."""

import io

import numpy as np

from gmmlib.book import plotting
from gmmlib.book.player import player
from gmmlib.engine import as_data
from gmmlib.initialisation import start


def draw_figure(place, X, names, best, candidates, options):
    """The figure of the fit, and for a search the curve of the criterion."""
    plotting.use_style()
    criterion = None
    if options.find_num_clusters_range or len(candidates) > 1:
        curves = {shape: [] for shape in options.shapes}
        for candidate in candidates:
            value = getattr(candidate, options.criterion)
            curves[candidate.model.covariance_type].append(value)
        criterion = options.criterion.upper(), list(options.range), curves
    mixture = best.model.mixture_
    points = best.model.impute(some_of(X, 2000))
    figure = plotting.figure_of_fit(points, mixture, names, criterion)
    # On a full disk Matplotlib's PDF writer ends in an error of its own.
    content = io.BytesIO()
    figure.savefig(content, format=place.suffix[1:].lower(), dpi=200)
    place.write_bytes(content.getbuffer())


def animate(place, X, names, model):
    """EM, from a rough start to the fit that is reported."""
    plotting.use_style()
    states = rough_run(X, model)
    shown = states[:: -(-len(states) // 20)]
    if shown[-1] is not states[-1]:
        shown.append(states[-1])
    captions = [
        f"Iteration {state.iteration}: log-likelihood {state.log_likelihood:.4f}"
        for state in shown
    ]
    end, reached = model.log_likelihood_, states[-1].log_likelihood
    mixtures = [state.mixture for state in shown]
    if abs(end - reached) > 10 * model.tol * len(X) + 1e-6 * abs(end):
        mixtures.append(model.mixture_)
        captions.append(f"A better start led to the fit reported: {end:.4f}")
    points = model.impute(some_of(X, 300))
    is_gif = place.suffix.lower() == ".gif"

    def frame(axes, i):
        plotting.draw_fit(axes, points, mixtures[i], names)
        if is_gif:  # the player has its captions below
            axes.figure.suptitle(captions[i])

    label = f"EM with {model.n_components} components, iteration by iteration"
    film = player(frame, captions, label)
    (film.save_gif if is_gif else film.save_html)(place)


def rough_run(X, model, n_starts=10):
    """All states from that of several rough starts that ends nearest the model's fit.

    A model's own start is so good that there is little to see.
    """
    runs = []
    for seed in range(n_starts):
        runs.append(states_from(X, model, seed))
        if distance(runs[-1], model) <= model.tol * len(X):
            break
    return min(runs, key=lambda states: distance(states, model))


def states_from(X, model, seed):
    """All states of the model's run from points drawn at random."""
    k, covariance_type = model.n_components, model.covariance_type
    data = as_data(X, missing=model.missing)
    floor = data.floor(model.reg_covar)
    rough = start(data, k, covariance_type, "random_from_data", floor, seed)
    return [state for state, _, _ in model.run(data, rough, floor)]


def distance(states, model):
    """How far from the model's log-likelihood a run has ended, in nats."""
    return abs(states[-1].log_likelihood - model.log_likelihood_)


def some_of(X, most):
    """At most so many rows, from all over the data."""
    return np.asarray(X[:: -(-len(X) // most)])
