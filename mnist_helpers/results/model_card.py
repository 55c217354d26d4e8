"""The model card of a network: what it is, what it can do, and where it fails.

The headings follow Mitchell et al., "Model Cards for Model Reporting" (2019).
"""

from collections.abc import Iterable, Mapping

from mnist_helpers.evaluation.intervals import Interval

# What a notebook has to have found out for a card to be written.
FINDINGS = ("calibration", "robustness", "probes")


def model_card(results: Mapping) -> str:
    """Write the card of the network that a notebook has judged.

    Parameters
    ----------
    results : dict
        The content of its results file, with these findings: ``calibration``, a
        dictionary of ``temperature``, ``error`` and ``error_after``; ``robustness``,
        the number of ``images`` and their ``accuracies``, corruption to severities 0
        to 5; ``probes``, what was shown
        to it that is no digit, to its ``answer`` and ``confidence``.

    Returns
    -------
    str
        Markdown; its headings are of the fourth level, to stand in a notebook.

    Raises
    ------
    ValueError
        If a finding is missing.
    """
    findings = results["findings"]
    missing = [name for name in FINDINGS if name not in findings]
    if missing:
        raise ValueError(
            f"results: no finding {', '.join(missing)}; add it to the run's findings"
        )
    sections = {
        "Model": _model(results),
        "Data and training": _training(results),
        "Intended use": "Teaching. Grey images of 28 by 28 pixels, one handwritten "
        "digit each, light on dark, in a box of 20 by 20 pixels and centred by mass.",
        "Test results": _metrics(results),
        "Each digit": _per_class(results),
        "Calibration": _calibration(findings["calibration"]),
        "Robustness": _robustness(findings["robustness"]),
        "Limits": _limits(findings["probes"]),
        "Made with": _versions(results),
    }
    return "\n\n".join(f"#### {title}\n\n{text}" for title, text in sections.items())


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _model(results: Mapping) -> str:
    model = results["model"]
    return f"`{model['name']}`, {model['parameters']:,} parameters, in Keras."


def _training(results: Mapping) -> str:
    dataset = results["dataset"]
    parameters = ", ".join(
        f"`{name}` {value}" for name, value in results["parameters"].items()
    )
    epochs = len(results["history"]["val_accuracy"])
    return (
        f"{dataset['name']} (SHA-256 `{dataset['digest']}`): "
        f"{dataset['training_images']:,} training images, of which a share chose the "
        f"epoch, and {dataset['test_images']:,} test images, which judged. "
        f"Parameters: {parameters}. Epochs trained: {epochs}."
    )


def _metrics(results: Mapping) -> str:
    metrics, intervals = results["metrics"], results["intervals"]
    rows = [
        (title, f"{metrics[name]:.4f}", str(Interval(*intervals[name])))
        for title, name in (("accuracy", "accuracy"), ("macro-F1", "macro_f1"))
    ]
    rows.append(("cross-entropy", f"{metrics['loss']:.4f}", ""))
    return _table(("metric", "value", "95 % interval"), rows)


def _per_class(results: Mapping) -> str:
    columns = ("precision", "recall", "f1")
    rows = [
        (digit, *(f"{scores[column]:.4f}" for column in columns))
        for digit, scores in results["per_class"].items()
    ]
    return _table(("digit", "precision", "recall", "F1"), rows)


def _calibration(calibration: Mapping) -> str:
    return (
        f"Expected calibration error {calibration['error']:.4f}; "
        f"{calibration['error_after']:.4f} at a temperature of "
        f"{calibration['temperature']:.2f}, fitted on validation images."
    )


def _robustness(robustness: Mapping) -> str:
    rows = [
        (corruption, *(f"{accuracy:.3f}" for accuracy in accuracies))
        for corruption, accuracies in robustness["accuracies"].items()
    ]
    severities = map(str, range(len(rows[0]) - 1))
    return (
        f"Accuracy on {robustness['images']:,} test images, from as they are (0) to "
        f"severely worse (5):\n\n{_table(('corruption', *severities), rows)}"
    )


def _limits(probes: Mapping) -> str:
    answers = "\n".join(
        f"- {shown}: {probe['answer']}, with a confidence of {probe['confidence']:.2f}"
        for shown, probe in probes.items()
    )
    return f"It answers whatever it is shown with a digit:\n\n{answers}"


def _versions(results: Mapping) -> str:
    environment = results["environment"]
    versions = ", ".join(
        f"{name} {environment['versions'][name]}" for name in ("tensorflow", "keras")
    )
    return (
        f"Python {environment['python']}, {versions}; {environment['processor']}; "
        f"commit `{environment['commit']}`."
    )
