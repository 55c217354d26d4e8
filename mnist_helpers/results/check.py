"""Hold a run to the assignment: what each item requires, and what came out."""

from collections.abc import Iterator
from dataclasses import dataclass

from mnist_helpers.evaluation import Scores, describe_confusions, epochs_to_reach
from mnist_helpers.results.assignment import VERDICTS, Part, Score

SHOWN, NOT_SHOWN = "shown above", "NOT SHOWN"
# Items that are figures.
FIGURES = (
    "learning-curves",
    "confusion-matrix",
    "correct-predictions",
    "incorrect-predictions",
)


@dataclass(frozen=True)
class Row:
    """What came out of an item of the assignment.

    Attributes
    ----------
    item : str
        As the tag of its cell names it, such as ``confusion-matrix``.
    what : str
        The item, or the part of it that the row is about.
    required, result : str
        What is asked for, and what came out.
    met : bool or None
        None where there is nothing to meet but to be shown, or where a score is of
        other data than MNIST.
    """

    item: str
    what: str
    required: str
    result: str
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """In words."""
        if self.required == SHOWN:
            return NOT_SHOWN if self.met is False else SHOWN
        return VERDICTS[self.met]


def claims(part: Part, scores: Scores, is_mnist: bool) -> list[dict[str, object]]:
    """Hold scores to what the assignment asks, as the results file records it.

    Parameters
    ----------
    part : Part
        Of the assignment.
    scores : Scores
        Of the test set.
    is_mnist : bool
        Claims about other data are not checked: ``met`` is None.

    Returns
    -------
    list of dict
        ``metric``, ``asked``, ``minimum``, ``measured`` and ``met`` of each score.
    """
    rows = []
    for score in part.scores:
        measured = measure(score, scores)
        met = bool(measured >= score.minimum) if is_mnist else None
        rows.append(vars(score) | {"measured": measured, "met": met})
    return rows


def measure(score: Score, scores: Scores) -> float:
    """Pick the metric that the assignment asks for out of a network's scores."""
    return {
        "test accuracy": scores.accuracy,
        "test macro-F1": scores.macro_f1,
        "lowest class F1": float(scores.per_class["f1"].min()),
    }[score.metric]


def check_items(part: Part, results: dict, scores: Scores) -> list[Row]:
    """Say what came out of each item of a part.

    Parameters
    ----------
    part : Part
        Part 2, 3 or 4.
    results : dict
        What `TrainingRun.save` writes, as far as it is of the training.
    scores : Scores
        Of the test set.

    Returns
    -------
    list of Row
        In the order of the assignment.
    """
    return [
        *_check_network(part, results),
        *_check_training(part, results),
        *_check_outcome(part, results, scores),
        *_check_comparison(part, results),
    ]


def _equal(item: str, what: str, required: str, result: str) -> Row:
    return Row(item, what, required, result, required == result)


def _check_network(part: Part, results: dict) -> Iterator[Row]:
    model = results["model"]
    yield _equal("network", "Network", part.network, model["layers"])
    counts = f"{part.parameters:,}", f"{model['parameters']:,}"
    yield _equal("network", "Parameters", *counts)


def _check_training(part: Part, results: dict) -> Iterator[Row]:
    training = results["training"]
    if part.recipe:
        asked = part.recipe
        optimizer = f"{asked.optimizer}, {asked.loss}"
        used = f"{training['optimizer']['class_name']}, {training['loss']}"
        yield _equal("training", "Optimizer and loss", optimizer, used)
        yield _recorded("Batch size", str(asked.batch_size), training["batch_size"])
        epochs = str(asked.epochs), str(len(results["history"]["loss"]))
        yield _equal("training", "Epochs", *epochs)
    yield _recorded("Best epoch kept by", "val_accuracy", training["kept_by"])


def _recorded(what: str, required: str, result: object) -> Row:
    """Compare what `training.fit` records, and Keras's own ``fit`` does not."""
    if result is None:
        return Row("training", what, required, "not recorded")
    return _equal("training", what, required, str(result))


def _check_outcome(part: Part, results: dict, scores: Scores) -> Iterator[Row]:
    validation = results["history"]["val_accuracy"]
    best = validation.index(max(validation)) + 1
    yield _shown(
        part,
        results,
        "learning-curves",
        f"best epoch {best} of {len(validation)}, "
        f"validation accuracy {max(validation):.4f}",
    )
    for claim in claims(part, scores, results["dataset"]["is_mnist"]):
        yield Row(
            "test-scores",
            claim["metric"][0].upper() + claim["metric"][1:],
            f"{claim['asked']}: at least {claim['minimum']:.3f}",
            f"{claim['measured']:.4f}",
            claim["met"],
        )
    f1 = scores.per_class["f1"]
    lowest = f"lowest F1 {f1.min():.4f}, of digit {f1.idxmin()}"
    yield _shown(part, results, "classification-report", lowest)
    confused = describe_confusions(scores.confusion, 1)
    yield _shown(part, results, "confusion-matrix", confused)
    total, right = scores.confusion.sum(), scores.confusion.trace()
    yield _shown(part, results, "correct-predictions", f"{right:,} of {total:,}")
    yield _shown(
        part, results, "incorrect-predictions", f"{total - right:,} of {total:,}"
    )


def _shown(part: Part, results: dict, item: str, result: str) -> Row:
    figure = f"figures/{part.number:02d}_{item.replace('-', '_')}.png"
    is_missing = item in FIGURES and figure not in results["files"]
    return Row(item, part.items[item], SHOWN, result, False if is_missing else None)


def _check_comparison(part: Part, results: dict) -> Iterator[Row]:
    if "comparison" not in part.items:
        return
    compared = results["findings"].get("comparison")
    if compared is None:
        what = part.items["comparison"]
        yield Row("comparison", what, "compared", "not in this run")
        return
    is_mnist = results["dataset"]["is_mnist"]
    wide = results["metrics"]
    threshold = max(compared["val_accuracy"])
    slow = epochs_to_reach(compared["val_accuracy"], threshold)
    fast = epochs_to_reach(results["history"]["val_accuracy"], threshold)
    for what, better, required, result in (
        (
            "Higher test accuracy",
            wide["accuracy"] > compared["accuracy"],
            f"above {compared['accuracy']:.4f}",
            f"{wide['accuracy']:.4f}",
        ),
        (
            "Faster convergence",
            fast is not None and fast < slow,
            f"validation accuracy {threshold:.4f} before epoch {slow}",
            f"in epoch {fast}" if fast else "never",
        ),
        (
            "Lower test loss",
            wide["loss"] < compared["loss"],
            f"below {compared['loss']:.4f}",
            f"{wide['loss']:.4f}",
        ),
    ):
        yield Row("comparison", what, required, result, better if is_mnist else None)
