"""Let an interrupt end a training after its running epoch, where somebody looks on."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mnist_helpers.training.front_end import has_front_end


@contextmanager
def interrupt_noted() -> Iterator[threading.Event]:
    """Note the first interrupt in place of raising ``KeyboardInterrupt``.

    The second takes its ordinary course. So does the first in a headless run, which an
    interrupt has to stop, and in a thread, which no interrupt reaches.

    Yields
    ------
    threading.Event
        Set by the first interrupt.
    """
    noted = threading.Event()
    if not has_front_end() or threading.current_thread() != threading.main_thread():
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
