"""Drafts assemble what arrives, choice by choice and field by field."""

from __future__ import annotations

from dataclasses import replace

from classifiers.classification import Conversation, Uncovered
from policies.policy import Policy
from proxy.exchange.exchange import ChoiceDraft, Delta, Draft, Piece, Usage
from proxy.testing import closing_deltas, plain_bundle, plain_exchange, text_delta


def test_a_draft_keeps_interleaved_choices_apart() -> None:
    draft = Draft()
    for delta in (text_delta("a", 0), text_delta("x", 1), text_delta("b", 0), *closing_deltas(1)):
        draft.add(delta)
    assert draft.choices[0].content == "ab"
    assert draft.choices[1].content == "x"
    assert draft.choices[1].finish == "stop"
    assert draft.complete


def test_a_cut_off_draft_is_not_complete() -> None:
    draft = Draft()
    draft.add(text_delta("half"))
    assert not draft.complete


def test_every_readable_field_is_judged_and_only_visible_text_is_shown() -> None:
    draft = Draft()
    fields = ("content", "reasoning", "refusal", "tool_call", "audio_transcript", "other")
    draft.add(Delta(b"", "chunk", tuple(Piece(0, name, f"<{name}>") for name in fields)))  # type: ignore[arg-type]
    choice = draft.choices[0]
    assert all(f"<{name}>" in choice.judged_text() for name in fields)
    assert choice.visible_text() == "<content>"
    assert ChoiceDraft(refusal="no").visible_text() == "no"


def test_usage_is_the_last_one_told() -> None:
    draft = Draft()
    draft.add(Delta(b"", "usage", usage=Usage(1, 2)))
    draft.add(Delta(b"", "done"))
    assert draft.usage == Usage(1, 2)


def test_lanes_of_a_field_are_put_together_by_themselves() -> None:
    choice = ChoiceDraft()
    for lane, text in (("", "a"), ("x", "b"), ("y", "c"), ("x", "d"), ("y", "e")):
        choice.add(Piece(0, "other", text, lane))
    assert choice.other == "a\nbd\nce"


def test_coverage_is_the_share_of_parts_that_guards_can_read() -> None:
    bundle = plain_bundle(Policy("p", "1", ()))
    unread = Conversation((), (Uncovered("image", "a"),))
    assert plain_exchange(bundle, conversation=unread, parts=4).coverage == 0.75
    assert plain_exchange(bundle, conversation=unread, parts=1).coverage == 0.0
    assert plain_exchange(bundle, parts=0).coverage == 1.0


GERMAN = "Wie kann ich das machen und ist es schwer?"


def test_what_gatehouse_says_is_in_the_language_of_the_client_s_words_where_no_header_named_one() -> None:
    """It is guessed once, among the languages that something can be said in."""
    bundle = plain_bundle(Policy("p", "1", ()))
    german = replace(bundle, replies=replace(bundle.replies, texts={"en": {}, "de": {}}))
    asked = plain_exchange(german, text=GERMAN, language_known=False)
    assert (asked.reply_language(), asked.language, asked.language_known) == ("de", "de", True)
    assert plain_exchange(bundle, text=GERMAN, language_known=False).reply_language() == "en"
    assert plain_exchange(german, text=GERMAN, language="fr").reply_language() == "fr"


def test_a_delta_of_one_choice_keeps_all_that_is_told_of_it() -> None:
    pieces = (Piece(0, "content", "Mine."), Piece(1, "content", "Another's."))
    whole = Delta(
        b"a", "body", pieces, ((0, "stop"), (1, "length")), Usage(1, 2), {}, ((0, "audio"), (1, "file"))
    )
    one = Delta(b"b", "body", pieces[:1], ((0, "stop"),), Usage(1, 2), {"b": 1}, ((0, "audio"),))
    assert whole.of_choice(0, b"b", {"b": 1}) == one
