"""The corridor: one exchange from the parsed request to the closed record.

No HTTP, JSON, LiteLLM, Redis or Prometheus here. The pipeline talks to four kinds of neighbours
through the ports in `ports.py`: a screener, an upstream, a downstream (the client) and a ledger.
"""
