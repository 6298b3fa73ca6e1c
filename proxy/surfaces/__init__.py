"""Surfaces translate between a wire format and the corridor, in both directions, and do nothing else.

`front` dispatches; `reading` takes a body in, strictly; `extract` and `leaves` find every text in it;
`connection` and `sse` put bytes out. Each API has its folder (`chat_completions`) with `routes`, `schema`,
`codec` and `downstream`. `operations` and `feedback` are the routes that no model answers.
"""
