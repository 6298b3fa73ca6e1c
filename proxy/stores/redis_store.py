"""The shared store on Redis (or Valkey), and the only importer of redis.

One operation has one budget, connecting and waiting for a connection included; there are no retries.
The first fault opens the breaker: until a trial works again, operations fail at once. A cancelled
operation drops its connection, so that no answer is ever read by somebody else's request. Values are
sealed with a keyed digest over key and value: what somebody else wrote reads as absent.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import TimeoutError as RedisTimeoutError

from proxy.settings import RedisSettings
from proxy.stores import FaultReason, StoreUnavailable
from proxy.stores.breaker import Breaker, BreakerState

_log = logging.getLogger("gatehouse.store")
_SEAL_BYTES = 16
_CREDENTIALS = (AuthenticationError, AuthorizationError, NoPermissionError)
_SERVER_WIDE = (ReadOnlyError, OutOfMemoryError, *_CREDENTIALS)

T = TypeVar("T")


class RedisStore:
    """A `Store` that raises `StoreUnavailable` where Redis did not answer as it should.

    `url` names server and database, `settings` everything else. `faults` counts by reason, `forged`
    the values that were not sealed by this Gatehouse or its replicas.
    """

    def __init__(
        self, url: str, settings: RedisSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.budget_s = settings.budget_ms / 1000
        self.faults: dict[FaultReason, int] = dict.fromkeys(
            ("timeout", "connection", "credentials", "refused", "open"), 0
        )
        self.forged = 0
        self.breaker = Breaker(settings.open_s, settings.open_max_s, clock, self._say_state)
        self._prefix = settings.prefix
        self._seal_key = _seal_key(settings)
        self._client = Redis(connection_pool=_pool(url, settings, self.budget_s))

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """See `Store.get_many`."""
        if not keys:
            return []
        names = [self._prefix + key for key in keys]
        values: list[bytes | None] = await self._try(lambda: self._client.mget(names))
        return [self._unsealed(name, value) for name, value in zip(names, values, strict=True)]

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """See `Store.put`."""
        await self.put_many({key: value}, ttl_s)

    async def put_many(self, values: Mapping[str, bytes], ttl_s: float) -> None:
        """See `Store.put_many`."""
        if not values or ttl_s <= 0:
            return
        pipeline = self._client.pipeline(transaction=False)
        for key, value in values.items():
            name = self._prefix + key
            pipeline.set(name, self._seal(name, value) + value, px=max(1, int(ttl_s * 1000)))
        await self._try(pipeline.execute)

    async def incr(self, key: str, amount: int, ttl_s: float) -> int:
        """See `Store.incr`. One transaction: a counter never lives without its end."""
        name = self._prefix + key
        pipeline = self._client.pipeline(transaction=True)
        pipeline.set(name, 0, px=max(1, int(ttl_s * 1000)), nx=True)
        pipeline.incrby(name, amount)
        answers: list[Any] = await self._try(pipeline.execute)
        return int(answers[1])

    def healthy(self) -> bool:
        """True while operations reach Redis."""
        return self.breaker.state == "closed"

    async def aclose(self) -> None:
        """Close all connections, waiting no longer than one budget."""
        with suppress(TimeoutError, RedisError, OSError):
            async with asyncio.timeout(self.budget_s):
                await self._client.aclose()
                await self._client.connection_pool.disconnect()

    async def _try(self, operation: Callable[[], Awaitable[T] | Any]) -> T:
        if not self.breaker.admit():
            self.faults["open"] += 1
            raise StoreUnavailable("open")
        try:
            async with asyncio.timeout(self.budget_s):
                answer: T = await operation()
        except (RedisError, OSError) as error:
            raise self._fault(error) from None
        except asyncio.CancelledError:
            self.breaker.abandoned()
            raise
        self.breaker.succeeded()
        return answer

    def _fault(self, error: Exception) -> StoreUnavailable:
        reason = _reason(error)
        self.faults[reason] += 1
        if isinstance(error, ResponseError) and not isinstance(error, _SERVER_WIDE):
            self.breaker.succeeded()
        else:
            self.breaker.failed()
        return StoreUnavailable(reason)

    def _seal(self, name: str, value: bytes) -> bytes:
        sealed = hashlib.blake2b(name.encode(), digest_size=_SEAL_BYTES, key=self._seal_key)
        sealed.update(b"\0")
        sealed.update(value)
        return sealed.digest()

    def _unsealed(self, name: str, value: bytes | None) -> bytes | None:
        if value is None:
            return None
        seal, content = value[:_SEAL_BYTES], value[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(name, content)):
            self.forged += 1
            return None
        return content

    def _say_state(self, state: BreakerState) -> None:
        if state == "closed":
            _log.info("redis answers again: measurements and counters are shared")
        elif state == "open":
            worst = max(self.faults, key=lambda reason: self.faults[reason] if reason != "open" else -1)
            _log.warning("redis does not answer (%s): going on with this process's memory", worst)


def _pool(url: str, settings: RedisSettings, budget_s: float) -> BlockingConnectionPool:
    password = settings.password.get_secret_value() if settings.password else None
    options: dict[str, Any] = {"password": password, "username": settings.username or None}
    return BlockingConnectionPool.from_url(
        url,
        max_connections=settings.connections,
        timeout=budget_s,
        socket_timeout=budget_s,
        socket_connect_timeout=budget_s,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        **{name: value for name, value in options.items() if value is not None},
    )


def _seal_key(settings: RedisSettings) -> bytes:
    secret = settings.seal_key.get_secret_value() if settings.seal_key else ""
    return hashlib.sha256(b"gatehouse seal\0" + secret.encode()).digest()


def _reason(error: Exception) -> FaultReason:
    if isinstance(error, (TimeoutError, RedisTimeoutError)):
        return "timeout"
    if isinstance(error, _CREDENTIALS):
        return "credentials"
    return "refused" if isinstance(error, ResponseError) else "connection"
