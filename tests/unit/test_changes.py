"""What differs between two proofs is told by headline and by line, and a new headline makes no new story."""

from dataclasses import replace

from newsletter.edition import CompiledIssue, CompiledStory, Filling, Part, Piece, mark
from newsletter.mailing.changes import content_changes, same_stories
from tests.builders import SOURCE, a_compiled_issue, a_letterhead

LONG = "The city commits two billion yuan to a grid that suppliers of the region are to build and to run."


def an_issue(stories: dict[str, tuple[str, str]], *, source: str = SOURCE) -> CompiledIssue:
    """By id: headline and text."""
    number = mark(source, Part.TEXT, Filling.NUMBER)
    return a_compiled_issue(
        source=source,
        stories=tuple(CompiledStory(id_, headline, 0, (), False) for id_, (headline, _) in stories.items()),
        html=tuple(Piece(f"<p>{headline}</p>{text}", 0, id_) for id_, (headline, text) in stories.items()),
        text=tuple(Piece(f"{number}. {headline}\n{text}\n", 0, id_) for id_, (headline, text) in stories.items()),
    )


def test_the_same_issue_has_no_changes_though_its_source_hash_is_another() -> None:
    one, other = (an_issue({"grid": ("A grid", LONG)}, source=source) for source in (SOURCE, "9876543210"))
    assert not content_changes(one, other)


def test_stories_are_told_as_added_taken_out_and_changed() -> None:
    then = an_issue({"grid": ("A grid", LONG), "chips": ("Chips", "九款芯片获准使用。"), "same": ("Same", "Same.")})
    now = an_issue({"grid": ("A grid", LONG + " Soon."), "same": ("Same", "Same."), "cash": ("Cash", "Banks, pay!")})

    found = content_changes(then, now)

    assert (found.added, found.removed) == (("Cash",), ("Chips",))
    assert found.changed == (("A grid", "A grid"),)
    assert [(line.mark, line.text) for line in found.lines if line.mark in "+-" and "Soon" in line.text] == [
        ("+", LONG + " Soon.")
    ]


def test_a_new_headline_over_the_same_text_is_the_same_story() -> None:
    then, now = an_issue({"grid": ("A grid is paid", LONG)}), an_issue({"grid-2": ("Money for a grid", LONG)})

    assert same_stories(then, now) == {"grid-2": "grid"}
    assert content_changes(then, now).changed == (("Money for a grid", "A grid is paid"),)
    assert content_changes(then, now).added == ()


def test_subject_and_sender_are_told_as_a_reader_sees_them() -> None:
    then = a_compiled_issue()
    now = replace(then, subject="New: {{ lead_headline }}", letterhead=a_letterhead(reply_to="mei@example.com"))

    assert content_changes(then, now).heads == (
        ("Subject", "Harbour: Harbour City funds a computing grid", "New: Harbour City funds a computing grid"),
        ("Answers go to", "advisers@example.com", "mei@example.com"),
    )
