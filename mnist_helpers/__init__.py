"""What the four notebooks of the MNIST course share.

data           load MNIST and prove that it is MNIST
preprocessing  scale, reshape, split
training       fit a compiled Keras model at compiled speed
evaluation     scores of predicted probabilities
plotting       the figures
runs           one run of a notebook: its folder, figures, claims and results
environment    the machine and the versions behind a result
files          write a file whole or not at all
"""

import os

# TensorFlow reads this once, when it is imported. Its start-up log would
# otherwise be stored in every notebook as an error output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
