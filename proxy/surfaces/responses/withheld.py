"""Which stored answers must not be fetched: those that were blocked or revised on their way out.

The upstream has stored them as the model wrote them. A fetched answer is judged again, but without the
question it answers; so what was withheld once stays withheld. No conversation goes on from a blocked one: the
upstream would read it again. Ids only, a bounded number, in this process.
"""

from __future__ import annotations

from collections import OrderedDict

KEPT = 10_000
LONGEST_ID = 256


class Withheld:
    """The ids, the oldest forgotten first."""

    __slots__ = ("_ids",)

    def __init__(self) -> None:
        self._ids: OrderedDict[str, bool] = OrderedDict()

    def add(self, identity: object, *, revised: bool = False) -> None:
        """The stored answer of that id was withheld; `revised`: the client has another under the same id."""
        if type(identity) is not str or not 0 < len(identity) <= LONGEST_ID:
            return
        self._ids[identity] = revised
        self._ids.move_to_end(identity)
        if len(self._ids) > KEPT:
            self._ids.popitem(last=False)

    def ends(self, identity: object) -> bool:
        """Whether no conversation goes on from that answer."""
        return type(identity) is str and self._ids.get(identity) is False

    def __contains__(self, identity: object) -> bool:
        return type(identity) is str and identity in self._ids
