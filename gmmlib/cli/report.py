"""The report of a fit: for a reader, or for a program."""

from gmmlib.book.show import table


def as_text(X, names, best, candidates, options):
    """The report for a reader."""
    model, k = best.model, best.model.n_components
    n, d = X.shape
    lines = [
        f"{options.data_path}: {n} points, {d} feature{'s' * (d > 1)}: "
        f"{', '.join(names[:10])}{', …' * (d > 10)}",
        "",
    ]
    if len(candidates) > 1:
        lines += [as_table(candidates, best, options), ""]
    ended = "converged" if model.converged_ else "stopped before it converged"
    lines += [
        f"{k} component{'s' * (k > 1)}, covariance type {model.covariance_type}: "
        f"{ended}, {model.n_iter_} iteration{'s' * (model.n_iter_ != 1)}",
        f"log-likelihood {model.log_likelihood_:.6f} "
        f"({model.log_likelihood_ / n:.6f} per point)",
        f"BIC {best.bic:.4f}   AIC {best.aic:.4f}   ICL {best.icl:.4f}   "
        f"({model.mixture_.n_parameters} parameters; lower is better)",
    ]
    for j in range(k):
        lines += ["", f"component {j}: weight {model.weights_[j]:.6f}"]
        lines += aligned("mean", model.means_[j : j + 1])
        if options.covariance_type == "tied":
            continue
        if options.covariance_type == "full":
            lines += aligned("covariance", model.covariances_[j])
        elif options.covariance_type == "diag":
            lines += aligned("variances", model.covariances_[j : j + 1])
        else:
            lines += aligned("variance", model.covariances_[j : j + 1, None])
    if options.covariance_type == "tied":
        lines += ["", *aligned("all components: covariance", model.covariances_)]
    return "\n".join(lines)


def aligned(name, rows):
    """The rows of numbers, aligned, the name before the first."""
    cells = [[f"{value:.6g}" for value in row] for row in rows]
    width = max(len(cell) for row in cells for cell in row)
    lines = ["  ".join(cell.rjust(width) for cell in row) for row in cells]
    return [f"  {name:10}  {lines[0]}"] + [
        " " * max(14, len(name) + 4) + line for line in lines[1:]
    ]


def as_table(candidates, best, options):
    """All numbers of components that were tried; the winner is marked."""
    rows = []
    for candidate in candidates:
        model = candidate.model
        mark = f"← lowest {options.criterion.upper()}" * (candidate is best)
        rows.append((
            model.n_components, f"{model.log_likelihood_:.4f}", f"{candidate.bic:.4f}",
            f"{candidate.aic:.4f}", f"{candidate.icl:.4f}", model.n_iter_,
            "yes" if model.converged_ else "no", mark,
        ))  # fmt: skip
    header = [
        "components",
        "log-likelihood",
        "BIC",
        "AIC",
        "ICL",
        "iterations",
        "converged",
        "",
    ]
    return repr(table(rows, header, "rrrrrrcl"))


def as_document(X, names, best, candidates, remarks, options):
    """The report for a program."""
    document = {
        "data": {
            "path": options.data_path,
            "n_samples": len(X),
            "n_features": X.shape[1],
            "feature_names": names,
        },
        "settings": {
            name: getattr(best.model, name)
            for name in ("covariance_type", "max_iter", "n_init", "tol", "reg_covar")
        }
        | {"random_state": options.random_state},
    }
    if options.find_num_clusters_range:
        document["criterion"] = options.criterion
        document["candidates"] = [
            as_numbers(candidate, texts)
            for candidate, texts in zip(candidates, remarks)
        ]
    model, texts = best.model, remarks[candidates.index(best)]
    return (
        document
        | as_numbers(best, texts)
        | {
            "weights": model.weights_.tolist(),
            "means": model.means_.tolist(),
            "covariances": model.covariances_.tolist(),
        }
    )


def as_numbers(candidate, remarks):
    """What is said of each number of components."""
    model = candidate.model
    return {
        "n_components": model.n_components,
        "log_likelihood": model.log_likelihood_,
        "n_parameters": model.mixture_.n_parameters,
        "bic": candidate.bic,
        "aic": candidate.aic,
        "icl": candidate.icl,
        "n_iter": model.n_iter_,
        "converged": model.converged_,
        "warnings": remarks,
    }
