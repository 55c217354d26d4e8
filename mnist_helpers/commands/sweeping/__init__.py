"""Many runs of one notebook: every point of a grid of its parameters, on Dask.

grids     what is given on the command line, and its points
sweep     the whole of it: resume, run, collect
clusters  processes of this machine, or any scheduler of Dask
points    what a worker does
kernels   kernels forked from a process that has done the imports; fork_server, that
          process
tables    a row a point, a row a group
report    the tables, figures and the page that ties them together
"""
