"""The report of a fit: for a reader, or for a program."""

from gmmlib.book import show


def as_text(table, best, candidates, options):
    """The report for a reader."""
    model, k = best.model, best.model.n_components
    n, d = table.X.shape
    lines = [
        f"{options.data_path}: {n} points, {d} feature{'s' * (d > 1)}: "
        f"{', '.join(table.names[:10])}{', …' * (d > 10)}",
        *([table.sentence] if table.sentence else []),
        "",
    ]
    if len(candidates) > 1:
        lines += [as_table(candidates, best, options), ""]
    ended = "converged" if model.converged_ else "stopped before it converged"
    lines += [
        f"{k} component{'s' * (k > 1)}, covariance type {model.covariance_type}: "
        f"{ended}, {model.n_iter_} iteration{'s' * (model.n_iter_ != 1)}",
        f"log-likelihood {model.log_likelihood_:.6f} "
        f"({model.lower_bound_:.6f} per point)",
        f"BIC {best.bic:.4f}   AIC {best.aic:.4f}   ICL {best.icl:.4f}   "
        f"({model.mixture_.n_parameters} parameters; lower is better)",
    ]
    for j in range(k):
        lines += ["", f"component {j}: weight {model.weights_[j]:.6f}"]
        lines += aligned("mean", model.means_[j : j + 1])
        if model.covariance_type == "tied":
            continue
        if model.covariance_type == "full":
            lines += aligned("covariance", model.covariances_[j])
        elif model.covariance_type == "diag":
            lines += aligned("variances", model.covariances_[j : j + 1])
        else:
            lines += aligned("variance", model.covariances_[j : j + 1, None])
    if model.covariance_type == "tied":
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
    """All that was tried; the winner is marked."""
    rows = []
    for candidate in candidates:
        model = candidate.model
        mark = f"← lowest {options.criterion.upper()}" * (candidate is best)
        rows.append((
            model.covariance_type, model.n_components, f"{model.log_likelihood_:.4f}",
            f"{candidate.bic:.4f}", f"{candidate.aic:.4f}", f"{candidate.icl:.4f}",
            model.n_iter_, "yes" if model.converged_ else "no", mark,
        ))  # fmt: skip
    header = [
        "covariance type",
        "components",
        "log-likelihood",
        "BIC",
        "AIC",
        "ICL",
        "iterations",
        "converged",
        "",
    ]
    # A column that says one thing says nothing.
    first = int(len(options.shapes) == 1)
    rows = [row[first:] for row in rows]
    return repr(show.table(rows, header[first:], "lrrrrrrcl"[first:]))


def as_document(table, best, candidates, remarks, options):
    """The report for a program."""
    document = {
        "data": {
            "path": options.data_path,
            "n_samples": len(table.X),
            "n_features": table.X.shape[1],
            "feature_names": table.names,
            "read": table.about,
        },
        "settings": {
            name: getattr(best.model, name)
            for name in (
                "covariance_type",
                "max_iter",
                "n_init",
                "tol",
                "reg_covar",
                "missing",
            )
        }
        | {"random_state": options.random_state},
    }
    if len(candidates) > 1 or options.find_num_clusters_range:
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
        "covariance_type": model.covariance_type,
        "log_likelihood": model.log_likelihood_,
        "n_parameters": model.mixture_.n_parameters,
        "bic": candidate.bic,
        "aic": candidate.aic,
        "icl": candidate.icl,
        "n_iter": model.n_iter_,
        "converged": model.converged_,
        "warnings": remarks,
    }
