"""What was blocked, remembered by keyed digests: no text is kept, and none can be guessed from a digest.

Clients keep a blocked message in their history and send it again with every turn. It must not block the rest
of the session, and it must not reach the model either. So an old message that this Gatehouse (or a replica
with the same secret and store) has blocked before is withheld: the model is sent a placeholder, the guards
leave it out, and the new turn is judged by itself. A message is known again

- as a text that decided a block by itself;
- as the one that completed texts which decided a block when they were read together;
- as one with parts that no guard reads, where these decided;
- as part of a round: messages together with the canned reply, which names the decision, that answered them.

Nothing is gained by forging any of it: what is withheld is what the model never sees. The newest user message
and what follows it are never withheld but judged, and what is not remembered is judged wherever it stands.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from classifiers.classification import Conversation, Origin, Turn
from policies.verdict import Action, Verdict
from proxy.exchange.exchange import Exchange
from proxy.exchange.joining import is_joined
from proxy.exchange.rounds import newest, rounds
from proxy.stores import Store

_SEEN = b"1"
_THEIRS = (Origin.USER, Origin.TOOL)
_KEPT_HASHERS = 256


class BlockMemory:
    """Implements the `History` port. `secret`: key of the digests; replicas that share a store share it.

    `shared`: other processes write into the store too. `ttl_seconds`: how long a block is remembered.
    `unknown`: bound on the digests asked for in vain, which are not asked for again.
    """

    def __init__(
        self,
        store: Store,
        secret: bytes,
        *,
        shared: bool = False,
        ttl_seconds: float = 86_400.0,
        unknown: int = 65_536,
    ) -> None:
        self._store = store
        self._secret = secret[:64]
        self._ttl_seconds = ttl_seconds
        self._limit = unknown
        self._unknown: OrderedDict[str, None] = OrderedDict()
        self._hashers: dict[tuple[str, str], hashlib.blake2b] = {}
        self._empty = not shared

    async def recall(self, exchange: Exchange) -> frozenset[int]:
        """See `ports.History`."""
        new = newest(exchange.conversation)
        if self._empty or new <= 0:
            return frozenset()
        candidates = dict(self._candidates(exchange, new))
        asked = [key for key in candidates if key not in self._unknown]
        found = await self._store.get_many(asked) if asked else []
        known: set[int] = set()
        for key, value in zip(asked, found, strict=True):
            if value is None:
                self._unknown[key] = None
            else:
                known |= candidates[key]
        while len(self._unknown) > self._limit:
            self._unknown.popitem(last=False)
        return frozenset(known)

    async def remember(self, exchange: Exchange, verdict: Verdict) -> None:
        """See `ports.History`. An outage is no verdict, so it is not remembered."""
        if not exchange.may_withhold or verdict.action is not Action.BLOCK or verdict.failure is not None:
            return
        keys = list(self._keys_of(exchange, verdict))
        for key in keys:
            self._unknown.pop(key, None)
        if keys:
            self._empty = False
            await self._store.put_many(dict.fromkeys(keys, _SEEN), self._ttl_seconds)

    def _candidates(self, exchange: Exchange, new: int) -> Iterator[tuple[str, frozenset[int]]]:
        """Keys by which old messages may be known, with the places that each stands for."""
        conversation = exchange.conversation
        kinds = _kinds(conversation)
        together: list[Turn] = []
        for turn in conversation.turns:
            if is_joined(turn):
                together.append(turn)
            elif turn.place >= new:
                break
            elif turn.place >= 0 and turn.origin in _THEIRS:
                here = frozenset((turn.place,))
                yield self._key(exchange, "text", turn.text), here
                for joined in together:
                    yield self._key(exchange, "joined", joined.text), here
                if turn.place in kinds:
                    yield self._key(exchange, "parts", turn.text, *kinds[turn.place]), here
                together = []
        for each in rounds(conversation):
            if each.asked and each.answer is not None and each.answer.place < new:
                yield self._round_key(exchange, each.asked, each.answer.text), each.places

    def _keys_of(self, exchange: Exchange, verdict: Verdict) -> Iterator[str]:
        """Keys by which the messages of a blocked exchange will be known."""
        conversation = exchange.conversation
        turns = conversation.turns
        if 0 <= verdict.index < len(turns):
            turn = turns[verdict.index]
            if is_joined(turn):
                yield self._key(exchange, "joined", turn.text)
            elif turn.place >= 0 and turn.origin in _THEIRS and turn.text:
                yield self._key(exchange, "text", turn.text)
        elif verdict.index < 0:
            kinds = _kinds(conversation)
            for turn in turns:
                if turn.place in kinds and turn.origin in _THEIRS:
                    yield self._key(exchange, "parts", turn.text, *kinds[turn.place])
        said = exchange.bundle.replies.text(verdict.category, exchange.reply_language(), exchange.id)
        for each in rounds(conversation):
            if each.answer is None:
                yield self._round_key(exchange, each.asked, said)

    def _round_key(self, exchange: Exchange, asked: Sequence[Turn], answer: str) -> str:
        kinds = _kinds(exchange.conversation)
        parts = (kind for turn in asked for kind in kinds.get(turn.place, ()))
        return self._key(exchange, "round", answer.strip(), *(turn.text for turn in asked), *parts)

    def _key(self, exchange: Exchange, kind: str, *texts: str) -> str:
        """A block holds for one tenant and policy. Texts are told apart by their lengths."""
        hasher = self._hasher(exchange.tenant, exchange.bundle.policy.digest).copy()
        for text in (kind, *texts):
            raw = text.encode("utf-8", "surrogatepass")
            hasher.update(len(raw).to_bytes(8, "big") + raw)
        return f"blocked:{hasher.hexdigest()}"

    def _hasher(self, tenant: str, policy: str) -> hashlib.blake2b:
        found = self._hashers.get((tenant, policy))
        if found is None:
            if len(self._hashers) >= _KEPT_HASHERS:
                self._hashers.clear()
            said = f"{len(tenant)}:{tenant}{policy}".encode()
            found = self._hashers[tenant, policy] = hashlib.blake2b(said, key=self._secret, digest_size=16)
        return found


def _kinds(conversation: Conversation) -> dict[int, list[str]]:
    """Place of a message to the kinds of its parts that no guard reads."""
    kinds: dict[int, list[str]] = {}
    for part in conversation.uncovered:
        if part.place >= 0:
            kinds.setdefault(part.place, []).append(part.kind)
    return kinds
