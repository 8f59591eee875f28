"""The parts of the outbox by themselves: what must go to make room, what a row is sealed with, what rows can tell."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kept import event, sequences
from sample_events import EVENT

from edge.delivery.command import Refusal, Request, refuse
from edge.delivery.message import decode, encode
from edge.delivery.outbox import Outbox
from edge.delivery.outbox_rows import GAPS_KEPT, Reading, Rows
from edge.delivery.outbox_seal import Row, Seal, UnreadableError
from edge.delivery.outbox_stock import Room, Stock, victims

KEY, OTHER = bytes(range(32)), bytes(32)


def row(sequence: int, level: int = 1, put: int = 1_800_000_000, size: int = 10) -> Row:
    return Row(sequence, level, put, b"n" * 12, b"b" * size)


def stocked(*rows: Row) -> tuple[Stock, Callable[[int], list[Row]]]:
    stock = Stock()
    for one in rows:
        stock = stock.plus(one)
    return stock, lambda level: [one for one in rows if one.level == level]


def gone(room: Room, held: list[Row], newcomer: Row) -> list[int]:
    stock, oldest_of = stocked(*held)
    return [one.sequence for one in victims(stock, room, oldest_of, newcomer)]


HELD = [row(1, 2), row(2, 0), row(3, 1), row(4, 0), row(5, 1)]


def test_stock_counts_what_comes_and_goes() -> None:
    stock, _ = stocked(row(1, 0, size=7), row(2, 2, size=5), row(3, 2, size=4))
    assert (stock.sums, stock.number, stock.bytes, stock.dropped) == ({0: (1, 7), 2: (2, 9)}, 3, 16, 0)
    left = stock.minus([(2, 5)], dropped=1).minus([(0, 7)], dropped=2).minus([(2, 4)])
    assert (left.number, left.bytes, left.dropped) == (0, 0, 3)
    assert stock.number == 3


def test_there_is_room_up_to_the_very_bounds() -> None:
    stock, _ = stocked(row(1), row(2))
    assert stock.fits(Room(2, 20))
    assert not stock.fits(Room(1, 20))
    assert not stock.fits(Room(2, 19))


def test_the_oldest_of_the_lowest_level_goes_first_and_no_more_than_must() -> None:
    assert gone(Room(6, 1000), HELD, row(6, 2)) == []
    assert gone(Room(5, 1000), HELD, row(6, 2)) == [2]
    assert gone(Room(3, 1000), HELD, row(6, 2)) == [2, 4, 3]
    assert gone(Room(1, 1000), HELD, row(6, 2)) == [2, 4, 3, 5, 1]


def test_nothing_higher_goes_for_a_lesser_newcomer() -> None:
    assert gone(Room(2, 1000), HELD, row(6, 0)) == [2, 4]
    assert gone(Room(2, 1000), HELD, row(6, 1)) == [2, 4, 3, 5]


def test_what_is_large_takes_as_many_as_it_needs() -> None:
    assert gone(Room(100, 60), HELD, row(6, 2, size=10)) == []
    assert gone(Room(100, 60), HELD, row(6, 2, size=11)) == [2]
    assert gone(Room(100, 60), HELD, row(6, 2, size=25)) == [2, 4]


def test_a_row_opens_as_it_was_sealed_and_has_a_nonce_of_96_bits_that_is_its_own() -> None:
    seal = Seal(KEY)
    one, again = seal.close(7, 2, 1_800_000_000, b"content"), seal.close(7, 2, 1_800_000_000, b"content")
    assert (one.sequence, one.level, one.put, seal.open(one)) == (7, 2, 1_800_000_000, b"content")
    assert len(one.nonce) == len(again.nonce) == 12
    assert one.nonce != again.nonce
    assert one.body != again.body


@pytest.mark.parametrize(
    "change", [{"sequence": 8}, {"level": 1}, {"put": 1}, {"nonce": b"x" * 12}, {"body": b"x" * 30}, {"body": None}]
)
def test_nothing_of_a_row_can_be_changed(change: dict[str, object]) -> None:
    sealed = Seal(KEY).close(7, 2, 1_800_000_000, b"content")
    with pytest.raises(UnreadableError):
        Seal(KEY).open(dataclasses.replace(sealed, **change))
    with pytest.raises(UnreadableError):
        Seal(OTHER).open(sealed)


def test_a_proof_is_of_one_key_and_nothing_else_is_one() -> None:
    seal = Seal(KEY)
    proof = seal.proof()
    assert seal.proves(proof)
    assert seal.proof() != proof
    assert not Seal(OTHER).proves(proof)
    for wrong in (None, "text", b"", b"short", proof[:-1], bytes(len(proof))):
        assert not seal.proves(wrong)


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    rows = Rows(tmp_path / "outbox.db")
    yield rows
    rows.close()


def test_rows_come_oldest_first_behind_a_number_and_up_to_a_limit(rows: Rows) -> None:
    for number in (3, 1, 4, 2):
        rows.add(row(number))
    assert [one.sequence for one in rows.after(0, 10)] == [1, 2, 3, 4]
    assert [one.sequence for one in rows.after(1, 2)] == [2, 3]
    assert rows.after(4, 10) == []
    assert rows.after(0, 1) == [row(1)]


def test_rows_are_found_by_level_and_by_when_they_were_put(rows: Rows) -> None:
    for one in (row(1, 2, 100), row(2, 0, 300), row(3, 0, 200), row(4, 1, 400)):
        rows.add(one)
    assert [one.sequence for one in rows.oldest_of(0, 10)] == [2, 3]
    assert [one.sequence for one in rows.oldest_of(0, 1)] == [2]
    assert [one.sequence for one in rows.put_between(200, 400, 10)] == [3, 2, 4]
    assert [one.sequence for one in rows.put_between(100, 399, 2)] == [1, 3]


def test_what_was_deleted_is_told_and_its_number_is_never_given_again(rows: Rows) -> None:
    assert (rows.last_sequence(), rows.sums()) == (0, {})
    for one in (row(1, 2, size=5), row(2, 0, size=7)):
        rows.add(one)
    assert rows.sums() == {2: (1, 5), 0: (1, 7)}
    assert rows.delete([2, 9]) == [(0, 7)]
    assert (rows.last_sequence(), rows.sums()) == (2, {2: (1, 5)})


def test_a_fact_is_what_was_last_set(rows: Rows) -> None:
    assert rows.fact("dropped") is None
    rows.set_fact("dropped", 1)
    rows.set_fact("dropped", 2)
    assert rows.fact("dropped") == 2


def test_neighbours_become_one_gap_and_the_last_hundred_are_kept(rows: Rows) -> None:
    for session, sequence in ((1, 5), (1, 6), (1, 8), (2, 9), (2, 10)):
        rows.add_gap(session, sequence)
    assert rows.gaps() == [(1, 5, 6), (1, 8, 8), (2, 9, 10)]
    for sequence in range(100, 100 + 2 * GAPS_KEPT, 2):
        rows.add_gap(3, sequence)
    assert len(rows.gaps()) == GAPS_KEPT
    assert rows.gaps()[0] == (3, 100, 100)


def test_a_change_that_failed_in_the_middle_has_not_been(rows: Rows, tmp_path: Path) -> None:
    def half() -> None:
        with rows.transaction():
            rows.add(row(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    with rows.transaction(durable=False):
        rows.add(row(2))
    with Reading(tmp_path / "outbox.db") as beside:
        assert [one.sequence for one in beside.after(0, 10)] == [2]


def test_a_refusal_goes_where_the_answer_would_have_gone() -> None:
    asked = Request("status", "a-1", "office/answers", correlation=b"\x07")
    message = refuse(asked, Refusal("not now."))
    assert (message.topic, message.correlation, message.qos) == ("office/answers", b"\x07", 0)
    assert message.payload == b'{"id":"a-1","ok":false,"error":"not now."}'


@pytest.mark.parametrize("payload", [b"[]", b"{}", b"null", b'{"position": 1}'])
def test_json_that_is_no_event_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not an event$"):
        decode(payload)


@pytest.mark.parametrize(("known", "unknown"), [(b'"fatigue"', b'"hunger"'), (b'"warning"', b'"whisper"')])
def test_an_event_of_a_signal_or_level_that_nobody_knows_is_refused(known: bytes, unknown: bytes) -> None:
    assert decode(encode(EVENT)) == EVENT
    with pytest.raises(ValueError, match=r"^an event of no known signal or level$"):
        decode(encode(EVENT).replace(known, unknown))


def test_when_no_disk_takes_events_and_memory_is_full_the_oldest_of_the_lowest_level_goes(
    begin: Callable[..., Outbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin().close()
    for file in tmp_path.glob("outbox.db*"):
        file.unlink()
    (tmp_path / "outbox.db").mkdir()
    monkeypatch.setattr("edge.delivery.outbox.SPILL", 4)
    outbox = begin()
    for number, level in enumerate(("critical", "warning", "advisory", "advisory", "warning", "critical"), 1):
        outbox.put(event(number, level))
    assert sequences(outbox) == [1, 2, 5, 6]
    assert (len(outbox), outbox.dropped, outbox.on_disk) == (4, 2, False)
