"""Chat completions, OpenAI's main route, with and without a stream.

`codec` reads upstream answers and writes the upstream request; `schema` knows the shapes of everything that
Gatehouse says itself (canned completions, chunks, the moderation field); `downstream` sends a reply to the
client, untouched or replaced; `routes` ties them to the corridor.
"""
