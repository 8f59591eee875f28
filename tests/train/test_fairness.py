"""The audit by groups of people: what is called a difference, how sure it is, and what the page says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edge.config import SHIPPED_MODELS, VisionConfig
from edge.errors import CheckFailed, InputError
from edge.replay.drawn import draw_head
from train.cli import group
from train.fairness import differences, pages, subjects
from train.fairness import limits as fairness_limits
from train.fairness.limits import Limit, Limits

LIMITS = Limits(least_pictures=100, points={"face_found": Limit(limit=5.0, reason="for the test")})


def judged(**groups: tuple[int, int]) -> differences.Finding:
    """Groups of adults by how many pictures each has, and of how many of them something is said."""
    said = np.concatenate([np.arange(count) < yes for count, yes in groups.values()]).astype(float)
    names = np.repeat(list(groups), [count for count, _ in groups.values()])
    people = {"age": np.full(len(said), "30-39"), "race": names}
    (finding,) = differences.judge("face_found", said, people, LIMITS)
    return finding


def test_groups_that_lie_near_each_other_are_within_the_limit() -> None:
    finding = judged(a=(1000, 950), b=(1000, 930))
    assert finding.verdict == "within"
    assert finding.difference == pytest.approx(0.02)


def test_a_large_difference_between_large_groups_is_not_within() -> None:
    finding = judged(a=(1000, 950), b=(1000, 850), c=(1000, 940))
    assert finding.verdict == "not within"
    assert (finding.most.name, finding.least.name) == ("a", "b")
    assert finding.low > 0.05


def test_a_difference_that_chance_could_make_of_groups_so_small_is_no_verdict() -> None:
    finding = judged(a=(110, 100), b=(110, 94))
    assert finding.difference > finding.limit
    assert finding.verdict == "too few to tell"


def test_a_group_of_a_few_pictures_is_listed_and_not_judged() -> None:
    finding = judged(a=(1000, 950), b=(1000, 950), few=(20, 2))
    assert finding.verdict == "within"
    assert [group.name for group in finding.groups[finding.judged :]] == ["few"]


def test_the_young_are_listed_and_not_judged_and_the_old_are_judged_together() -> None:
    ages = np.repeat(["3-9", "20-29", "60-69", "more than 70"], [200, 200, 90, 40])
    said = np.where(ages == "3-9", 0.0, 1.0)
    (finding,) = differences.judge("face_found", said, {"age": ages}, LIMITS)
    assert [(group.name, group.pictures) for group in finding.groups] == [
        ("20-29", 200),
        ("60 and over", 130),
        ("60-69", 90),
        ("more than 70", 40),
        ("3-9", 200),
    ]
    assert finding.judged == 2
    assert finding.verdict == "within"


def test_pictures_in_which_nothing_could_be_asked_count_nowhere() -> None:
    ages = np.repeat(["20-29", "30-39"], 300)
    said = np.where(np.arange(600) % 2, np.nan, 1.0)
    (finding,) = differences.judge("face_found", said, {"age": ages}, LIMITS)
    assert [group.pictures for group in finding.groups] == [150, 150]


def test_intervals_are_wilsons_and_newcombes() -> None:
    """Newcombe 1998, table II, example (a): 56 of 70 against 48 of 80, method 10."""
    one = differences.Group("one", 70, 56 / 70, *differences.wilson(70, 56 / 70))
    other = differences.Group("other", 80, 48 / 80, *differences.wilson(80, 48 / 80))
    assert differences.newcombe(one, other) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_what_chance_alone_makes_shrinks_with_the_groups_size() -> None:
    random = np.random.default_rng(0)
    small, large = np.repeat(["a", "b"], 50), np.repeat(["a", "b"], 5000)
    few = differences.by_chance(np.arange(100) % 10 == 0, small, random)
    many = differences.by_chance(np.arange(10_000) % 10 == 0, large, random)
    assert few > 0.1
    assert many < 0.02


def test_every_measure_has_a_limit_with_its_reason_and_words_on_the_page() -> None:
    measures = tuple(name for names in subjects.MEASURES.values() for name in names)
    limits = fairness_limits.read_limits(measures=measures)
    assert set(limits.points) == set(measures) == set(pages.ASKED)
    assert set(pages.WHAT_IT_SAYS) == set(subjects.MEASURES)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("least_pictures: 0\npoints: {}", "at least_pictures"),
        ("least_pictures: 10\npoints: {face_found: {limit: 2}}", "at points.face_found.reason"),
        ("least_pictures: [", "not readable as YAML"),
        ("least_pictures: 10\npoints: {}", "there is no limit for face_found"),
    ],
)
def test_limits_that_do_not_fit_are_one_sentence(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=part):
        fairness_limits.read_limits(path, measures=("face_found",))


def test_the_page_says_the_verdict_first_and_what_cannot_be_concluded() -> None:
    finding = judged(a=(1000, 950), b=(1000, 850))
    page = pages.page("emotion", [finding], LIMITS, 2000)
    assert page.splitlines()[2] == "**Not within**: face found by race."
    assert "FairFace has no emotion labels" in page
    assert "| b | 85.0% (82.7% to 87.1%) of 1000 |" in page
    assert "| face found | race | a | b | 10.0 (7.4 to 12.6) | " in page
    assert "face found, 5 points: for the test." in page


def test_a_picture_is_seen_as_if_it_were_the_first() -> None:
    face, nobody = draw_head(is_closed=False), np.full((128, 128), 90, np.uint8)
    shut = draw_head(is_closed=True)
    alone = [next(subjects.see_each([picture], VisionConfig())) for picture in (face, nobody, shut)]
    together = list(subjects.see_each([face, nobody, shut], VisionConfig()))
    assert [seen.face for seen in together] == [seen.face for seen in alone]
    assert [seen.eyes for seen in together] == [seen.eyes for seen in alone]
    assert [seen.emotion for seen in together] == [seen.emotion for seen in alone]
    assert [seen.face is None for seen in alone] == [False, True, False]


def test_a_picture_stands_whole_in_the_middle_of_its_frame() -> None:
    picture = np.arange(128 * 128, dtype=np.uint32).reshape(128, 128).astype(np.uint8)
    frame = subjects.framed(picture)
    assert frame.shape == (179, 239)
    assert np.array_equal(frame[25:153, 55:183], picture)


def test_most_faces_of_the_set_are_found_in_their_frames(data: Path) -> None:
    """One picture in a hundred of those that the audit sees."""
    pictures = subjects.faces.read(data, (subjects.SET,)).images[::100]
    seen = list(subjects.see_each(pictures, VisionConfig()))
    assert sum(one.face is not None for one in seen) >= 44


@pytest.mark.parametrize(("found", "broken"), [(950, False), (850, True)])
def test_a_broken_limit_is_exit_code_1_after_the_page_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: int, broken: bool
) -> None:
    said = np.concatenate([np.arange(1000) < 950, np.arange(1000) < found]).astype(float)
    people = {"age": np.full(2000, "30-39"), "gender": np.repeat(["Female", "Male"], 1000)}
    monkeypatch.setattr(subjects, "facts", lambda *_: subjects.Facts({"face_found": said}, people))
    arguments = ["audit", "face", str(SHIPPED_MODELS / "face.tflite"), "--data", str(tmp_path), "--groups-only"]
    done = CliRunner().invoke(group, [*arguments, "--output", str(tmp_path / "page.md")])
    page = (tmp_path / "page.md").read_text()
    if broken:
        assert isinstance(done.exception, CheckFailed)
        assert done.exception.exit_code == 1
        assert "**Not within**: face found by gender." in page
    else:
        assert done.exit_code == 0, done.output
        assert "**Within**: face found by gender." in page
