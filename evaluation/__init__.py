"""Evaluation examines Gatehouse: its models and policies as they are shipped.

`robustness` measures what disguise, place and length do to the input guard. `refusals` measures how well
refusals are told; `refusal_rows` reads replies, `refusal_fit` fits refusal detection to the models that
wrote them, and `refusal_recalibration` tells what that changes on rows it was not fitted on. `intervals`
holds the rates that all figures are told in, `measured_page` the marks between which a page is
rewritten.

The room does not import `proxy`: a running one would be looked at over HTTP and through its ledger as a
file, and a piece that is needed here is handed in by `gatehouse`. Nothing but `gatehouse` and the
benchmark imports this room.
"""
