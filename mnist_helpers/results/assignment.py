"""What the assignment asks for: networks, recipe, items, scores and marks."""

from dataclasses import dataclass

MET, NOT_MET, NOT_CHECKED = "met", "NOT MET", "not checked"
VERDICTS = {True: MET, False: NOT_MET, None: NOT_CHECKED}


@dataclass(frozen=True)
class Score:
    """A score that a network must reach; ``asked`` is the assignment's wording."""

    metric: str
    minimum: float
    asked: str


@dataclass(frozen=True)
class Recipe:
    """How a network must be trained."""

    optimizer: str
    loss: str
    batch_size: int
    epochs: int


@dataclass(frozen=True)
class Part:
    """A part of the assignment, and the notebook that answers it.

    Attributes
    ----------
    items : dict
        What must be shown: the item, as the tag ``item-…`` of its cell names it, to
        the heading that the cell stands under.
    network : str
        The layers, as `describe_network` writes them; empty in part 1.
    parameters : int
        The number of the network's parameters.
    recipe : Recipe or None
        None where the assignment leaves the training free.
    """

    number: int
    title: str
    marks: int
    items: dict[str, str]
    network: str = ""
    parameters: int = 0
    recipe: Recipe | None = None
    scores: tuple[Score, ...] = ()


NETWORK_ITEMS = {
    "network": "Network",
    "training": "Training",
    "learning-curves": "Learning curves",
    "test-scores": "Test scores",
    "classification-report": "Classification report",
    "confusion-matrix": "Confusion matrix",
    "correct-predictions": "Correct predictions",
    "incorrect-predictions": "Incorrect predictions",
}
RECIPE = Recipe("Adam", "sparse_categorical_crossentropy", batch_size=32, epochs=10)

PARTS = {
    "01_loading": Part(
        1,
        "Load and preprocess",
        0,
        {
            "data": "Load the data",
            "samples": "Sample images",
            "scaling": "Scale",
            "shapes": "Reshape",
        },
    ),
    "02_small_mlp": Part(
        2,
        "Small network, 784-8-10",
        20,
        NETWORK_ITEMS,
        "784 → Dense 8 ReLU → Dense 10 softmax",
        6_370,
        RECIPE,
        (Score("test accuracy", 0.925, "about 93 %"),),
    ),
    "03_wide_mlp": Part(
        3,
        "Wide network, 784-128-10",
        20,
        NETWORK_ITEMS | {"comparison": "Compared with the small network"},
        "784 → Dense 128 ReLU → Dense 10 softmax",
        101_770,
        RECIPE,
        (Score("test accuracy", 0.975, "about 98 %"),),
    ),
    "04_cnn": Part(
        4,
        "Convolutional network",
        10,
        NETWORK_ITEMS,
        "28x28x1 → Conv 32 3x3 ReLU → MaxPool 2x2 → Conv 64 3x3 ReLU → MaxPool 2x2 "
        "→ Flatten → Dense 128 ReLU → Dense 10 softmax",
        225_034,
        None,
        (
            Score("test accuracy", 0.99, "about 99 %"),
            Score("test macro-F1", 0.99, "macro-F1 of 0.99"),
            Score("lowest class F1", 0.98, "every digit class strong"),
        ),
    ),
}

ACTIVATIONS = {"relu": "ReLU", "linear": ""}


def describe_network(configuration: dict) -> str:
    """Write the layers of a Sequential model in the assignment's words.

    Parameters
    ----------
    configuration : dict
        What the model's ``get_config()`` returns.

    Returns
    -------
    str
        Such as ``784 → Dense 8 ReLU → Dense 10 softmax``.
    """
    return " → ".join(
        _describe_layer(layer["class_name"], layer["config"])
        for layer in configuration["layers"]
    )


def _describe_layer(kind: str, settings: dict) -> str:
    activation = settings.get("activation", "")
    activation = ACTIVATIONS.get(activation, activation)
    match kind:
        case "InputLayer":
            return "x".join(map(str, settings["batch_shape"][1:]))
        case "Dense":
            words = ["Dense", settings["units"], activation]
        case "Conv2D":
            size = "x".join(map(str, settings["kernel_size"]))
            words = ["Conv", settings["filters"], size, activation]
        case "MaxPooling2D":
            words = ["MaxPool", "x".join(map(str, settings["pool_size"]))]
        case _:
            words = [kind]
    return " ".join(str(word) for word in words if word)
