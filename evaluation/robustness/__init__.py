"""What disguise, place and length do to the input guard: is a text still stopped, and at what price.

The guard is the shipped input model (or another model folder) judged by the shipped policies, as the
proxy builds it. A *line* is a way of counting a text as stopped: blocked or at least flagged by the
default policy, or blocked by the strict one. Three things are measured: `disguises` (harmful and harmless
requests in 81 families of disguise), `controls` (harmless texts that look odd) and `placements` (one
sentence anywhere in a long text, over seams of windows, and past the cap on windows).

How a request body is read is the proxy's business, and this room does not know the proxy: the reader is
handed in by the front door (`gatehouse.robustness`).
"""
