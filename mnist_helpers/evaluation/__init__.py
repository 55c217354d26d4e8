"""Scores of predicted probabilities, and how sure they are."""

from mnist_helpers.evaluation.scores import (
    Scores,
    check_probabilities,
    classification_report,
    comparison_table,
    cross_entropy,
    describe_confusions,
    describe_predictions,
    doubtful_labels,
    epochs_to_reach,
    evaluate,
    format_confidence,
    most_confident_mistakes,
    sample_correct,
    seeds_table,
)

__all__ = [
    "Scores",
    "check_probabilities",
    "classification_report",
    "comparison_table",
    "cross_entropy",
    "describe_confusions",
    "describe_predictions",
    "doubtful_labels",
    "epochs_to_reach",
    "evaluate",
    "format_confidence",
    "most_confident_mistakes",
    "sample_correct",
    "seeds_table",
]
