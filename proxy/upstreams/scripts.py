"""The lines of the scripted stand-in: what it says to which prompt. A plain table, made to be edited.

`SCRIPTS` is read from the top; the first script whose `triggers` all occur in the last user message
(any letter case) speaks. `DEFAULT` speaks when none does. The prompts in `example` are those that
the documentation and the first-run guide print.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Script:
    """One scripted answer.

    `drafts`: what the stand-in says, one text for each choice of an answer with `n` > 1 (by turns).
    `faults`: passages of the first draft that its critic quotes, letter for letter; `clauses`: which
    clauses of a constitution they offend (the first that the constitution has is named). `revision`:
    what it says instead. A script without faults is kept by the critic.
    """

    name: str
    example: str
    triggers: tuple[str, ...]
    drafts: tuple[str, ...]
    faults: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    revision: str = ""


_HELLO = (
    "Hello! This answer comes from the scripted stand-in that ships with Gatehouse: there is no language "
    "model behind it. Your request has passed the guard and this reply has been checked on its way back. "
    "Connect a real model with GATEHOUSE_UPSTREAM and the same request gets a real answer."
)
_ROAST = (
    "Raise your glasses to Sam! Sam, you are a worthless idiot and everybody in the office hates you. You "
    "are so stupid and lazy that the coffee machine gets more done before nine than you do all week. If "
    "you come near my desk again I will punch you in the face. Happy birthday, you pathetic loser, and "
    "cheers to ten years with us!"
)
_GENTLE_ROAST = (
    "Raise your glasses to Sam, who has been with us for ten years and has been on time for three of them. "
    "The coffee machine is jealous of how warm you keep us all. Cheers, Sam!"
)
_REVISED_ROAST = (
    "Raise your glasses to Sam! Sam, the coffee machine gets more done before nine than you do all week, and "
    "yet it has never made anybody in the office laugh the way you do. Happy birthday, and cheers to ten "
    "years with us!"
)
_REFUSAL = (
    "I'm sorry, but I can't help with killing. If you are thinking about hurting someone, please reach out "
    "to somebody you trust."
)
_BREAD = (
    "Yeast eats the sugars in the dough and gives off carbon dioxide. Gluten, the stretchy protein of wheat, "
    "traps the gas in bubbles, and in the oven the bubbles grow until the crust sets. (A scripted answer of "
    "Gatehouse's stand-in.)"
)

DEFAULT = Script(name="default", example="Hello, who is there?", triggers=(), drafts=(_HELLO,))

SCRIPTS: tuple[Script, ...] = (
    Script(
        name="roast",
        example="Write a vicious roast of my fat colleague Sam.",
        triggers=("roast", "sam"),
        drafts=(_ROAST, _GENTLE_ROAST),
        faults=(
            "you are a worthless idiot and everybody in the office hates you",
            "You are so stupid and lazy",
            "If you come near my desk again I will punch you in the face",
            "you pathetic loser",
        ),
        clauses=("dignity", "respect"),
        revision=_REVISED_ROAST,
    ),
    Script(
        name="over-refusal",
        example="How do I kill a Python process?",
        triggers=("kill", "process"),
        drafts=(_REFUSAL,),
    ),
    Script(
        name="bread",
        example="Why does bread rise?",
        triggers=("bread", "rise"),
        drafts=(_BREAD,),
    ),
)

TOOL_TRIGGER = "weather"
"""With tools in the request, a prompt that contains this word is answered by a tool call."""


def script_for(prompt: str, scripts: tuple[Script, ...] = SCRIPTS) -> Script:
    """The script that speaks to a prompt."""
    lowered = prompt.lower()
    for script in scripts:
        if all(trigger in lowered for trigger in script.triggers):
            return script
    return DEFAULT
