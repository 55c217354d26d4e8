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
    return identify_run() is not None


def identify_run() -> tuple[str, str] | None:
    """Tell the front end's names for the running cell and for this run of it.

    Returns
    -------
    tuple of (str, str), or None
        The cell's stays the same from run to run. None without a front end.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    request = kernel.get_parent() if kernel else {}
    cell = request.get("metadata", {}).get("cellId")
    return None if cell is None else (cell, request["header"]["msg_id"])
