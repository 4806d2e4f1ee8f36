"""For `pytest --nbval chapters`."""

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collect_file():
    """Outputs' HTML is neither stored (players are megabytes) nor, therefore, compared."""
    files = yield
    for file in files:
        if hasattr(file, "skip_compare"):
            file.skip_compare += ("text/html",)
    return files
