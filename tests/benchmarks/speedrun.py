"""The CNN against the clock: how soon it comes to a macro-F1 of 0.99, at one seed.

One epoch over all training images by the recipe of notebook 04's section on it, from
initialised weights; the time includes tracing. The test images judge at the end.
"""

import json
import math
import sys
import time

import keras_networks
from common import to_inputs

from mnist_helpers import evaluation, training
from mnist_helpers.data import load_mnist
from mnist_helpers.quiet import keras

BATCH_SIZE = 64
LEARNING_RATE = 0.006

seed = int(sys.argv[1])
mnist = load_mnist()
inputs = to_inputs("cnn", mnist.train_images)
test_inputs = to_inputs("cnn", mnist.test_images)
steps = math.ceil(len(inputs) / BATCH_SIZE)
warmup_steps = max(1, steps // 7)

started = time.perf_counter()
keras.utils.set_random_seed(seed)
model = keras_networks.build(keras, "cnn")
learning_rate = keras.optimizers.schedules.CosineDecay(
    initial_learning_rate=0.0,
    warmup_target=LEARNING_RATE,
    warmup_steps=warmup_steps,
    decay_steps=steps - warmup_steps,
)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate, beta_1=0.8, beta_2=0.95),
    loss="sparse_categorical_crossentropy",
)
training.fit(
    model, inputs, mnist.train_labels, epochs=1, batch_size=BATCH_SIZE, seed=seed
)
seconds = time.perf_counter() - started

scores = evaluation.evaluate(
    mnist.test_labels, model.predict(test_inputs, batch_size=1000, verbose=0)
)
print(json.dumps({"seed": seed, "seconds": seconds, "macro_f1": scores.macro_f1}))
