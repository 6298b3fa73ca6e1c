"""Anthropic's Messages API: asking, and counting what a request would cost.

`intake` reads requests and `spoken` answers, in the words of `vocabulary`; every content block of an answer
is a lane of its own, as clients put it together. `codec` ties both to the bytes of an upstream that speaks
this API. `chat_request` and `translation` serve models whose upstream speaks chat completions only.
`transcript` keeps what has left of a stream, `schema` knows the shapes of everything that Gatehouse says
itself, and `downstream` sends it; `routes` and `counting` are the two surfaces.
"""
