"""Scores of predicted probabilities, and how sure they are."""

from mnist_helpers.evaluation.scores import (
    Scores,
    classification_report,
    comparison_table,
    describe_confusions,
    doubtful_labels,
    epochs_to_reach,
    evaluate,
    most_confident_mistakes,
    sample_correct,
    seeds_table,
)

__all__ = [
    "Scores",
    "classification_report",
    "comparison_table",
    "describe_confusions",
    "doubtful_labels",
    "epochs_to_reach",
    "evaluate",
    "most_confident_mistakes",
    "sample_correct",
    "seeds_table",
]
