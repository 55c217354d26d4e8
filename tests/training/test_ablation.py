"""Recipe after recipe, with scikit-learn's classifiers as networks."""

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from small_networks import compiled, make_data

from mnist_helpers import preprocessing, training
from mnist_helpers.data.stand_in import make_stand_in
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.training import ablation


def to_inputs(images):
    return preprocessing.flatten_images(preprocessing.scale_images(images))


def predict(model, inputs):
    return model.predict_proba(inputs).astype(np.float32)


def test_every_recipe_is_trained_and_judged_at_every_seed():
    dataset, trained = make_stand_in(), []

    def naive(split, seed):
        trained.append(("naive", seed))
        return GaussianNB(var_smoothing=0.1).fit(split.inputs, split.labels)

    def neighbours(split, seed):
        trained.append(("neighbours", seed))
        return KNeighborsClassifier(3).fit(split.inputs, split.labels)

    def doubtful(model, inputs):
        return 0.9 * predict(model, inputs) + np.float32(0.01)

    steps = [
        ablation.Step("naive", naive, predict),
        ablation.Step("neighbours", neighbours, predict),
        # Asks the network of the step before.
        ablation.Step("doubtful", neighbours, doubtful),
    ]
    rungs = ablation.compare_steps(steps, dataset, to_inputs, 0.2, (3, 4))
    names = ["naive", "neighbours", "doubtful"]
    assert trained == [(name, seed) for seed in (3, 4) for name in names[:2]]
    assert list(rungs.step) == 2 * names
    assert list(rungs.seed) == 3 * [3] + 3 * [4]
    # What scikit-learn itself says of the second step at the first seed.
    images, labels, held_out, held_out_labels = preprocessing.split_validation(
        dataset.train_images, dataset.train_labels, 0.2, 3
    )
    model = KNeighborsClassifier(3).fit(to_inputs(images), labels)
    expected = model.score(to_inputs(dataset.test_images), dataset.test_labels)
    assert rungs.accuracy[1] == pytest.approx(expected)
    expected = model.score(to_inputs(held_out), held_out_labels)
    assert rungs.validation_accuracy[1] == pytest.approx(expected)


@pytest.mark.slow
def test_the_best_epochs_weights_are_kept():
    def network():
        # Steps that are far too long: what an epoch gains, the next may lose.
        return compiled(optimizer=keras.optimizers.SGD(1.0))

    validation = make_data(count=100)
    settings = {"epochs": 8, "batch_size": 50}
    plain = training.fit(
        network(), *make_data(), validation_data=validation, seed=1, **settings
    ).history["val_accuracy"]
    assert max(plain) > plain[-1]
    split = ablation.Split(*make_data(), validation)
    best = ablation.fit_best(network(), split, 1, **settings)
    right = best.predict(validation[0], verbose=0).argmax(axis=1) == validation[1]
    assert right.mean() == pytest.approx(max(plain))


def test_the_table_tells_what_a_step_is_worth():
    accuracies = {
        "one": [0.90, 0.91, 0.92, 0.93, 0.94],
        "two": [0.91, 0.915, 0.94, 0.942, 0.97],
        "three": [0.905, 0.917, 0.935, 0.929, 0.96],
    }
    rows = [
        (step, seed, accuracy - 0.001, accuracy)
        for step, of_step in accuracies.items()
        for seed, accuracy in enumerate(of_step)
    ]
    columns = ["step", "seed", "validation_accuracy", "accuracy"]
    table = ablation.ablation_table(pd.DataFrame(rows, columns=columns))
    assert list(table.index) == list(accuracies)
    assert list(table["test accuracy"]) == [0.92, 0.94, 0.929]
    assert list(table["lowest"]) == [0.9, 0.91, 0.905]
    assert list(table["highest"]) == [0.94, 0.97, 0.96]
    assert list(table["validation"]) == [0.919, 0.939, 0.928]
    assert list(table["gain"]) == ["", "+1.20", "+0.70"]
    assert list(table["better"]) == ["", "5 of 5", "4 of 5"]
    # Of the 32 ways to sign five gains, 2 are as one-sided as all of one sign, and 4 as
    # all but the smallest. Holm doubles the smaller; the larger is no less than that.
    assert list(table["p (Holm)"]) == ["", f"{2 * 2 / 32:.3f}", f"{4 / 32:.3f}"]
