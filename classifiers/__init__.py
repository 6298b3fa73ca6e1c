"""Classifiers measure: text in, calibrated scores and spans out.

A classifier has no opinion. It reads a normalised copy of a text in overlapping token windows and
returns a `Classification`: for every label a calibrated score, with the model's digest, how many
windows were read and how much of the text they covered. What a score means is decided in
`policies`; what happens then is done in `proxy`.

Words: a *turn* is one text with a role and an *origin* (who put it there); a *conversation* is the
plain-text view of a request used for judging; a part that cannot be read is *uncovered*.
`classifiers.training` stands beside this room and is never imported by serving.
"""
