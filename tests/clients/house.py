"""A Gatehouse for clients: shipped policy and classifiers, the scripted stand-in, an overloaded model."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from gatehouse.serving import Server, make_config
from proxy.app import build
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import UpstreamAnswer
from proxy.settings import load_settings
from proxy.upstreams.faults import own_error
from proxy.upstreams.scripted import ScriptedUpstream

OVERLOADED = "overloaded"
"""Name of the model whose upstream answers 429."""


class Upstream(ScriptedUpstream):
    """The stand-in, and one model that never answers."""

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        """See `ports.Upstream.open`."""
        if exchange.model == OVERLOADED:
            raise own_error(429, "rate_limit_exceeded", "The model is overloaded, try again later.")
        return super().open(exchange, payload)


def main() -> None:
    """Serve on a port of this machine until a signal; the first line of output is the base URL."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--policy", default="default")
    options = parser.parse_args()
    chosen = {"ledger.path": options.ledger, "policy": options.policy, "log.access": 0, "port": 0}
    settings = load_settings(chosen, None, {})

    def listening(port: int) -> None:
        sys.stdout.write(f"http://127.0.0.1:{port}\n")
        sys.stdout.flush()

    asyncio.run(Server(make_config(build(settings, upstream=Upstream()), settings), listening).serve())


if __name__ == "__main__":
    main()
