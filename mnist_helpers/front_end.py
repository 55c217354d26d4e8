"""Whether somebody looks: whether a cell is run by a front end or headlessly."""

from IPython import get_ipython


def has_front_end() -> bool:
    """Tell whether the running cell was sent by a front end that can show widgets.

    JupyterLab and VS Code name the cell in the metadata of their request to the kernel.
    Papermill, nbval and nbconvert, which run notebooks headlessly, do not.

    Returns
    -------
    bool
        False outside a kernel too.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and "cellId" in kernel.get_parent().get("metadata", {})
