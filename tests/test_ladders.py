"""Recipe after recipe, with scikit-learn's classifiers as networks."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from mnist_helpers import preprocessing
from mnist_helpers.data.mnist import DATA_VARIABLE, STAND_IN, load_mnist
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.training import ablation as ladders
from mnist_helpers.training import fitting as training


def to_inputs(images):
    return preprocessing.flatten_images(preprocessing.scale_images(images))


def predict(model, inputs):
    return model.predict_proba(inputs).astype(np.float32)


def doubtful(model, inputs):
    return 0.9 * predict(model, inputs) + np.float32(0.01)


@pytest.fixture(scope="module")
def dataset():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATA_VARIABLE, STAND_IN)
        return load_mnist()


def test_a_ladder_is_climbed_at_every_seed(dataset, capsys):
    trainings = []

    def naive(split, seed):
        trainings.append(("naive", seed, len(split.inputs)))
        return GaussianNB(var_smoothing=0.1).fit(split.inputs, split.labels)

    def neighbours(split, seed):
        trainings.append(("neighbours", seed, len(split.validation_data[0])))
        return KNeighborsClassifier(3).fit(split.inputs, split.labels)

    steps = [
        ladders.Step("naive", naive, predict),
        ladders.Step("neighbours", neighbours, predict),
        ladders.Step("asked otherwise", neighbours, doubtful),
    ]
    rungs = ladders.climb(steps, dataset, to_inputs, 0.2, range(3, 5))
    count = len(dataset.train_labels)
    held_out = len(
        preprocessing.split_validation(
            dataset.train_images, dataset.train_labels, 0.2, 3
        )[3]
    )
    # The third step asks the network of the second.
    assert trainings == [
        (name, seed, number)
        for seed in (3, 4)
        for name, number in [("naive", count - held_out), ("neighbours", held_out)]
    ]
    assert list(rungs.step) == 2 * ["naive", "neighbours", "asked otherwise"]
    assert list(rungs.seed) == [3, 3, 3, 4, 4, 4]
    assert "6 of 6: seed 4, asked otherwise: validation accuracy 0." in (
        capsys.readouterr().out
    )
    # What scikit-learn itself says of the second step at the first seed.
    images, labels, validation_images, validation_labels = (
        preprocessing.split_validation(
            dataset.train_images, dataset.train_labels, 0.2, 3
        )
    )
    model = KNeighborsClassifier(3).fit(to_inputs(images), labels)
    row = rungs.iloc[1]
    test_inputs = to_inputs(dataset.test_images)
    assert row.accuracy == pytest.approx(model.score(test_inputs, dataset.test_labels))
    assert row.validation_accuracy == pytest.approx(
        model.score(to_inputs(validation_images), validation_labels)
    )


@pytest.mark.slow
def test_the_best_epochs_weights_are_kept(dataset):
    inputs, labels = to_inputs(dataset.train_images), dataset.train_labels
    split = ladders.Split(inputs[:500], labels[:500], (inputs[500:], labels[500:]))

    def linear():
        keras.utils.set_random_seed(1)
        network = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        # Steps that are far too long: what an epoch gains, the next may lose.
        network.compile(keras.optimizers.SGD(1.0), loss, metrics=["accuracy"])
        return network

    plain = training.fit(
        linear(),
        split.inputs,
        split.labels,
        validation_data=split.validation_data,
        epochs=8,
        batch_size=100,
        seed=1,
    ).history["val_accuracy"]
    assert max(plain) > plain[-1] + 0.01
    network = ladders.fit_best(linear(), split, 1, epochs=8, batch_size=100)
    inputs, labels = split.validation_data
    right = network.predict(inputs, verbose=0).argmax(axis=1) == labels
    assert right.mean() == pytest.approx(max(plain))


def rungs_of(**accuracies):
    rows = [
        {
            "step": step,
            "seed": seed,
            "seconds": 10.0 * place + seed,
            "validation_accuracy": accuracy - 0.001,
            "accuracy": accuracy,
        }
        for place, (step, of_step) in enumerate(accuracies.items())
        for seed, accuracy in enumerate(of_step)
    ]
    return pd.DataFrame(rows)


def test_the_table_tells_what_a_step_is_worth():
    first = [0.90, 0.91, 0.92, 0.93, 0.94]
    second = [0.95, 0.955, 0.97, 0.98, 0.985]
    third = [0.951, 0.954, 0.972, 0.979, 0.986]
    table = ladders.ladder_table(rungs_of(one=first, two=second, three=third))
    assert list(table.index) == ["one", "two", "three"]
    assert list(table["test accuracy"]) == [0.92, 0.97, 0.972]
    assert list(table["lowest"]) == [0.9, 0.95, 0.951]
    assert list(table["highest"]) == [0.94, 0.985, 0.986]
    assert list(table["validation"]) == [0.919, 0.969, 0.971]
    assert list(table["seconds"]) == [2, 12, 22]
    assert list(table["gain"]) == ["", "+4.80", "+4.84"]
    # Both against the first. Holm: the smaller p-value counts twice, the larger once.
    low, high = sorted(stats.ttest_rel(step, first).pvalue for step in (second, third))
    assert 2 * low < 0.001
    assert high < 0.001
    assert list(table["p (Holm)"]) == ["", "< 0.001", "< 0.001"]


def test_a_p_value_is_corrected_for_the_number_of_recipes():
    first = [0.90, 0.91, 0.92]
    second, third = [0.91, 0.915, 0.94], [0.905, 0.915, 0.935]
    table = ladders.ladder_table(rungs_of(one=first, two=second, three=third))
    low, high = (stats.ttest_rel(step, first).pvalue for step in (second, third))
    assert low < high < 2 * low
    assert list(table["p (Holm)"]) == ["", f"{2 * low:.3f}", f"{2 * low:.3f}"]


def test_a_step_that_changes_nothing_is_no_better():
    table = ladders.ladder_table(rungs_of(one=[0.9, 0.91], two=[0.9, 0.91]))
    assert table.loc["two", "gain"] == "+0.00"
    assert table.loc["two", "p (Holm)"] == "1.000"


def test_a_ladder_of_one_step_has_nothing_to_compare():
    table = ladders.ladder_table(rungs_of(one=[0.9, 0.91]))
    assert table.loc["one", "p (Holm)"] == ""


def test_one_seed_is_refused():
    with pytest.raises(ValueError, match="one seed"):
        ladders.ladder_table(rungs_of(one=[0.9], two=[0.91]))
