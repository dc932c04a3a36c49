"""The figures: ratios against a named baseline, measured in one run.

`make bench` runs every module here; `make bench ARGS=spine` runs one. A module
has `figures()`, which gives `Figure`s; add one per room.
"""

from tools.bench._figure import Figure, Sample, measure, median_ratio

__all__ = ["Figure", "Sample", "measure", "median_ratio"]
