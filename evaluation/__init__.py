"""Evaluation examines a running Gatehouse from outside: over HTTP, and through its ledger as a file.

This room is empty so far. What will stand here, and how it may look at the proxy, is drawn in
ARCHITECTURE.md: suites of attacks and of harmless questions that look dangerous, a judge, intervals
for every rate, and the export of preference pairs. It does not import `proxy`, and nothing imports it
but `gatehouse`.
"""
