"""Which of several faces is the driver's, and that he stays himself."""

from __future__ import annotations

from edge.config import SeatRegion
from edge.records import Box, Face
from edge.vision.driver import REMEMBERED_S, Driver

SHAPE = (100, 200)
EVERYWHERE = SeatRegion()
LEFT_HALF = SeatRegion(left=0.0, right=0.5, top=0.0, bottom=1.0)


def face(x: float, y: float, size: float) -> Face:
    return Face(Box(x - size / 2, y - size / 2, size, size), (x - 5, y), (x + 5, y), (x, y + 10), 1.0)


def followed(driver: Face, *others: Face, seat: SeatRegion = EVERYWHERE) -> Driver:
    """A driver who was followed at time 0, beside others who were seen then."""
    memory = Driver(seat)
    memory.follow(driver.box, 0.0)
    assert memory.is_among([driver, *others], SHAPE)
    return memory


def test_the_largest_of_several_faces_is_the_driver() -> None:
    near, far = face(50, 50, 40), face(150, 50, 20)
    assert Driver(EVERYWHERE).candidates([far, near], SHAPE, 0.0) == [near, far]


def test_a_larger_face_outside_the_seat_is_a_passenger() -> None:
    driver, passenger = face(50, 50, 20), face(150, 50, 40)
    assert Driver(LEFT_HALF).candidates([passenger, driver], SHAPE, 0.0) == [driver]


def test_without_a_face_there_is_no_driver() -> None:
    assert Driver(EVERYWHERE).candidates([], SHAPE, 0.0) == []


def test_a_driver_hidden_for_a_moment_is_himself_again_beside_a_larger_face() -> None:
    driver, passenger = face(50, 50, 20), face(150, 50, 40)
    assert followed(driver).candidates([passenger, face(55, 52, 21)], SHAPE, 1.0)[0] == face(55, 52, 21)


def test_a_passenger_does_not_become_the_driver_who_is_hidden() -> None:
    driver, passenger = face(50, 50, 20), face(150, 50, 40)
    memory = followed(driver, passenger)
    assert memory.candidates([passenger], SHAPE, 0.1) == []


def test_a_passenger_who_moves_while_the_driver_is_hidden_is_still_the_passenger() -> None:
    memory = followed(face(50, 50, 20), face(170, 50, 30))
    for step in range(1, 20):
        assert memory.candidates([face(170 - 5 * step, 50, 30)], SHAPE, step / 15) == []


def test_when_the_driver_has_left_for_good_whoever_sits_in_his_seat_is_the_driver() -> None:
    passenger = face(150, 50, 40)
    memory = followed(face(50, 50, 20), passenger)
    assert memory.candidates([passenger], SHAPE, REMEMBERED_S) == [passenger]


def test_a_driver_who_is_alone_may_be_anywhere_at_once() -> None:
    """Nobody else was seen: frames were lost, or he moved while he was hidden."""
    there = face(150, 50, 30)
    assert followed(face(50, 50, 20)).candidates([there], SHAPE, 0.1) == [there]


def test_faces_elsewhere_tell_that_what_is_followed_may_be_none() -> None:
    memory = followed(face(50, 50, 20))
    assert not memory.is_among([face(150, 50, 20)], SHAPE)


def test_a_detector_that_finds_nobody_proves_nothing() -> None:
    assert followed(face(50, 50, 20)).is_among([], SHAPE)


def test_faces_outside_his_seat_prove_nothing_either() -> None:
    memory = Driver(LEFT_HALF)
    memory.follow(face(50, 50, 20).box, 0.0)
    assert memory.is_among([face(150, 50, 20)], SHAPE)
    assert not memory.is_among([face(20, 80, 20), face(150, 50, 20)], SHAPE)


def test_who_is_much_larger_in_the_seat_outgrows_who_is_followed() -> None:
    memory = Driver(LEFT_HALF)
    memory.follow(face(50, 50, 20).box, 0.0)
    assert memory.is_outgrown([face(50, 50, 20), face(80, 50, 31)], SHAPE)
    assert not memory.is_outgrown([face(50, 50, 20), face(80, 50, 29), face(150, 50, 60)], SHAPE)


def test_who_was_forgotten_is_nobody_to_the_next_search() -> None:
    memory = followed(face(50, 50, 20))
    memory.forget()
    assert memory.candidates([face(50, 50, 20), face(150, 50, 40)], SHAPE, 0.1)[0] == face(150, 50, 40)


def test_who_leans_out_of_his_seat_is_followed_a_little_way() -> None:
    memory = Driver(LEFT_HALF)
    assert memory.is_seated(face(105, 50, 20).box, SHAPE, 0.5)
    assert not memory.is_seated(face(115, 50, 20).box, SHAPE, 0.5)
    assert not memory.is_seated(face(105, 50, 20).box, SHAPE)
