"""Policies decide: rules turn measurements into verdicts.

Everything here is pure: no clock, no randomness, no files outside `loader`, no network. A policy is
an ordered, content-addressed list of rules; given readings it returns a `Verdict`. Beside the rules
live the constitution (compiled into the system prompt), the canned safe replies, the refusal phrases
and the critique dialogue, a generator that asks and is answered.

Words: a *stage* says when a rule runs, an *action* what it wants, a *mode* whether it is enforced,
a *verdict* what the policy decided for an exchange or for one choice of its answer. A *hit* is what a
rule found, a *gap* what its guard did not measure; both are *claims* that are weighed against each
other, and a gap never reads as "passed".

Where to look: `loader` reads files (`documents` says what may stand in them, `inheritance` folds
policies that extend others), `rules` holds the kinds of rules and judges (`plan` makes the common case
cheap), `critique` leads the dialogue with a critic (`prompts`, `findings`, `untrusted`) and `acceptance`
tests what comes back, `refusal` tells refusals from answers (`refusal_calibration` fits
it to a model's style), `compare` shows what a change of policy
would change. Shipped policies, constitutions and replies stand in `library`.
"""
