"""The ledger remembers what was decided: one content-free record for each exchange.

The pipeline *tells* the `LedgerWriter` events; telling never blocks and never raises. *Listeners*
(metrics) hear an event at once, *sinks* (files) hear it on a thread of their own behind a bounded
queue; what does not fit is dropped, counted, and the count itself is recorded. The JSON-lines sink
chains every record to the one before it, so that `verify` finds an edit, a gap or a reordering; a cut
tail shows against a head kept elsewhere.

A record holds digests, scores, verdicts, versions and durations: what is needed to recompute a
verdict offline, and no prompt, reply or key. "Not screened" is a state of its own in it.
"""

from proxy.ledger.verification import Verification, verify

__all__ = ["Verification", "verify"]
