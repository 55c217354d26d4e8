"""The most that this processor does in float32: the best of many matrix products."""

import json
import time

import numpy as np

from mnist_helpers.environment.tensorflow import tensorflow as tf

SIZE = 2048
REPEATS = 20

rng = np.random.default_rng(0)
left, right = (rng.random((SIZE, SIZE), dtype=np.float32) for _ in range(2))
products = {
    "numpy": (np.matmul, (left, right)),
    "tensorflow": (
        lambda *pair: tf.matmul(*pair).numpy(),
        tuple(map(tf.constant, (left, right))),
    ),
}
best = dict.fromkeys(products, np.inf)
for _ in range(REPEATS):
    for library, (multiply, pair) in products.items():
        started = time.perf_counter()
        multiply(*pair)
        best[library] = min(best[library], time.perf_counter() - started)
gflops = {name: 2 * SIZE**3 / seconds / 1e9 for name, seconds in best.items()}
print(json.dumps({"gflops": max(gflops.values()), "gflops_by_library": gflops}))
