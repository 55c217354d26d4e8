"""Whether widgets are shown, and what is let go when a cell is run again."""

from queue import Empty

import pytest
from jupyter_client.manager import start_new_kernel

from mnist_helpers.widgets import errors

pytestmark = pytest.mark.slow

SHOW = """
import numpy as np
from mnist_helpers.widgets import errors
errors.explore(
    np.zeros((1, 28, 28), np.uint8), np.zeros(1, int), np.eye(1, 10, dtype=np.float32)
)
"""
REMEMBER = """
import gc, weakref
from mnist_helpers.widgets import Explorer, show

class Data:
    pass

class Widget(Explorer):
    _esm = "export default {}"

alive = weakref.WeakSet()

def make():
    data, widget = Data(), Widget()
    alive.add(data)
    widget.on_msg(lambda *_, data=data: None)
    return widget
"""


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def execute(client, code: str, cell: str | None) -> tuple[set[str], list[dict]]:
    """Run code as a front end does that names the cell, or as papermill does.

    Returns the kinds of messages, and the data that they display.
    """
    content = {"code": code, "silent": False, "store_history": True}
    metadata = {"cellId": cell} if cell else {}
    request = client.session.msg("execute_request", content, metadata=metadata)
    client.shell_channel.send(request)
    kinds, data = set(), []
    while True:
        try:
            message = client.get_iopub_msg(timeout=60)
        except Empty:
            pytest.fail("the kernel says nothing")
        if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        if message["content"].get("execution_state") == "idle":
            return kinds, data
        kinds.add(message["msg_type"])
        if "data" in message["content"] and message["msg_type"] != "comm_open":
            data.append(message["content"]["data"])


def test_a_front_end_gets_the_widget_in_the_place_of_its_sentence(kernel):
    kinds, [shown] = execute(kernel, SHOW, "0b2f")
    assert shown["text/plain"] == errors.INSTEAD
    assert "comm_open" in kinds
    assert 'data-mnist-widget=""' not in shown["text/html"]


def test_without_a_front_end_there_is_the_same_sentence_and_no_widget(kernel):
    kinds, [shown] = execute(kernel, SHOW, None)
    assert shown["text/plain"] == errors.INSTEAD
    assert shown["text/html"] == f'<div data-mnist-widget="">{errors.INSTEAD}</div>'
    assert "comm_open" not in kinds


def test_a_cell_that_is_run_again_lets_go_of_what_it_displayed(kernel):
    """Its own only, and even where nothing takes its place."""

    def alive() -> int:
        [answer] = execute(kernel, "gc.collect(); len(alive)", None)[1]
        return int(answer["text/plain"])

    execute(kernel, REMEMBER, None)
    for cell in ("one", "two", "one"):
        execute(kernel, "show(make, 'a widget')", cell)
    assert alive() == 2
    kinds, _ = execute(kernel, "show(lambda: 1 / 0, 'a widget')", "one")
    assert {"error", "comm_close"} <= kinds
    assert alive() == 1
