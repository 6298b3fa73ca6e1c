"""Surfaces that give a verdict and call no model: Gatehouse behind a gateway that calls the models itself.

`guard_check` is Gatehouse's own form; `litellm_guardrail` and `agentgateway` are the hooks of those gateways.
All of them walk the corridor as an exchange does (`Exchange.verdict_only`), so policies, records and metrics
are the same. A guard that failed is told as such: what it means is the policy's word, never a silent pass.
"""
