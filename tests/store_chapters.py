"""Run notebooks and store their outputs, equal on every machine: `make chapters`."""

import base64
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}


def normalise(notebook):
    """Remove what differs between machines, and what takes megabytes."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop("text/html", None)
            if "image/png" in data:
                data["image/png"] = with_palette(data["image/png"])
    return notebook


def with_palette(figure):
    """The figure in 256 colours: a third of the bytes, and it looks the same."""
    image = Image.open(io.BytesIO(base64.b64decode(figure)))
    if image.mode == "P":
        return figure
    png = io.BytesIO()
    image = image.convert("RGB").quantize(dither=Image.Dither.NONE)
    image.save(png, "png", optimize=True)
    return base64.b64encode(png.getvalue()).decode()


def store(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:  # nothing stale survives a failure
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(Path(path).parent)}},
    )  # fmt: skip
    client.execute()
    nbformat.write(normalise(notebook), path)
    return path


if __name__ == "__main__":
    with ThreadPoolExecutor(2) as pool:
        for path in pool.map(store, sys.argv[1:]):
            print("stored", path, flush=True)
