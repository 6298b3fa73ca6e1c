"""Values that are made many times for every exchange.

`@value(frozen=True, slots=True)` is `@dataclass(frozen=True, slots=True)` to the type checker, which lets
nobody change one. The interpreter does not look: a frozen dataclass sets each field by a call of its own, and
that was an eighth of all instructions of a request (docs/reference/performance.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass

    def value(*, frozen, slots):
        """A class decorator: a dataclass that is compared, hashed and printed like a frozen one."""
        return dataclass(slots=slots, unsafe_hash=frozen)


__all__ = ["value"]
