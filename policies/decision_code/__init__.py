"""Code that decides about people: found in replies, read and never run.

A reply may hold Python that scores, selects or prices people. Its syntax tree is followed from personal
attributes (by the names that programs give them, `lexicon`) through variables, containers, branches,
functions and classes (`expressions`, `statements`, `calls`, `program`) to a result about somebody
(`vocabulary`). What arrives there is evidence for a critic: a line of the reply, word for word, and the way
it took. Code that measures how groups fare, leaves attributes out, or uses them where they have their place
is none.
"""

from policies.decision_code.evidence import CodeFinding, Examination, evidence_of, examine
from policies.decision_code.lexicon import Lexicon, shipped_lexicon

__all__ = ["CodeFinding", "Examination", "Lexicon", "evidence_of", "examine", "shipped_lexicon"]
