"""Routes that are relayed byte for byte: embeddings, audio and images.

No constitution can lead them and no answer of theirs can be revised. What a request says in text is judged
as what a user says, and the text of an answer as an answer; media that no guard reads are listed as
uncovered, on either side. A blocked request is an error: no message is there to hold a canned text.
"""
