"""Policies decide: rules turn measurements into verdicts.

Everything here is pure: no clock, no randomness, no files outside `loader`, no network. A policy is
an ordered, content-addressed list of rules; given readings it returns a `Verdict`. Beside the rules
live the constitution (compiled into the system prompt), the canned safe replies, the refusal phrases
and the critique dialogue, a generator that asks and is answered.

Words: a *stage* says when a rule runs, an *action* what it wants, a *mode* whether it is enforced,
a *verdict* what the policy decided for an exchange or for one choice of its answer.
"""
