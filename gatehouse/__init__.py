"""The front door: the command line that starts, checks and explains a Gatehouse.

`serve` runs the proxy, `check` says what it would do and what is wrong, `health` asks a running one,
`explain` shows how a text is measured, `ledger verify` walks the record of decisions, `schema` prints
the settings for editors, `train` builds the shipped models anew. Modules here read settings, print
and exit; everything that lasts lives in `proxy`, `policies` and `classifiers`.
"""
