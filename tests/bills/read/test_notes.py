"""Notes of an import: kinds are added up, the first lines are named, and all of it is bounded."""

from __future__ import annotations

from costoptix.bills.read.notes import MOST_CHARACTERS, MOST_NOTES, Notes, Place

TAGS = "Tags of {rows} could not be read: {lines}."


def test_rows_of_a_kind_are_one_note_with_its_first_lines() -> None:
    notes = Notes()
    notes.add("tags", TAGS, rows=2, places=[Place(7), Place(9)])
    notes.add("tags", TAGS, rows=1_010, places=[Place(1012, "b.csv"), Place(1013, "b.csv")])
    assert notes.sentences() == (
        "Tags of 1,012 rows could not be read: line 7, line 9, line 1,012 of b.csv and 1,009 more.",
    )


def test_one_row_is_said_as_one() -> None:
    notes = Notes()
    notes.add("tags", TAGS, rows=1, places=[Place(7)])
    assert notes.sentences() == ("Tags of 1 row could not be read: line 7.",)


def test_a_sentence_without_places_stands_as_it_is() -> None:
    notes = Notes()
    notes.add("archive", "The zip also holds {value}, which is no bill.", value="{rows}.txt")
    assert notes.sentences() == ("The zip also holds {rows}.txt, which is no bill.",)


def test_a_note_is_one_line_whatever_a_file_says() -> None:
    notes = Notes()
    notes.add(
        "words", "{value} on {lines}.", rows=1, value="a\nb\x1b[31m", places=[Place(2, "c\td")]
    )
    assert notes.sentences() == ("a b [31m on line 2 of c d.",)


def test_values_of_a_kind_are_notes_of_their_own() -> None:
    notes = Notes()
    for value in ("Foo", "Bar", "Foo"):
        notes.add("words", "{rows} with {value}.", rows=1, value=value)
    assert notes.sentences() == ("2 rows with Foo.", "1 row with Bar.")


def test_no_more_places_are_asked_for_than_are_named() -> None:
    notes = Notes()
    assert notes.lacks_places("tags") == 3
    notes.add("tags", TAGS, rows=5, places=[Place(number) for number in range(2)])
    assert notes.lacks_places("tags") == 1


def test_what_a_file_can_say_is_bounded() -> None:
    notes = Notes()
    for number in range(10 * MOST_NOTES):
        notes.add("words", "{value}" * 50, rows=1, value=f"{number}" * 10_000)
    sentences = notes.sentences()
    assert len(sentences) == MOST_NOTES + 1
    assert max(map(len, sentences)) <= MOST_CHARACTERS + 1
    assert notes.lacks_places("words", "another") == 0
