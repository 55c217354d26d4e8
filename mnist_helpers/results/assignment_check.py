"""Hold a run to the assignment: what each item requires, and what came out."""

from collections.abc import Iterator
from dataclasses import dataclass

from mnist_helpers.evaluation import Scores, describe_confusions, epochs_to_reach
from mnist_helpers.results.assignment import VERDICTS, Part

SHOWN, NOT_SHOWN = "shown above", "NOT SHOWN"


@dataclass(frozen=True)
class Row:
    """What came out of an item of the assignment.

    ``item`` is as the tag of its cell names it, such as ``confusion-matrix``. ``met``
    is None where nobody can tell: it was not recorded, or the data is not MNIST.
    """

    item: str
    what: str
    required: str
    result: str
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """What ``met`` means, in words."""
        if self.required == SHOWN:
            return SHOWN if self.met else NOT_SHOWN
        return VERDICTS[self.met]


def claims(part: Part, scores: Scores, is_mnist: bool) -> list[dict[str, object]]:
    """Compare scores with what the assignment asks, as the results file records it.

    Adds ``measured`` and ``met``, None for other data than MNIST, to each `Score`.
    """
    measured = {
        "test accuracy": scores.accuracy,
        "test macro-F1": scores.macro_f1,
        "lowest class F1": float(scores.per_class["f1"].min()),
    }
    return [
        vars(score)
        | {
            "measured": measured[score.metric],
            "met": bool(measured[score.metric] >= score.minimum) if is_mnist else None,
        }
        for score in part.scores
    ]


def check_items(part: Part, results: dict, scores: Scores) -> list[Row]:
    """Say what came out of each item of part 2, 3 or 4, in the assignment's order.

    ``results`` is what `TrainingRun.save` writes, ``scores`` are of the test set.
    """
    rows = [*_check_training(part, results), *_check_outcome(part, results, scores)]
    if "comparison" in part.items:
        rows.extend(_check_comparison(results))
    return rows


def _check_training(part: Part, results: dict) -> Iterator[Row]:
    model, training, asked = results["model"], results["training"], part.recipe
    layers, counted = model["layers"], f"{model['parameters']:,}"
    yield _compare("network", "Network", part.network, layers)
    yield _compare("network", "Parameters", f"{part.parameters:,}", counted)
    if asked:
        optimizer = f"{training['optimizer']['class_name']}, {training['loss']}"
        for what, required, result in (
            ("Optimizer and loss", f"{asked.optimizer}, {asked.loss}", optimizer),
            ("Batch size", asked.batch_size, training["batch_size"]),
            ("Epochs", asked.epochs, len(results["history"]["loss"])),
        ):
            yield _compare("training", what, required, result)
    kept_by = training["kept_by"]
    yield _compare("training", "Best epoch kept by", "val_accuracy", kept_by)


def _compare(item: str, what: str, required: object, result: object) -> Row:
    # Keras's own fit does not record all that `training.fit` does.
    if result is None:
        return Row(item, what, str(required), "not recorded")
    return Row(item, what, str(required), str(result), result == required)


def _check_outcome(part: Part, results: dict, scores: Scores) -> Iterator[Row]:
    def figure(item: str, result: str) -> Row:
        path = f"figures/{part.number:02d}_{item.replace('-', '_')}.png"
        return Row(item, part.items[item], SHOWN, result, path in results["files"])

    accuracies = results["history"]["val_accuracy"]
    best = accuracies.index(max(accuracies)) + 1
    yield figure(
        "learning-curves",
        f"best epoch {best} of {len(accuracies)}, "
        f"validation accuracy {max(accuracies):.4f}",
    )
    for claim in claims(part, scores, results["dataset"]["is_mnist"]):
        metric = claim["metric"]
        required = f"{claim['asked']}: at least {claim['minimum']:.3f}"
        measured = f"{claim['measured']:.4f}"
        what = metric[0].upper() + metric[1:]
        yield Row("test-scores", what, required, measured, claim["met"])
    report, f1 = "classification-report", scores.per_class["f1"]
    lowest = f"lowest F1 {f1.min():.4f}, of digit {f1.idxmin()}"
    yield Row(report, part.items[report], SHOWN, lowest, True)
    yield figure("confusion-matrix", describe_confusions(scores.confusion, 1))
    total, right = scores.confusion.sum(), scores.confusion.trace()
    yield figure("correct-predictions", f"{right:,} of {total:,}")
    yield figure("incorrect-predictions", f"{total - right:,} of {total:,}")


def _check_comparison(results: dict) -> Iterator[Row]:
    small, wide = results["findings"].get("comparison"), results["metrics"]
    if small is None:
        yield Row("comparison", "Comparison", "made", "not in this run")
        return

    def judge(what: str, required: str, result: str, better: bool) -> Row:
        met = better if results["dataset"]["is_mnist"] else None
        return Row("comparison", what, required, result, met)

    threshold = max(small["val_accuracy"])
    slow = epochs_to_reach(small["val_accuracy"], threshold)
    fast = epochs_to_reach(results["history"]["val_accuracy"], threshold)
    yield judge(
        "Higher test accuracy",
        f"above {small['accuracy']:.4f}",
        f"{wide['accuracy']:.4f}",
        wide["accuracy"] > small["accuracy"],
    )
    yield judge(
        "Faster convergence",
        f"validation accuracy {threshold:.4f} before epoch {slow}",
        f"in epoch {fast}" if fast else "never",
        fast is not None and fast < slow,
    )
    yield judge(
        "Lower test loss",
        f"below {small['loss']:.4f}",
        f"{wide['loss']:.4f}",
        wide["loss"] < small["loss"],
    )
