"""What the notebooks of the MNIST course share.

The packages from top to bottom; each imports only what is below it.

commands       run, sweep, submission, verify, compare: all that knows papermill
widgets        draw a digit, look behind a confusion matrix, ask what if
exercises      checks that answer a student back
results        one run of a notebook: parameters, what it writes, its results
training       fit, progress, augmentation, Grad-CAM
plotting       the figures
evaluation     scores, intervals, significance, calibration, robustness
data           load MNIST and prove that it is MNIST
preprocessing  scale, reshape, split
environment    what numbers depend on: TensorFlow, versions, the machine
files          write a file whole or not at all
nbval_plugin   let nbval compare numbers with a tolerance
"""
