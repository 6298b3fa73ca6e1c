"""The `x-gatehouse-*` headers of a reply: bounded words about the decision, never text of the exchange.

| header | values |
|---|---|
| `x-gatehouse-request-id` | the decision id; also `x-request-id`, so that SDKs show it |
| `x-gatehouse-action` | `allow`, `flag`, `block`, `revise`; `unjudged`: passed on without a judgement |
| `x-gatehouse-stage` | `input` or `output`: which side decided; absent on `allow` |
| `x-gatehouse-category` | the category of the deciding rule; absent on `allow` |
| `x-gatehouse-lane` | `pass`, `deliberate`, `block`: the gravest lane of answers that were held |
| `x-gatehouse-guard` | `not_run`, `timeout`, `error`, `overloaded`: why the input was not judged |
| `x-gatehouse-policy` | `name@version` |
| `x-gatehouse-constitution` | `name@version` and the first 12 digits of its digest; absent without one |
| `x-gatehouse-coverage` | share of the text that was judged, by side, and kinds of what was not |
| `x-gatehouse-overhead-ms` | time Gatehouse added, on replies that are not streams |

A stream's headers leave before its end is judged: they tell of the input verdict only.
"""

from __future__ import annotations

from policies.bundle import PolicyBundle
from policies.verdict import Action, Verdict
from proxy.exchange.exchange import Exchange, ReplyOrigin
from proxy.exchange.ports import ReplyHead, Ruling, UpstreamHead
from proxy.surfaces.connection import HeaderRows

ID_NAMES = (b"x-request-id", b"x-gatehouse-request-id")
"""Headers that say the decision id."""
_KEPT_BUNDLES = 64
_ACTIONS = {
    Action.ALLOW: b"allow",
    Action.FLAG: b"flag",
    Action.REVIEW: b"flag",
    Action.BLOCK: b"block",
}
_NOT_RELAYED = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "keep-alive",
        "request-id",
        "server",
        "set-cookie",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-request-id",
    }
)


class VerdictHeaders:
    """Makes the header rows of replies. `expose=False` keeps everything but the decision id to the house:
    verdicts in headers help whoever searches for a bypass."""

    __slots__ = ("_bundles", "_expose", "_names")

    def __init__(self, expose: bool = True, names: tuple[bytes, ...] = ID_NAMES) -> None:
        self._expose = expose
        self._names = names
        self._bundles: dict[tuple[str, str], HeaderRows] = {}

    def also(self, name: bytes) -> VerdictHeaders:
        """The same with the decision id under one more name."""
        return VerdictHeaders(self._expose, (*self._names, name))

    def ids(self, decision: str) -> HeaderRows:
        """Rows that say the decision id."""
        return [(name, decision.encode()) for name in self._names]

    def rows(self, exchange: Exchange, head: ReplyHead, ruling: Ruling | None = None) -> HeaderRows:
        """Fresh rows for one reply. `ruling`: None while the end of a stream is still open."""
        rows = self.ids(exchange.id)
        if not self._expose:
            return rows
        rows += self._about_bundle(exchange.bundle)
        action, stage, category = _decided(head.verdict, ruling)
        rows.append((b"x-gatehouse-action", action))
        if stage:
            rows.append((b"x-gatehouse-stage", stage))
            if category:
                rows.append((b"x-gatehouse-category", _word(category)))
        if head.verdict.failure is not None:
            rows.append((b"x-gatehouse-guard", head.verdict.failure.encode()))
        if head.lane is not None:
            rows.append((b"x-gatehouse-lane", head.lane.encode()))
        if exchange.withheld:
            rows.append((b"x-gatehouse-withheld", b"%d" % len(exchange.withheld)))
        coverage = _coverage(head, ruling)
        if coverage:
            rows.append((b"x-gatehouse-coverage", coverage))
        if head.overhead_seconds is not None and not exchange.stream:
            rows.append((b"x-gatehouse-overhead-ms", b"%.2f" % (head.overhead_seconds * 1000)))
        return rows

    def _about_bundle(self, bundle: PolicyBundle) -> HeaderRows:
        key = (bundle.policy.digest, bundle.constitution.digest)
        found = self._bundles.get(key)
        if found is None:
            if len(self._bundles) >= _KEPT_BUNDLES:
                self._bundles.clear()
            found = self._bundles[key] = _bundle_rows(bundle)
        return found


def _bundle_rows(bundle: PolicyBundle) -> HeaderRows:
    policy, constitution = bundle.policy, bundle.constitution
    rows = [(b"x-gatehouse-policy", _word(f"{policy.name}@{policy.version}"))]
    if constitution.text:
        digest = constitution.digest.removeprefix("sha256:")[:12]
        value = _word(f"{constitution.name}@{constitution.version}") + b" " + _word(digest)
        rows.append((b"x-gatehouse-constitution", value))
    return rows


def _decided(verdict: Verdict, ruling: Ruling | None) -> tuple[bytes, bytes, str]:
    """Action, side and category of what was decided last."""
    if ruling is not None and verdict.action is not Action.BLOCK:
        if ruling.replacements:
            replacement = ruling.replacements[0][1]
            action = b"revise" if replacement.origin is ReplyOrigin.REVISED else b"block"
            return action, b"output", replacement.category
        for flagged in ruling.output_verdicts:
            if flagged.action is not Action.ALLOW and flagged.action.severity > verdict.action.severity:
                return _ACTIONS[flagged.action], b"output", flagged.category
    if verdict.action is Action.ALLOW:
        return (b"unjudged" if verdict.failure is not None else b"allow"), b"", ""
    return _ACTIONS[verdict.action], b"input", verdict.category


def _coverage(head: ReplyHead, ruling: Ruling | None) -> bytes:
    """A dictionary of structured fields (RFC 9651): `input=0.984, output=1.0, unread=(too_long image)`.

    Shares are rounded down, so 1.0 means all of it; a side that was not judged or has no text has no share.
    """
    members: list[str] = []
    unread = dict.fromkeys(head.unread)
    answer = ruling.output_coverage if ruling is not None else None
    for side, read in (("input", head.coverage), ("output", answer)):
        if read is not None and read.characters:
            members.append(f"{side}={read.judged * 1000 // read.characters / 1000}")
            unread |= dict.fromkeys(read.unread)
    if ruling is not None:
        unread |= dict.fromkeys(ruling.output_unread)
    if unread:
        members.append(f"unread=({' '.join(unread)})")
    return ", ".join(members).encode("ascii")


def _word(text: str) -> bytes:
    """A bounded header value: printable ASCII without blanks, at most 80 characters."""
    return (
        "".join([char if char.isascii() and char.isprintable() else "_" for char in text[:80]])
        .replace(" ", "_")
        .encode("ascii")
    )


def relayed(upstream: UpstreamHead | None) -> HeaderRows:
    """The upstream's headers that go on to the client, without those that belong to one connection."""
    if upstream is None:
        return []
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in upstream.headers
        if name not in _NOT_RELAYED and name != "content-type"
    ]
