"""OpenAI's Responses API: asking, and fetching, cancelling and deleting what an upstream has stored.

`intake` reads requests and `spoken` answers, in the words of `vocabulary`; `repeats` knows what was judged
already, because a stream says everything up to four times. `codec` ties them to upstream bytes.
`chat_request` and `translation` serve models whose upstream speaks chat completions only. `transcript` keeps
what has left, `schema` knows the shapes of everything that Gatehouse says itself, and `downstream` sends it;
`routes` and `retrieval` are the two surfaces, and `withheld` remembers which stored answers must not be
fetched.
"""
