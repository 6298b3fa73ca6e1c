"""A blocked message neither blocks its session again nor reaches the model, and nobody gains by forging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from classifiers.classification import Conversation, Origin, Turn, Uncovered
from policies.policy import Policy
from policies.verdict import Action, Failure, Verdict
from proxy.exchange.exchange import Exchange
from proxy.exchange.joining import with_joined
from proxy.history import BlockMemory
from proxy.stores.memory import MemoryStore
from proxy.testing import CANNED, plain_bundle, plain_exchange

BLOCK = Verdict(Action.BLOCK, Action.BLOCK, category="harm", rule="in")
POLICY = Policy("p", "1", (), digest="p")


def talk(*texts: str, parts: tuple[Uncovered, ...] = ()) -> Conversation:
    """A user and an assistant by turns, the user first."""
    origins = (Origin.USER, Origin.MODEL)
    turns = [Turn(str(origins[n % 2]), text, origins[n % 2], n) for n, text in enumerate(texts)]
    return with_joined(Conversation(tuple(turns), parts), together=False)


def asked(conversation: Conversation, policy: Policy = POLICY, **changes: Any) -> Exchange:
    given = {"conversation": conversation, "may_withhold": True, **changes}
    return plain_exchange(plain_bundle(policy), **given)


class AskedStore(MemoryStore):
    """Keeps the keys that it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        self.asked += keys
        return await super().get_many(keys)


def memory(store: MemoryStore | None = None, secret: bytes = b"s" * 32, **more: Any) -> BlockMemory:
    return BlockMemory(MemoryStore() if store is None else store, secret, **more)


async def test_a_text_that_was_blocked_is_withheld_once_it_is_old() -> None:
    kept = memory()
    await kept.remember(asked(talk("bad")), BLOCK)
    assert await kept.recall(asked(talk("bad", CANNED, "hello"))) == {0}
    assert await kept.recall(asked(talk("hi", "hi", "bad", "whatever", "hello"))) == {2}


async def test_a_blocked_text_as_the_newest_message_is_judged_again() -> None:
    kept = memory()
    await kept.remember(asked(talk("bad")), BLOCK)
    assert await kept.recall(asked(talk("bad"))) == frozenset()
    assert await kept.recall(asked(talk("bad", CANNED, "bad"))) == {0}


async def test_a_canned_reply_that_was_forged_or_moved_recognises_nothing() -> None:
    """The reply in question names the decision, but other words stand before it."""
    kept = memory()
    await kept.remember(asked(talk("bad")), replace(BLOCK, index=-1))
    assert await kept.recall(asked(talk("bad", CANNED, "hello"))) == {0}
    assert await kept.recall(asked(talk("worse", CANNED, "hello"))) == frozenset()
    assert await memory().recall(asked(talk("bad", CANNED, "hello"))) == frozenset()


async def test_the_turn_that_completes_what_is_read_together_is_withheld() -> None:
    kept = memory()
    conversation = talk("build a", "Go on", "bomb")
    place = next(n for n, turn in enumerate(conversation.turns) if turn.place < 0)
    await kept.remember(asked(conversation), replace(BLOCK, index=place))
    assert await kept.recall(asked(talk("build a", "Go on", "bomb", "No.", "hello"))) == {2}
    assert await kept.recall(asked(talk("a film with a", "Go on", "bomb", "Sure.", "hello"))) == frozenset()


async def test_a_message_with_a_part_that_nobody_reads_is_withheld_with_it() -> None:
    kept = memory()
    image, file = Uncovered("image", "messages[0]", 0), Uncovered("file", "messages[0]", 0)
    await kept.remember(asked(talk("see", parts=(image,))), replace(BLOCK, index=-1))
    assert await kept.recall(asked(talk("see", "No.", "hello", parts=(image,)))) == {0}
    assert await kept.recall(asked(talk("see", "No.", "hello", parts=(file,)))) == frozenset()
    assert await kept.recall(asked(talk("see", "No.", "hello"))) == frozenset()


async def test_results_of_tools_are_withheld_like_messages_and_the_application_s_words_never() -> None:
    for origin, expected in ((Origin.TOOL, {1}), (Origin.OPERATOR, set()), (Origin.MODEL, set())):
        kept = memory()
        turns = (Turn("user", "go", Origin.USER, 0), Turn("x", "bad", origin, 1))
        await kept.remember(asked(Conversation(turns)), replace(BLOCK, index=1))
        later = (*turns, Turn("assistant", "No.", Origin.MODEL, 2), Turn("user", "hello", Origin.USER, 3))
        assert await kept.recall(asked(Conversation(later))) == expected


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(Action.FLAG, Action.BLOCK, rule="in"),
        replace(BLOCK, failure=Failure.TIMEOUT),
    ],
)
async def test_only_a_verdict_that_blocked_is_remembered(verdict: Verdict) -> None:
    kept = memory()
    await kept.remember(asked(talk("bad")), verdict)
    assert await kept.recall(asked(talk("bad", CANNED, "hello"))) == frozenset()


async def test_what_a_surface_cannot_leave_out_is_never_withheld() -> None:
    kept = memory()
    await kept.remember(asked(talk("bad"), may_withhold=False), BLOCK)
    assert await kept.recall(asked(talk("bad", CANNED, "hello"))) == frozenset()


async def test_a_block_holds_for_its_tenant_and_policy() -> None:
    kept = memory()
    await kept.remember(asked(talk("bad")), BLOCK)
    later = talk("bad", CANNED, "hello")
    assert await kept.recall(asked(later, replace(POLICY, digest="other"))) == frozenset()
    assert await kept.recall(asked(later, tenant="other")) == frozenset()


async def test_replicas_with_one_secret_and_store_share_their_memory_and_others_do_not() -> None:
    store, later = MemoryStore(), talk("bad", CANNED, "hello")
    first, second, stranger = (
        memory(store, secret, shared=True) for secret in (b"s" * 32, b"s" * 32, b"x" * 32)
    )
    await first.remember(asked(talk("bad")), BLOCK)
    assert await second.recall(asked(later)) == {0}
    assert await stranger.recall(asked(later)) == frozenset()


async def test_the_store_is_asked_once_for_what_it_does_not_know() -> None:
    store = AskedStore()
    kept = memory(store, shared=True)
    for _ in range(3):
        await kept.recall(asked(talk("one", "two", "three")))
    assert len(store.asked) == 2
    await kept.remember(asked(talk("one")), BLOCK)
    assert await kept.recall(asked(talk("one", "two", "three"))) == {0}


async def test_what_was_asked_for_in_vain_is_forgotten_before_it_piles_up() -> None:
    kept = memory(shared=True, unknown=4)
    for number in range(50):
        await kept.recall(asked(talk(f"old {number}", "x", "new")))
    assert len(kept._unknown) == 4


async def test_nothing_of_a_text_is_in_the_store() -> None:
    store = MemoryStore()
    await memory(store).remember(asked(talk("bad secret")), BLOCK)
    held = repr(store._held)
    assert "secret" not in held
    assert CANNED not in held
    assert len(store) == 2
