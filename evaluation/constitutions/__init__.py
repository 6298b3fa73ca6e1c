"""Does a constitution matter? Its examples, its bite, and what changes from one version to the next.

`judging` asks a critic about one exchange as the proxy does, and reads the answer as strictly. The critic
is a function from a prompt to an answer: `obedient` is a scripted one that obeys the text of the clauses
it is shown, `live` asks a model. `examples` runs a constitution's own tests, `bite` turns every clause
round and takes it out, `borderline` holds a frozen corpus, `flips` compares two constitutions on it,
`tones` looks whether modes change form only.
"""
