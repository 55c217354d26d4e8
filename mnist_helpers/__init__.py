"""What the four notebooks of the MNIST course share.

data           load MNIST and prove that it is MNIST; containers, the formats;
               download, the mirrors; stand_in, what takes its place
preprocessing  scale, reshape, split
training       fit a compiled Keras model at compiled speed
augmentation   distort training images, average shifted ones; ladders, recipe after
               recipe
evaluation     scores of predicted probabilities; intervals, how sure they are;
               significance, of a difference; calibration, of the probabilities
robustness     images made worse; explaining, where a network looks; cards, the model
               card
plotting       the figures, a module a subject; live, curves that grow in a training
exploring      what to explore with in a front end; front_end, whether there is one;
               interrupting, an interrupt that lets the epoch end; earlier, the
               models of earlier runs; connections, of JupyterLab's server
claims         what a notebook says of its network, and whether it is so
parameters     what each of a notebook's parameters may be, and the check
runs           one run of a notebook: its folder, figures, claims and results
resuming       let a training that was killed go on
results        the results file of a run, read back; comparing, of two runs
quiet          TensorFlow and Keras without the start-up log
environment    the machine and the versions behind a result
folders        where the checkout is, and where runs write
files          write a file whole or not at all
execution      run notebooks with papermill; endings, their exit codes; progress, a
               bar of what is counted
sweeping       run a notebook at every point of a grid, on Dask
publishing     refresh what is committed; benchmarking, measure the speed
submission     the zip to hand in, and the marker's check; archives, zips of strangers;
               evidence, what it shows; marking, the sheet; documents, pages and PDF
nbval_tolerance  let nbval compare numbers with a tolerance
"""

import sys

# nbformat brings jsonschema, which would take two seconds to compile a grammar of
# internet addresses in every process that reads a notebook; without this it does not.
sys.modules.setdefault("rfc3987_syntax", None)
