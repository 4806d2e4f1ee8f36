"""gmmlib: EM for Gaussian mixtures, small enough to be read beside its book."""

from gmmlib.em import em
from gmmlib.gaussian import fit_normal, normal_logpdf, normal_pdf
from gmmlib.kmeans import kmeans, lloyd
from gmmlib.mixture import Mixture, normalise
from gmmlib.steps import Sums, e_step, m_step, weighted_sums

__version__ = "0.1.0"
__all__ = [
    "GaussianMixture",
    "Mixture",
    "Sums",
    "e_step",
    "em",
    "fit_normal",
    "kmeans",
    "lloyd",
    "m_step",
    "normal_logpdf",
    "normal_pdf",
    "normalise",
    "weighted_sums",
]


def __getattr__(name):
    """`GaussianMixture`, when it is asked for: scikit-learn takes a second to import."""
    if name == "GaussianMixture":
        from gmmlib.estimator import GaussianMixture

        return GaussianMixture
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), "GaussianMixture"]
