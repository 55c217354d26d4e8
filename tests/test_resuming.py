"""A training that was killed and goes on ends as one that was not, to the bit."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import training_child
from notebook_runs import ROOT, environment, finish
from waiting import wait_until

from mnist_helpers.data.mnist import STAND_IN
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.training.resuming import restore_state, training_fingerprint

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    model, best, history = training_child.train(tmp_path_factory.mktemp("whole"))
    losses = history.history["val_loss"]
    assert losses[0] > losses[1] > losses[2] == min(losses)
    return model, best, history


def assert_same(trained, expected) -> None:
    for model, other in zip(trained[:2], expected[:2], strict=True):
        weights, other_weights = model.get_weights(), other.get_weights()
        assert len(weights) == len(other_weights) == 8
        for ours, others in zip(weights, other_weights, strict=True):
            np.testing.assert_array_equal(ours, others)
    for ours, others in zip(
        trained[0].optimizer.variables, expected[0].optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(ours.value.numpy(), others.value.numpy())
    assert trained[2].history == expected[2].history
    assert trained[2].epoch == expected[2].epoch


@pytest.mark.parametrize(
    ("moment", "finished"),
    [
        ("in an epoch", 2),
        ("in the checkpoint", 2),
        ("before the state", 2),
        ("in the state", 2),
        ("after the best", 3),
    ],
)
def test_after_a_kill_it_goes_on(tmp_path, uninterrupted, capsys, moment, finished):
    killed = subprocess.run(
        [sys.executable, training_child.__file__, tmp_path, moment], check=False
    )
    assert killed.returncode == -9
    trained = training_child.train(tmp_path)
    goes_on = f"the training goes on after epoch {finished}\n"
    assert capsys.readouterr().out == goes_on
    assert_same(trained, uninterrupted)


def test_a_finished_training_is_not_done_again(tmp_path, uninterrupted, capsys):
    training_child.train(tmp_path)
    before = (tmp_path / "state.npz").read_bytes()
    assert_same(training_child.train(tmp_path), uninterrupted)
    assert capsys.readouterr().out == "the training goes on after epoch 5\n"
    assert (tmp_path / "state.npz").read_bytes() == before


def test_a_training_that_a_callback_stopped_is_not_done_again(tmp_path, capsys):
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=0, min_delta=1e9)
    first = training_child.train(tmp_path, after=[stopping])
    assert first[2].epoch == [0, 1]
    assert_same(training_child.train(tmp_path), first)


@pytest.fixture(scope="module")
def killed_state(tmp_path_factory):
    """State and checkpoint of a training after two of its epochs."""
    folder = tmp_path_factory.mktemp("killed")

    class KilledError(Exception):
        pass

    def stop():
        raise KilledError

    killer = training_child.Killer(training_child.BEST_EPOCH, stop, middle=True)
    with pytest.raises(KilledError):
        training_child.train(folder, before=[killer])
    return folder


def copy_state(source: Path, target: Path) -> Path:
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target / "state.npz"


def test_the_state_of_another_training_is_not_used(
    tmp_path, killed_state, uninterrupted, capsys
):
    path = copy_state(killed_state, tmp_path)
    _model, _best, history = training_child.train(tmp_path, seed=4)
    unused = "state.npz is of no use to this training, which starts anew\n"
    assert capsys.readouterr().out == unused
    assert history.epoch == list(range(5))
    assert history.history["loss"][0] != uninterrupted[2].history["loss"][0]

    # One more checkpoint, whose best value is not in the state.
    copy_state(killed_state, tmp_path)
    with np.load(path) as stored:
        fingerprint = str(stored["fingerprint"])
    checkpoints = [keras.callbacks.ModelCheckpoint(f"{n}.keras") for n in range(2)]
    model = built_model()
    assert restore_state(path, fingerprint, model, checkpoints) == 0
    assert restore_state(path, fingerprint, model, checkpoints[:1]) == 2
    assert checkpoints[0].best == uninterrupted[2].history["val_loss"][1]


def built_model(units: int = 16, optimizer=None) -> keras.Model:
    model = training_child.build(units)
    model.optimizer = optimizer or model.optimizer
    model.optimizer.build(model.trainable_variables)
    model.history = keras.callbacks.History()
    return model


def test_a_fingerprint_changes_with_whatever_a_training_depends_on():
    inputs, labels = training_child.data(50, 1)
    more, more_labels = training_child.data(51, 1)
    adam, other_adam = (keras.optimizers.Adam(rate) for rate in (0.001, 0.002))
    falling = keras.optimizers.schedules.CosineDecay(0.001, 100)
    settings = {"seed": 1, "epochs": 2}
    other_loss, other_activation, other_weights = (built_model() for _ in range(3))
    other_loss.loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=3)
    other_activation.layers[0].activation = keras.activations.gelu
    kernel = other_weights.layers[0].kernel
    kernel.assign(1.001 * kernel)
    fingerprints = [
        training_fingerprint(built_model(), inputs, labels, **settings),
        training_fingerprint(built_model(17), inputs, labels, **settings),
        training_fingerprint(built_model(16, adam), inputs, labels, **settings),
        training_fingerprint(built_model(16, other_adam), inputs, labels, **settings),
        training_fingerprint(
            built_model(16, keras.optimizers.Adam(falling)), inputs, labels, **settings
        ),
        training_fingerprint(built_model(), more, more_labels, **settings),
        training_fingerprint(built_model(), inputs[::-1], labels, **settings),
        training_fingerprint(built_model(), inputs, labels[::-1], **settings),
        training_fingerprint(built_model(), inputs, labels, seed=2, epochs=2),
        training_fingerprint(built_model(), inputs, labels, seed=1, epochs=3),
        *(
            training_fingerprint(other, inputs, labels, **settings)
            for other in (other_loss, other_activation, other_weights)
        ),
    ]
    assert len(set(fingerprints)) == len(fingerprints)
    again = training_fingerprint(built_model(), inputs, labels, **settings)
    assert again == fingerprints[0]


def damaged(state: bytes) -> list[bytes]:
    generator = np.random.default_rng(0)
    cuts = [state[:end] for end in (0, 1, 30, len(state) // 2, len(state) - 1)]
    flips = []
    for place in generator.integers(0, len(state), 60):
        flipped = bytearray(state)
        flipped[place] ^= 0xFF
        flips.append(bytes(flipped))
    return [*cuts, generator.bytes(500), b"PK\x03\x04", b"\x93NUMPY", *flips]


def test_a_damaged_state_is_not_used_and_does_no_harm(
    tmp_path, killed_state, uninterrupted, capsys
):
    path = copy_state(killed_state, tmp_path)
    whole = path.read_bytes()
    with np.load(path) as stored:
        fingerprint = str(stored["fingerprint"])
    model = built_model()
    checkpoint = keras.callbacks.ModelCheckpoint("best.keras")
    initial = model.get_weights()
    assert restore_state(path, fingerprint, model, [checkpoint]) == 2
    restored = model.get_weights()
    refused = 0
    for state in damaged(whole):
        path.write_bytes(state)
        model.set_weights(initial)
        epochs = restore_state(path, fingerprint, model, [checkpoint])
        # Some bytes say nothing, such as the time of day in a zip file.
        assert epochs in (0, 2)
        expected = restored if epochs else initial
        for ours, others in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(ours, others)
        refused += not epochs
    assert refused > 30
    path.write_bytes(whole[:1000])
    assert_same(training_child.train(tmp_path), uninterrupted)
    assert capsys.readouterr().out.endswith("starts anew\n")


def run_02(output: Path, *arguments: str) -> list[str]:
    return [
        *(sys.executable, "-m", "mnist_helpers", "run", "02", "-p", "EPOCHS", "40"),
        *("--output", str(output), *arguments),
    ]


@pytest.mark.notebooks
def test_a_notebook_that_was_killed_in_its_training_goes_on(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    ended = finish(*run_02(whole), MNIST_HELPERS_DATA=STAND_IN)
    assert ended.returncode == 0, ended.stderr

    with subprocess.Popen(
        run_02(killed), cwd=ROOT, env=environment(MNIST_HELPERS_DATA=STAND_IN)
    ) as child:
        state = killed / ".state" / "02_small_mlp" / "small_mlp.npz"
        wait_until(state.exists)
        kernels = psutil.Process(child.pid).children()
        child.kill()
        for kernel in kernels:
            kernel.kill()
    psutil.wait_procs(kernels, timeout=60)
    with np.load(state) as stored:
        assert 0 < stored["epochs"] < 40
    assert not (killed / "results").exists()

    ended = finish(*run_02(killed, "--resume"), MNIST_HELPERS_DATA=STAND_IN)
    assert ended.returncode == 0, ended.stderr
    assert "02_small_mlp runs: there is no executed 02_small_mlp.ipynb" in ended.stdout
    assert "02_small_mlp: its training goes on" in ended.stdout
    executed = (killed / "notebooks" / "02_small_mlp.ipynb").read_text()
    assert "the training goes on after epoch" in executed
    results = []
    for output in (whole, killed):
        with np.load(output / "predictions" / "02_small_mlp.npz") as predictions:
            probabilities = predictions["probabilities"]
        text = (output / "results" / "02_small_mlp.json").read_text()
        results.append((probabilities, json.loads(text)))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    for part in ("history", "metrics", "per_class"):
        assert results[0][1][part] == results[1][1][part]
    assert not (killed / ".state").exists()

    ended = finish(*run_02(killed, "--resume"), MNIST_HELPERS_DATA=STAND_IN)
    assert "earlier run" in ended.stdout
    assert "02_small_mlp runs" not in ended.stdout
