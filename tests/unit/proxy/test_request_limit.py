"""A client may send so many requests a minute, and its key is nowhere to be read."""

from __future__ import annotations

import pytest

from proxy.errors import RateLimited
from proxy.request_limit import RequestLimit
from proxy.stores.memory import MemoryStore

ONE, TWO = {"authorization": "Bearer sk-one"}, {"authorization": "Bearer sk-two"}


class KeptKeys(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    async def incr(self, key: str, amount: int, ttl_s: float) -> int:
        self.keys.append(key)
        return await super().incr(key, amount, ttl_s)


async def test_a_used_up_minute_is_refused_with_the_time_to_wait() -> None:
    limit = RequestLimit(MemoryStore(), 2, b"secret", wall=lambda: 600.0 + 45)
    await limit.admit(ONE)
    await limit.admit(ONE)
    with pytest.raises(RateLimited) as caught:
        await limit.admit(ONE)
    assert caught.value.retry_after == 15.0


async def test_clients_have_counts_of_their_own_and_those_without_a_key_share_one() -> None:
    limit = RequestLimit(MemoryStore(), 1, b"secret", wall=lambda: 0.0)
    for headers in (ONE, TWO, {}):
        await limit.admit(headers)
        with pytest.raises(RateLimited):
            await limit.admit(headers)


async def test_a_key_is_the_same_client_s_in_whichever_header_it_stands() -> None:
    limit = RequestLimit(MemoryStore(), 1, b"secret", wall=lambda: 0.0)
    await limit.admit(ONE)
    with pytest.raises(RateLimited):
        await limit.admit({"x-api-key": "sk-one"})
    await limit.admit({"x-api-key": "sk-two"})


async def test_a_new_minute_starts_a_new_count() -> None:
    store, now = MemoryStore(), [59.0]
    limit = RequestLimit(store, 1, b"secret", wall=lambda: now[0])
    await limit.admit(ONE)
    now[0] = 60.0
    await limit.admit(ONE)


async def test_keys_are_digests_that_the_secret_decides() -> None:
    store = KeptKeys()
    for secret in (b"a", b"b"):
        await RequestLimit(store, 9, secret, wall=lambda: 0.0).admit(ONE)
    assert len(set(store.keys)) == 2
    assert not any("sk-one" in key for key in store.keys)


async def test_two_replicas_on_one_store_share_the_count() -> None:
    store = MemoryStore()
    first, second = (RequestLimit(store, 1, b"secret", wall=lambda: 0.0) for _ in range(2))
    await first.admit(ONE)
    with pytest.raises(RateLimited):
        await second.admit(ONE)
