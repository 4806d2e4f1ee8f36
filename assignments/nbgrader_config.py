"""The course's settings for nbgrader, whose commands run in this folder."""

from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_output
from nbgrader import preprocessors
from nbgrader.converters import Autograde, GenerateFeedback
from traitlets import Integer

c = get_config()  # noqa: F821, traitlets puts it into every configuration file

c.CourseDirectory.course_id = "gmm"

# What `nbgrader zip_collect` finds in downloaded/: a name, and the file handed out; or
# what Moodle makes of them, a folder for each name.
c.FileNameCollectorPlugin.named_regexp = (
    r".*/(?P<student_id>[^/]+?)_"
    r"(?:\d+_assignsubmission_file[^/]*/)?(?P<file_id>\d\d_\w+)"
)

# A cell may take this long; `gmmlib.book.feedback` stops a single call sooner, in words.
c.Execute.timeout = 30
c.Execute.extra_arguments = [
    "--HistoryManager.hist_file=:memory:",
    "--InteractiveShell.xmode=Minimal",  # or an error shows lines of hidden tests
    # before the first cell: what prints without end would fill memory and disk
    "--IPKernelApp.exec_lines=__import__('gmmlib.book.feedback').book.feedback.limit_output()",
]


class Execute(preprocessors.Execute):
    """As nbgrader's, but a cell that ends Python costs what comes after it, not all."""

    dead = False

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "code" and not self.dead:
            try:
                return super().preprocess_cell(cell, resources, index)
            except DeadKernelError:
                self.dead = True
        if cell.cell_type == "code":
            message = (
                "Python has ended, in this cell or above (exit, or out of memory?)"
            )
            cell.outputs = [new_output("error", ename="DeadKernelError", evalue=message,
                                       traceback=[message])]  # fmt: skip
        return cell, resources


class ShortenResults(preprocessors.LimitOutput):
    """nbgrader counts lines; a value that a cell ends with may be one endless line."""

    max_characters = Integer(100_000).tag(config=True)

    def preprocess_cell(self, cell, resources, cell_index):
        for output in cell.get("outputs", []):
            for kind, value in output.get("data", {}).items():
                if len(value) > self.max_characters and kind.startswith("text/"):
                    output.data[kind] = value[:1000] + " … (shortened)"
        return cell, resources


class DropUnknown(preprocessors.ClearOutput):
    """Take a cell that is not, or no longer, one of the set's for a student's own.

    Such are copies of cells, and cells that were tampered with. nbgrader would stop
    there, and grade nobody who comes after.
    """

    def preprocess_cell(self, cell, resources, cell_index):
        known = cell.metadata.get("nbgrader", {})
        if known.get("schema_version") != 3 or not known.get("grade_id"):
            cell.metadata.pop("nbgrader", None)
        return cell, resources


class OverwriteCells(preprocessors.OverwriteCells):
    """As nbgrader's, which stops if the cell before a missing one is missing, too."""

    def preprocess(self, nb, resources):
        nb, resources = super().preprocess(nb, resources)
        with self.gradebook:
            self.add_missing(nb)
        return nb, resources

    def add_missing(self, nb):
        stored = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        points = {cell.name: cell.max_score for cell in stored.grade_cells}
        solutions = {cell.name for cell in stored.solution_cells}
        place = 0
        for source in stored.source_cells:
            names = [
                cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells
            ]
            if source.name in names:
                place = names.index(source.name) + 1
            elif source.name in points:
                is_solution = source.name in solutions
                cell = self.missing_cell_transform(
                    source, points[source.name], is_solution
                )
                nb.cells.insert(place, cell)
                place += 1


def usual(converter, trait="preprocessors"):
    """What nbgrader does by itself."""
    return converter.class_traits()[trait].default()


c.Autograde.sanitize_preprocessors = [
    DropUnknown,
    preprocessors.ClearOutput,
    preprocessors.DeduplicateIds,
    preprocessors.OverwriteKernelspec,
    OverwriteCells,
    DropUnknown,
    preprocessors.CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    Execute if step is preprocessors.Execute else step
    for step in usual(Autograde, "autograde_preprocessors")
] + [ShortenResults]

# The rubric stands in the question, which nbgrader restores for the grader to see.
c.ClearMarkScheme.enforce_metadata = False
# Feedback keeps for itself what the next class should not read.
c.GenerateFeedback.preprocessors = [
    preprocessors.ClearHiddenTests,
    preprocessors.ClearMarkScheme,
    *usual(GenerateFeedback),
]
