"""Evaluation examines a running Gatehouse from outside: over HTTP, and through its ledger as a file.

So far it reads rows of replies (`refusal_rows`), fits refusal detection to the models that wrote them
(`refusal_fit`) and tells what that changes on rows it was not fitted on (`refusal_recalibration`), with
intervals (`intervals`). What else will stand here is drawn in ARCHITECTURE.md: suites of attacks and of
harmless questions that look dangerous, a judge, and the export of preference pairs. It does not import
`proxy`, and nothing imports it but `gatehouse`.
"""
