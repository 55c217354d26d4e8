"""Whether somebody looks: whether a cell is run by a front end or headlessly."""

from IPython import get_ipython


def running_cell() -> str | None:
    """Return the front end's name for the running cell, or None in a headless run.

    JupyterLab and VS Code name the cell in the metadata of their request to the kernel.
    Papermill, nbval and nbconvert do not.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel and kernel.get_parent().get("metadata", {}).get("cellId")
