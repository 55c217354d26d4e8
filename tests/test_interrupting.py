"""An interrupt of a training, where somebody looks on and where nobody does."""

import os
import signal
import threading

import pytest
from test_training import digest, make_data, small_model

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.training import ablation as ladders
from mnist_helpers.training import fitting as training
from mnist_helpers.training import interrupting

pytestmark = pytest.mark.slow


@pytest.fixture
def front_end(monkeypatch):
    monkeypatch.setattr(interrupting, "has_front_end", lambda: True)


def interrupt_in(epoch: int, times: int = 1) -> keras.callbacks.Callback:
    """Interrupt the process in the middle of an epoch, counted from 0."""

    class Interrupter(keras.callbacks.Callback):
        def on_epoch_begin(self, now, logs=None):
            self.left = times if now == epoch else 0

        def on_train_batch_end(self, batch, logs=None):
            if self.left:
                self.left -= 1
                os.kill(os.getpid(), signal.SIGINT)

    return Interrupter()


def train(epochs: int, *callbacks) -> tuple[keras.Model, dict]:
    inputs, labels = make_data((784,))
    model = small_model()
    history = training.fit(
        model,
        inputs,
        labels,
        validation_data=(inputs, labels),
        epochs=epochs,
        batch_size=32,
        seed=1,
        callbacks=callbacks,
    )
    return model, history.history


@pytest.fixture(autouse=True)
def handler_is_restored():
    # A shell has what it runs in the background ignore interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_the_first_interrupt_lets_the_epoch_end(front_end, capsys):
    interrupted, history = train(5, interrupt_in(1))
    printed = capsys.readouterr().out
    shorter, expected = train(2)
    assert history == expected
    assert len(history["val_accuracy"]) == 2
    assert digest(interrupted) == digest(shorter)
    assert printed.startswith("interrupted: the training stops after this epoch")
    assert capsys.readouterr().out == ""


def test_the_second_interrupt_ends_it_at_once(front_end):
    begun = []
    note = keras.callbacks.LambdaCallback(on_epoch_begin=lambda n, _: begun.append(n))
    with pytest.raises(KeyboardInterrupt):
        train(5, interrupt_in(1, times=2), note)
    assert begun == [0, 1]


def test_where_nobody_looks_on_the_first_ends_it_at_once():
    begun = []
    note = keras.callbacks.LambdaCallback(on_epoch_begin=lambda n, _: begun.append(n))
    with pytest.raises(KeyboardInterrupt):
        train(5, interrupt_in(1), note)
    assert begun == [0, 1]


def test_it_ends_a_ladder_which_has_no_use_for_half_a_training(front_end, monkeypatch):
    def fit(*arguments, callbacks, **more):
        callbacks = [*callbacks, interrupt_in(1)]
        return training.fit(*arguments, callbacks=callbacks, **more)

    monkeypatch.setattr(ladders, "fit", fit)
    inputs, labels = make_data((784,))
    split = ladders.Split(inputs, labels, (inputs, labels))
    with pytest.raises(KeyboardInterrupt, match="after epoch 2 of 5"):
        ladders.fit_best(small_model(), split, 1, epochs=5, batch_size=32)


def test_a_thread_trains_without_a_handler(front_end):
    histories = []
    handlers = []
    note = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda *_: handlers.append(signal.getsignal(signal.SIGINT))
    )
    thread = threading.Thread(target=lambda: histories.append(train(1, note)[1]))
    thread.start()
    thread.join()
    assert len(histories[0]["loss"]) == 1
    assert handlers == [signal.getsignal(signal.SIGINT)]
