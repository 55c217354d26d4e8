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

    ``items`` maps what must be shown, as the tag ``item-…`` of its cell names it, to
    the heading that the cell stands under. ``network`` is as `describe_network` writes
    it, ``kernels`` are the shapes of what it learns, biases aside. ``recipe`` is None
    where the assignment leaves the training free.
    """

    number: int
    title: str
    marks: int
    items: dict[str, str]
    network: str = ""
    kernels: tuple[tuple[int, ...], ...] = ()
    parameters: int = 0
    recipe: Recipe | None = None
    scores: tuple[Score, ...] = ()


NETWORK_ITEMS = {
    item: item.replace("-", " ").capitalize()
    for item in (
        *("network", "training", "learning-curves", "test-scores"),
        *("classification-report", "confusion-matrix"),
        *("correct-predictions", "incorrect-predictions"),
    )
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
        ((784, 8), (8, 10)),
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
        ((784, 128), (128, 10)),
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
        ((3, 3, 1, 32), (3, 3, 32, 64), (1600, 128), (128, 10)),
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
LAYERS = {
    "Dense": "Dense {units}",
    "Conv2D": "Conv {filters} {kernel_size[0]}x{kernel_size[1]}",
    "MaxPooling2D": "MaxPool {pool_size[0]}x{pool_size[1]}",
}


def describe_network(configuration: dict) -> str:
    """Write the layers of a Sequential model in the assignment's words.

    Parameters
    ----------
    configuration : dict
        What the model's ``get_config()`` returns.
    """
    return " → ".join(
        _describe_layer(layer["class_name"], layer["config"])
        for layer in configuration["layers"]
    )


def _describe_layer(kind: str, settings: dict) -> str:
    if kind == "InputLayer":
        return "x".join(map(str, settings["batch_shape"][1:]))
    words = LAYERS[kind].format(**settings) if kind in LAYERS else kind
    activation = settings.get("activation", "linear")
    return f"{words} {ACTIVATIONS.get(activation, activation)}".strip()
