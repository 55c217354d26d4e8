"""Let an interrupt end a training after its running epoch, where somebody looks on."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mnist_helpers.training.front_end import running_cell


@contextmanager
def interrupt_noted() -> Iterator[threading.Event]:
    """Note the first interrupt in the event, in place of ``KeyboardInterrupt``.

    The second takes its ordinary course, as all do in a headless run.
    """
    noted = threading.Event()
    # JupyterLab may run a widget's messages in a thread, which no signal reaches.
    if not running_cell() or threading.current_thread() != threading.main_thread():
        yield noted
        return

    def note(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, earlier)
        noted.set()
        print(
            "interrupted: the training stops after this epoch, and keeps what it has "
            "learned; interrupt again to stop at once"
        )

    earlier = signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, earlier)
