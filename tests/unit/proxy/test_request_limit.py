"""Clients, keys and tenants have limits, and a key is nowhere to be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.errors import RateLimited
from proxy.exchange.exchange import Usage
from proxy.request_limit import RequestLimit, tokens_of
from proxy.stores.memory import MemoryStore
from proxy.tenants.visit import Tenants, Visit
from tests.kits.ledger_events import an_exchange_closed
from tests.kits.tenant_kit import bearer, tenants_of

TWO = """
    tenants:
      acme:
        keys: {web: "{acme}", batch: {digest: "{acme2}", per_minute: 1}}
        limits: {per_minute: 3}
      blue: {keys: {web: "{blue}"}, limits: {tokens_per_minute: 100, tokens_per_day: 150}}
"""
ONE, TWO_KEYS = {"authorization": "Bearer sk-one"}, {"authorization": "Bearer sk-two"}


class KeptKeys(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    async def incr(self, key: str, amount: int, ttl_s: float) -> int:
        self.keys.append(key)
        return await super().incr(key, amount, ttl_s)


@pytest.fixture
def tenants(tmp_path: Path) -> Tenants:
    return tenants_of(tmp_path, TWO)


def limit_of(
    tenants: Tenants, per_minute: int, *, wall: Callable[[], float] = lambda: 0.0, **more: object
) -> RequestLimit:
    given = {"store": MemoryStore(), "secret": b"secret", **more}
    return RequestLimit(per_minute=per_minute, tenants=tenants, wall=wall, **given)  # type: ignore[arg-type]


async def refused(limit: RequestLimit, visit: Visit) -> RateLimited:
    with pytest.raises(RateLimited) as caught:
        await limit.admit(visit)
    return caught.value


async def test_a_used_up_minute_is_refused_with_the_time_to_wait(tenants: Tenants) -> None:
    limit, visit = limit_of(tenants, 2, wall=lambda: 600.0 + 45), tenants.greet(ONE)
    await limit.admit(visit)
    await limit.admit(visit)
    assert (await refused(limit, visit)).retry_after == 15.0


async def test_clients_have_counts_of_their_own_and_those_without_a_key_share_one(tenants: Tenants) -> None:
    limit = limit_of(tenants, 1)
    for headers in (ONE, TWO_KEYS, {}):
        await limit.admit(tenants.greet(headers))
        await refused(limit, tenants.greet(headers))


async def test_a_new_minute_starts_a_new_count(tenants: Tenants) -> None:
    now = [59.0]
    limit = limit_of(tenants, 1, wall=lambda: now[0])
    await limit.admit(tenants.greet(ONE))
    now[0] = 60.0
    await limit.admit(tenants.greet(ONE))


async def test_keys_are_digests_that_the_secret_decides(tenants: Tenants) -> None:
    store = KeptKeys()
    for secret in (b"a", b"b"):
        for headers in (ONE, bearer("acme2")):
            await limit_of(tenants, 9, store=store, secret=secret).admit(tenants.greet(headers))
    assert len(set(store.keys)) == 7
    assert not any("sk-" in key or "sha256" in key for key in store.keys)


async def test_two_replicas_on_one_store_share_the_count(tenants: Tenants) -> None:
    store = MemoryStore()
    first, second = (limit_of(tenants, 1, store=store) for _ in range(2))
    await first.admit(tenants.greet(ONE))
    await refused(second, tenants.greet(ONE))


async def test_a_tenant_s_keys_share_its_count_and_one_of_them_may_have_less(tenants: Tenants) -> None:
    limit = limit_of(tenants, 0)
    web, batch = tenants.greet(bearer("acme")), tenants.greet(bearer("acme2"))
    await limit.admit(batch)
    assert "This key" in (await refused(limit, batch)).message
    await limit.admit(web)
    await limit.admit(web)
    assert "This tenant" in (await refused(limit, web)).message
    await limit.admit(tenants.greet(ONE))


async def test_tokens_that_were_used_count_against_the_next_request(tenants: Tenants) -> None:
    now = [0.0]
    limit, visit = limit_of(tenants, 0, wall=lambda: now[0]), tenants.greet(bearer("blue"))
    spending = an_exchange_closed(tenant="blue", usage=Usage(60, 40))
    await limit.admit(visit)
    limit.tell(spending)
    assert "a minute" in (await refused(limit, visit)).message
    now[0] = 60.0
    await limit.admit(visit)
    limit.tell(spending)
    now[0] = 120.0
    assert "a day" in (await refused(limit, visit)).message
    now[0] = 86_400.0
    await limit.admit(visit)


async def test_nothing_is_kept_of_tenants_without_a_limit_on_tokens(tenants: Tenants) -> None:
    """A limit that a reload brings starts from nothing."""
    limit = limit_of(tenants, 0)
    limit.tell(an_exchange_closed(tenant="acme", usage=Usage(60, 40)))
    assert limit.spent == {}


def test_an_answer_whose_tokens_nobody_counted_is_not_free() -> None:
    """A stream without usage counts by its characters; what never went upstream counts for nothing."""
    event = an_exchange_closed(usage=None, upstream_seconds=1.0)
    assert tokens_of(event) == -(-(event.input_text.characters + event.output_text.characters) // 4)
    assert tokens_of(an_exchange_closed(usage=None, upstream_seconds=0.0)) == 0


@pytest.mark.parametrize(("usage", "upstream"), [(Usage(60, 30), 1.0), (None, 0.0)])
async def test_tokens_of_critique_and_revision_are_the_tenant_s(
    tenants: Tenants, usage: Usage | None, upstream: float
) -> None:
    """They are spent on its behalf, whoever answers."""
    client = usage.total if usage is not None else 0
    spending = an_exchange_closed(
        tenant="blue", usage=usage, upstream_seconds=upstream, review_tokens=100 - client
    )
    assert tokens_of(spending) == 100
    limit, visit = limit_of(tenants, 0), tenants.greet(bearer("blue"))
    limit.tell(spending)
    assert "100 tokens a minute" in (await refused(limit, visit)).message


async def test_a_key_is_the_same_client_s_in_whichever_header_it_stands(tenants: Tenants) -> None:
    limit = limit_of(tenants, 1)
    await limit.admit(tenants.greet(ONE))
    await refused(limit, tenants.greet({"x-api-key": "sk-one"}))
    await limit.admit(tenants.greet({"x-api-key": "sk-two"}))
