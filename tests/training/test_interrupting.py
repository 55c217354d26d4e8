"""An interrupt of a training, where somebody looks on and where nobody does."""

import os
import signal
import threading

import pytest
from small_networks import compiled, make_data, weights

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.training import ablation, fit, interrupting

pytestmark = pytest.mark.slow


@pytest.fixture(params=["front end", None])
def running_cell(request, monkeypatch):
    monkeypatch.setattr(interrupting, "running_cell", lambda: request.param)
    return request.param


@pytest.fixture(autouse=True)
def handler_is_restored():
    # A shell has what it runs in the background ignore interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def interrupt_in_second_epoch(times: int) -> keras.callbacks.Callback:
    class Interrupter(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.left = times if epoch == 1 else 0

        def on_train_batch_end(self, batch, logs=None):
            if self.left:
                self.left -= 1
                os.kill(os.getpid(), signal.SIGINT)

    return Interrupter()


def train(epochs: int, *callbacks) -> tuple[bytes, dict]:
    model = compiled()
    settings = {"epochs": epochs, "batch_size": 32, "seed": 1}
    history = fit(model, *make_data(), callbacks=callbacks, **settings)
    return weights(model), history.history


def test_the_first_interrupt_lets_the_epoch_end_where_somebody_looks_on(
    running_cell, capsys
):
    if running_cell is None:
        with pytest.raises(KeyboardInterrupt):
            train(5, interrupt_in_second_epoch(1))
        return
    interrupted = train(5, interrupt_in_second_epoch(1))
    assert "interrupted: the training stops" in capsys.readouterr().out
    assert interrupted == train(2)
    with pytest.raises(KeyboardInterrupt):
        train(5, interrupt_in_second_epoch(2))


def test_an_ablation_has_no_use_for_half_a_training(monkeypatch):
    def interrupted_fit(*arguments, callbacks, **more):
        callbacks = [*callbacks, interrupt_in_second_epoch(1)]
        return fit(*arguments, callbacks=callbacks, **more)

    monkeypatch.setattr(interrupting, "running_cell", lambda: "front end")
    monkeypatch.setattr(ablation, "fit", interrupted_fit)
    split = ablation.Split(*make_data(), make_data())
    with pytest.raises(KeyboardInterrupt, match="after epoch 2 of 5"):
        ablation.fit_best(compiled(), split, 1, epochs=5, batch_size=32)


def test_a_thread_trains_without_a_handler(running_cell):
    results = []
    thread = threading.Thread(target=lambda: results.append(train(1)[0]))
    thread.start()
    thread.join()
    assert results == [train(1)[0]]
