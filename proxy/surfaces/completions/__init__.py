"""`POST /completions`: text that a model goes on with.

Wire: `prompt` is a text, a list of texts, or token ids, which nobody here can read; answers have `text` where
chat has a message. The constitution goes in front of every prompt that is text, unless the prompt is to be
echoed.
"""
