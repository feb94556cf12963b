"""MXNet's im2rec on files: the same options and formats, by the code that packs for training."""

import os

# read by NumPy when it is loaded: the packing's processes are its parallelism, and a process
# without other threads can be forked
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
