"""The model card of a network: what it is, what it can do, and where it fails.

The headings follow Mitchell et al., "Model Cards for Model Reporting" (2019).
"""

from collections.abc import Mapping

from mnist_helpers.evaluation.intervals import Interval

INTENDED_USE = (
    "Teaching. Grey images of 28 by 28 pixels, one handwritten digit each, light on "
    "dark, in a box of 20 by 20 pixels and centred by mass."
)


def model_card(results: Mapping) -> str:
    """Write the card of the network that a notebook has judged.

    Parameters
    ----------
    results : dict
        The content of its results file, with these findings: ``calibration``, a
        dictionary of ``temperature``, ``error`` and ``error_after``; ``robustness``,
        the number of ``images`` and their ``accuracies``, corruption to severities 0
        to 5; ``probes``, what was shown to it that is no digit, to its ``answer`` and
        ``confidence``.

    Returns
    -------
    str
        Markdown; its headings are of the fourth level, to stand in a notebook.
    """
    model, dataset, findings = (
        results[part] for part in ("model", "dataset", "findings")
    )
    settings = ", ".join(f"`{name}` {v}" for name, v in results["parameters"].items())
    calibration, robustness = findings["calibration"], findings["robustness"]
    probes = (
        f"- {shown}: {probe['answer']}, with a confidence of {probe['confidence']:.4f}"
        for shown, probe in findings["probes"].items()
    )
    sections = {
        "Model": f"`{model['name']}`, {model['parameters']:,} parameters, in Keras "
        f"{results['environment']['versions']['keras']}.",
        "Data and training": f"{dataset['name']} (SHA-256 `{dataset['digest']}`): "
        f"{dataset['training_images']:,} training images, part of which chose the "
        f"epoch, and {dataset['test_images']:,} test images for the final scores. "
        f"Parameters: {settings}.",
        "Intended use": INTENDED_USE,
        "Test results": _scores(results),
        "Calibration": f"Expected calibration error {calibration['error']:.4f}; "
        f"{calibration['error_after']:.4f} at a temperature of "
        f"{calibration['temperature']:.2f}, fitted on validation images.",
        "Robustness": f"Accuracy on {robustness['images']:,} test images, from "
        f"uncorrupted (0) to most severe (5):\n\n{_table(robustness['accuracies'])}",
        "Limits": "Whatever it is shown, it answers with a digit:\n\n"
        + "\n".join(probes),
    }
    return "\n\n".join(f"#### {title}\n\n{text}" for title, text in sections.items())


def _scores(results: Mapping) -> str:
    metrics, digits = results["metrics"], results["per_class"]
    low, high = results["intervals"]["accuracy"]
    lowest = min(digits, key=lambda digit: digits[digit]["f1"])
    return (
        f"Accuracy {metrics['accuracy']:.4f} ({Interval(low, high)}), macro-F1 "
        f"{metrics['macro_f1']:.4f}, cross-entropy {metrics['loss']:.4f}. The lowest "
        f"F1 is {digits[lowest]['f1']:.4f}, of digit {lowest}."
    )


def _table(accuracies: Mapping) -> str:
    lines = ["| corruption | 0 | 1 | 2 | 3 | 4 | 5 |", "|---|---|---|---|---|---|---|"]
    for corruption, values in accuracies.items():
        cells = " | ".join(f"{accuracy:.3f}" for accuracy in values)
        lines.append(f"| {corruption} | {cells} |")
    return "\n".join(lines)
