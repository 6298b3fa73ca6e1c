"""Which stored answers must not be fetched: those that were blocked or revised on their way out.

The upstream has stored them as the model wrote them. A fetched answer is judged again, but without the
question it answers; so what was withheld once stays withheld. Ids only, a bounded number, in this process.
"""

from __future__ import annotations

from collections import OrderedDict

KEPT = 10_000
LONGEST_ID = 256


class Withheld:
    """The ids, the oldest forgotten first."""

    __slots__ = ("_ids",)

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def add(self, identity: object) -> None:
        """The stored answer of that id was withheld."""
        if type(identity) is not str or not 0 < len(identity) <= LONGEST_ID:
            return
        self._ids[identity] = None
        self._ids.move_to_end(identity)
        if len(self._ids) > KEPT:
            self._ids.popitem(last=False)

    def __contains__(self, identity: object) -> bool:
        return type(identity) is str and identity in self._ids
