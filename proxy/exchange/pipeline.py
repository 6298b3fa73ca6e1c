"""The corridor itself: every exchange of every surface walks through `Corridor.walk`.

Screen what goes in, call the model, judge what comes out, release it as the delivery mode allows,
and close exactly one record, whatever happened on the way.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from policies.lanes import EvidenceFinder, no_evidence
from policies.policy import Policy
from policies.refusal_calibration import UNCALIBRATED, Calibrations
from policies.verdict import Action, Stage
from proxy.exchange.account import Account
from proxy.exchange.deadline import Deadline
from proxy.exchange.events import Outcome, RequestRejected
from proxy.exchange.exchange import Delivery, Delta, Draft, Exchange, VerdictOnly
from proxy.exchange.fetched import ruled_by_its_model
from proxy.exchange.holdback import HoldBack
from proxy.exchange.joining import with_joined
from proxy.exchange.pairing import PairKeeper
from proxy.exchange.plan import Plan, plan
from proxy.exchange.ports import (
    ClientLeft,
    Critic,
    Downstream,
    History,
    Ledger,
    ReplyHead,
    Screener,
    Upstream,
    UpstreamAnswer,
    UpstreamError,
)
from proxy.exchange.reviewing import Reviewer
from proxy.exchange.rounds import without
from proxy.exchange.ruling import Judge

_log = logging.getLogger("gatehouse.corridor")


@dataclass(frozen=True, slots=True)
class Corridor:
    """The one way through the house. `keep_alive` in seconds; `clock` is the event loop's."""

    screener: Screener
    upstream: Upstream
    critic: Critic
    ledger: Ledger
    clock: Callable[[], float]
    nonce: Callable[[], str]
    keep_alive: float = 15.0
    settled: Callable[[], Awaitable[None]] | None = None
    """Awaited after the record is closed, where the ledger promises it on disk by then."""
    history: History | None = None
    """What was blocked before; without it every block stays in the way of its session."""
    calibrations: Calibrations = UNCALIBRATED
    """How refusals are read for each upstream model."""
    evidence: EvidenceFinder = no_evidence
    """Fixed checks of drafts."""
    pairs: PairKeeper | None = None
    """Keeps what reviews leave for training."""
    under_way: set[str] = field(default_factory=set)
    """Ids of the exchanges that are walking now."""
    reviewer: Reviewer = field(init=False)
    _plans: dict[str, Plan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reviewer", Reviewer(self.critic, self.screener, self.nonce, self.evidence))

    async def walk(self, exchange: Exchange, client: Downstream) -> None:
        """Take one exchange through; returns when the client has its answer and the record is closed."""
        account = Account(exchange, self.plan(exchange.bundle.policy), self.ledger, self.clock)
        self.under_way.add(exchange.id)
        account.open()
        try:
            with Deadline(exchange.deadline):
                walk = _Walk(self, account, client)
                await walk.run()
                await walk.judge.review_by_lot()
        except ClientLeft:
            account.leave()
        except asyncio.CancelledError:
            account.leave()
            raise
        except TimeoutError:
            await _fail(account, client, UpstreamError("deadline_exceeded", 504), "deadline")
        except UpstreamError as error:
            await _fail(account, client, error, "upstream_error")
        except Exception as error:  # noqa: BLE001 - a fault of ours still owes the client an answer
            _log.error("exchange %s: %s\n%s", exchange.id, type(error).__name__, _where(error))
            await _fail(account, client, error, "error")
        finally:
            account.status = client.status
            account.close()
            self.under_way.discard(exchange.id)
        if self.settled is not None:
            await self.settled()

    def rejected(self, surface: str, status: int, code: str) -> None:
        """A request was refused before it could become an exchange; it is recorded all the same."""
        self.ledger.tell(RequestRejected(surface, status, code))

    def plan(self, policy: Policy) -> Plan:
        """What the policy implies for a walk."""
        found = self._plans.get(policy.digest)
        if found is None:
            found = self._plans[policy.digest] = plan(policy)
        return found


async def _fail(account: Account, client: Downstream, error: Exception, outcome: Outcome) -> None:
    if not account.fail(error, outcome):
        return
    try:
        await client.fail(error)
    except ClientLeft:
        account.leave()


async def _caught(work: Callable[[], Awaitable[None]], failures: list[Exception]) -> None:
    """Keep a failure as a value: a task group would wrap it in an exception group."""
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - raised again by the caller
        failures.append(error)


def _where(error: BaseException) -> str:
    """Where it happened, without the message: that may quote the exchange."""
    return "".join(traceback.format_tb(error.__traceback__))


@dataclass(slots=True)
class _Walk:
    corridor: Corridor
    account: Account
    client: Downstream
    judge: Judge = field(init=False)
    ruled: asyncio.Event | None = None
    """Set once the input is ruled on, where the model is called meanwhile."""
    last_sent: float = 0.0
    head: ReplyHead | None = None

    def __post_init__(self) -> None:
        corridor = self.corridor
        self.judge = Judge(
            self.account, corridor.screener, corridor.reviewer, corridor.calibrations, corridor.pairs
        )

    async def run(self) -> None:
        """Screen, call, release."""
        await self._look_back()
        asked = self.account.exchange.verdict_only
        if asked is not None:
            return await self._assess(asked)
        await self.judge.rule_input(Stage.PRE_CALL)
        if self.judge.blocks_input:
            return await self._refuse()
        if self._decided_at_once():
            return await self._refuse() if self.judge.blocks_input else await self._answer()
        if self.account.plan.observes or self.account.exchange.bundle.policy.speculative:
            return await self._speculate()
        await self.judge.rule_input(Stage.DURING_CALL)
        return await self._refuse() if self.judge.blocks_input else await self._answer()

    async def _look_back(self) -> None:
        """Leave out what was blocked and answered before, and read together what belongs together."""
        exchange, plan, history = self.account.exchange, self.account.plan, self.corridor.history
        asked = exchange.conversation
        exchange.conversation = with_joined(asked, together=plan.reads_together)
        if history is not None and exchange.may_withhold and not plan.observes:
            exchange.withheld = await history.recall(exchange)
            if exchange.withheld:
                asked = without(asked, exchange.withheld)
                exchange.conversation = with_joined(asked, together=plan.reads_together)

    async def _assess(self, asked: VerdictOnly) -> None:
        """Judge what was given, and say so: no model is called, nothing is reviewed."""
        await self.judge.rule_input(Stage.PRE_CALL)
        await self.judge.rule_input(Stage.DURING_CALL)
        if asked.on_input and self.judge.blocks_input:
            await self._refuse()
            return
        for index, text in enumerate(asked.answers):
            self.account.draft.choice(index).content = text
        for index, kind in asked.unread:
            self.account.draft.choice(index).unread[kind] = None
        await self.judge.rule_draft(may_review=False)
        await self._deliver([])

    def _decided_at_once(self) -> bool:
        """Whether cached measurements (or the lack of rules) settle the input without waiting."""
        if Stage.DURING_CALL not in self.account.plan.ruled:
            return True
        cached = self.corridor.screener.cached_input(self.account.exchange, Stage.DURING_CALL)
        if cached is None:
            return False
        self.judge.judge_input(Stage.DURING_CALL, cached, 0.0)
        return True

    async def _speculate(self) -> None:
        """Call the model while the input is screened; nothing is released before the ruling,
        unless the policy only observes."""
        self.ruled = asyncio.Event()
        failures: list[Exception] = []

        async with asyncio.TaskGroup() as group:
            answering = group.create_task(_caught(self._answer, failures))
            await self.judge.rule_input(Stage.DURING_CALL)
            if self.judge.blocks_input:
                answering.cancel()
            self.ruled.set()
        if self.judge.blocks_input:
            await self._refuse()
        elif failures:
            raise failures[0]

    async def _refuse(self) -> None:
        """Answer a blocked input with the canned reply; the upstream has seen nothing to keep."""
        if self.corridor.history is not None:
            await self.corridor.history.remember(self.account.exchange, self.account.input_verdict)
        self.account.draft = Draft()
        self.judge.replace_all()
        await self._deliver([])

    async def _answer(self) -> None:
        account = self.account
        exchange = account.exchange
        payload = exchange.codec.payload(exchange, exchange.bundle.constitution.text)
        started = account.clock()
        async with self.corridor.upstream.open(exchange, payload) as answer:
            account.upstream_seconds += account.clock() - started
            account.head = answer.head
            if exchange.of_model is not None:
                answer = await ruled_by_its_model(answer, exchange, exchange.of_model)  # noqa: PLW2901
                account.plan = self.corridor.plan(exchange.bundle.policy)
            if not account.plan.observes:
                await self._input_ruled()
            account.delivery = account.plan.delivery(exchange, account.flagged)
            await self._release(answer)

    async def _input_ruled(self) -> None:
        if self.ruled is not None:
            await self.ruled.wait()

    async def _rule_draft(self, may_review: bool = True) -> None:
        await self._input_ruled()
        await self.judge.rule_draft(may_review)

    async def _release(self, answer: UpstreamAnswer) -> None:
        if not self.account.exchange.stream:
            await self._whole(answer)
        elif self.account.delivery is Delivery.WINDOWED:
            await self._windows(answer)
        elif self.account.delivery is Delivery.BUFFERED:
            await self._buffer(answer)
        else:
            await self._flow(answer)

    async def _whole(self, answer: UpstreamAnswer) -> None:
        """A non-stream answer: judged before it leaves, unless it is only observed."""
        deltas: list[Delta] = []
        await self._pump(answer, deltas.append)
        observed = self.account.delivery is Delivery.OBSERVE and not self.account.exchange.wants_verdict
        if observed:
            await self._deliver(deltas)
        await self._rule_draft()
        if not observed:
            await self._deliver(deltas)

    async def _flow(self, answer: UpstreamAnswer) -> None:
        """Relay as it comes; the closing frames wait only where the client wants the verdict."""
        account = self.account
        held: list[Delta] = []
        ready: list[Delta] = []

        async def relay(delta: Delta) -> None:
            last_words = account.exchange.wants_verdict and (held or delta.kind in ("usage", "done"))
            (held if last_words else ready).append(delta)
            if ready and not answer.pending:
                await self._relay(ready)
                ready.clear()

        await self._pump(answer, relay)
        if ready:
            await self._relay(ready)
        if account.exchange.wants_verdict:
            await self._rule_draft()
        await self._end(held)
        if not account.exchange.wants_verdict:
            await self._rule_draft()

    async def _windows(self, answer: UpstreamAnswer) -> None:
        """Release text up to the last cleared window; a late block ends with the canned tail."""
        holdback = HoldBack()

        async def window(delta: Delta) -> bool:
            holdback.hold(delta)
            choice = holdback.due()
            if choice is None:
                return False
            verdict = await self.judge.rule_text(choice, holdback.window(choice))
            if verdict.action is Action.BLOCK:
                self.judge.replace(choice, verdict)
                return True
            if released := holdback.clear(choice):
                await self._relay(released)
            return False

        await self._keeping_alive(partial(self._pump, answer, window))
        if not self.account.replacements:
            await self._rule_draft(may_review=False)
        if not self.account.replacements:
            await self._end(holdback.rest())
        elif self.account.first_byte is None:
            await self._deliver(holdback.rest())
        else:
            await self._cut()

    async def _buffer(self, answer: UpstreamAnswer) -> None:
        """Hold the whole answer, keep the connection alive, then send the final one."""
        deltas: list[Delta] = []

        async def collect_and_judge() -> None:
            await self._pump(answer, deltas.append)
            await self._rule_draft()

        await self._keeping_alive(collect_and_judge)
        await self._deliver(deltas)

    async def _pump(
        self, answer: UpstreamAnswer, take: Callable[[Delta], Awaitable[bool | None] | None]
    ) -> None:
        """Feed every delta into the draft and to `take`, until the end or until `take` returns True."""
        account, clock = self.account, self.account.clock
        async with aclosing(answer.deltas()) as deltas:
            waited_from = clock()
            async for delta in deltas:
                account.upstream_seconds += clock() - waited_from
                account.draft.add(delta)
                taken = take(delta)
                if taken is not None and await taken:
                    return
                waited_from = clock()
            account.upstream_seconds += clock() - waited_from

    async def _keeping_alive(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work; send comments while the client would otherwise hear nothing."""
        failures: list[Exception] = []
        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(_caught(self._tick, failures))
            await _caught(work, failures)
            ticking.cancel()
        if failures:
            raise failures[0]

    async def _tick(self) -> None:
        every = self.corridor.keep_alive
        while True:
            await asyncio.sleep(every)
            if self.account.clock() - self.last_sent >= every:
                await self._send(self.client.keep_alive(self._head()))

    def _head(self) -> ReplyHead:
        """What is known when the reply starts; once it has, that stays."""
        if self.head is None or not self.client.status:
            self.head = self.account.reply_head()
        return self.head

    async def _relay(self, deltas: Sequence[Delta]) -> None:
        await self._send(self.client.relay(self._head(), deltas))

    async def _deliver(self, deltas: list[Delta]) -> None:
        ruling = self.judge.ruling()
        await self._send(self.client.deliver(self._head(), deltas, self.account.draft, ruling))
        self.account.complete()

    async def _end(self, held: list[Delta]) -> None:
        await self._send(self.client.end(self._head(), held, self.judge.ruling()))
        self.account.complete()

    async def _cut(self) -> None:
        await self._send(self.client.cut(self._head(), self.account.draft, self.judge.ruling()))
        self.account.complete()

    async def _send(self, sending: Awaitable[None]) -> None:
        started = self.account.clock()
        await sending
        self.last_sent = self.account.clock()
        self.account.client_seconds += self.last_sent - started
        self.account.sent()
