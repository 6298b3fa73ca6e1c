"""Gatehouse's own benchmark: what it adds to the bare upstream, measured in one run on one core.

`rig.c` holds the two ends, a model that answers at once and a load generator; neither is ever the
bottleneck. `run` starts Gatehouse in front of the model with the policies to compare and interleaves
short measurements, so that a slow minute of the machine hits all of them. `report` tells the result as
JSON and as a page. Run it with `make bench`. `classifier` measures the classifiers alone,
`critique` what critiques cost, `instructions` counts what a request takes on a machine that is not quiet.
"""
