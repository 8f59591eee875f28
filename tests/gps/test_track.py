from __future__ import annotations

from functools import reduce
from operator import xor
from pathlib import Path

import pytest

from edge.errors import InputError
from edge.gps.track import Track, read_track

LATITUDE = 45 + 30.102 / 60
LONGITUDE = -(73 + 34.038 / 60)


def sentence(body: str) -> str:
    return f"${body}*{reduce(xor, body.encode(), 0):02X}"


def rmc(clock: str, knots: str = "21.8", status: str = "A", place: str = "4530.102,N,07334.038,W") -> str:
    return sentence(f"GPRMC,{clock},{status},{place},{knots},84.4,201126,,,A")


def gga(clock: str, quality: int = 1, satellites: str = "08", place: str = "4530.102,N,07334.038,W") -> str:
    return sentence(f"GNGGA,{clock},{place},{quality},{satellites},1.0,35.0,M,-33.0,M,,")


def gsa(mode: int) -> str:
    return sentence(f"GNGSA,A,{mode},04,05,,09,12,,,24,,,,,2.5,1.3,2.1")


@pytest.fixture
def track(tmp_path: Path):
    def make(*lines: str) -> Track:
        path = tmp_path / "track.nmea"
        path.write_text("\r\n".join(lines) + "\r\n", encoding="latin-1")
        return read_track(path)

    return make


def test_place_and_speed_are_degrees_and_metres_per_second(track):
    position = track(rmc("071200.00"), gga("071200.00")).position_at(0.0)
    assert position.latitude == pytest.approx(LATITUDE)
    assert position.longitude == pytest.approx(LONGITUDE)
    assert position.speed == pytest.approx(11.215, abs=0.001)  # 21.8 knots
    assert position.age == 0.0


def test_the_last_fix_before_the_moment_is_used_and_its_age_told(track):
    drive = track(rmc("071200.00"), rmc("071201.00", place="4531.000,N,07334.038,W"))
    assert drive.position_at(0.9).latitude == pytest.approx(LATITUDE)
    assert drive.position_at(0.9).age == pytest.approx(0.9)
    assert drive.position_at(1.4).latitude == pytest.approx(45 + 31 / 60)


def test_a_receiver_that_had_no_fix_at_first_began_with_the_recording(track):
    waits = [rmc(f"0712{second:02}.00", status="V", place=",,,", knots="") for second in range(30)]
    drive = track(*waits, rmc("071230.00"))
    assert drive.position_at(29.9) is None
    assert drive.position_at(30.0).age == 0.0


def test_a_clock_that_is_set_while_there_is_no_fix_shifts_nothing(track):
    waits = [rmc(f"0000{second:02}.00", status="V", place=",,,", knots="") for second in range(5)]
    drive = track(*waits, rmc("235958.00", status="V", place=",,,", knots=""), rmc("000001.00"))
    assert drive.position_at(7.9) is None
    assert drive.position_at(8.0).age == 0.0


def test_there_is_no_position_before_the_first_fix(track):
    assert track(rmc("071200.00")).position_at(-0.1) is None


def test_a_fix_older_than_five_seconds_is_no_position(track):
    drive = track(rmc("071200.00"))
    assert drive.position_at(5.0) is not None
    assert drive.position_at(5.1) is None


def test_a_receiver_without_a_fix_gives_no_position(track):
    lost = track(rmc("071200.00", status="V", place=",,,", knots=""), gga("071201.00", quality=0, place=",,,"))
    assert lost.fixes == ()
    assert lost.position_at(0.0) is None
    assert lost.damaged == 0


def test_a_receiver_that_does_not_know_the_time_yet_is_no_error(track):
    assert track(sentence("GPRMC,,V,,,,,,,,,,N"), sentence("GPGGA,,,,,,0,00,99.99,,,,,,")).damaged == 0


def test_one_sentence_without_a_fix_outweighs_one_with_it(track):
    assert track(rmc("071200.00", status="V"), gga("071200.00")).fixes == ()


@pytest.mark.parametrize(("mode", "kind"), [(2, "2d"), (3, "3d")])
@pytest.mark.parametrize("first", [True, False])
def test_gsa_tells_the_kind_of_fix_wherever_it_stands(track, mode, kind, first):
    lines = [gga("071200.00"), gsa(mode), rmc("071200.00")] if first else [rmc("071200.00"), gsa(mode)]
    assert track(*lines).position_at(0.0).fix == kind


@pytest.mark.parametrize(("satellites", "kind"), [("03", "2d"), ("04", "3d")])
def test_without_gsa_four_satellites_make_a_fix_of_three_dimensions(track, satellites, kind):
    assert track(gga("071200.00", satellites=satellites)).position_at(0.0).fix == kind


def test_gga_alone_gives_a_place_without_speed(track):
    position = track(gga("071200.00")).position_at(0.0)
    assert position.latitude == pytest.approx(LATITUDE)
    assert position.speed is None


def test_south_and_east_have_their_signs(track):
    position = track(rmc("071200.00", place="3352.000,S,15112.000,E")).position_at(0.0)
    assert position.latitude == pytest.approx(-(33 + 52 / 60))
    assert position.longitude == pytest.approx(151.2)


def test_time_goes_on_over_midnight(track):
    night = track(rmc("235959.00"), rmc("000000.00"), rmc("000001.00"))
    assert [fix.time for fix in night.fixes] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "damaged",
    [
        rmc("071201.00").replace("A,45", "A,46"),
        rmc("071201.00")[:-9],
        rmc("071201.00").partition("*")[0],
        "garbage ÿþ",
        sentence("GPRMC"),
        rmc("071201.00", place="9130.102,N,07334.038,W"),
        rmc("071201.00", place="4530.102,,07334.038,W"),
        rmc("071201.00", place="4590.102,N,07334.038,W"),
        rmc("071201.00", knots="nan"),
        rmc("071159.00"),
    ],
    ids=["bit", "cut", "no sum", "garbage", "empty", "range", "no side", "minutes", "speed", "backwards"],
)
def test_a_damaged_sentence_is_left_out_and_counted(track, damaged):
    drive = track(rmc("071200.00"), damaged, rmc("071202.00"))
    assert [fix.time for fix in drive.fixes] == [0.0, 2.0]
    assert drive.damaged == 1


def test_other_sentences_are_passed_over(track):
    drive = track(sentence("GPGSV,3,1,11,03,03,111,00"), sentence("GPTXT,01,01,02,ANTSTATUS=OK"), rmc("071200.00"))
    assert len(drive.fixes) == 1
    assert drive.damaged == 0


def test_a_missing_track_is_told_with_its_name(tmp_path):
    with pytest.raises(InputError, match="no-such"):
        read_track(tmp_path / "no-such.nmea")
