"""Where a network gives places, int8 may move them by little, and may not lose a face."""

from __future__ import annotations

import numpy as np
import pytest

from convert.points import PointLimits, compare_points, failures, summary
from edge.errors import InputError

PICTURES = 200


def _answers() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    points = random.normal(0, 0.2, (PICTURES, 63, 2)).astype(np.float32)
    presence = np.where(np.arange(PICTURES) < 150, 4.0, -4.0).astype(np.float32)
    return {
        "float_points": points,
        "int8_points": points + np.float32(0.001),
        "float_presence": presence,
        "int8_presence": presence.copy(),
        "eye_distance": np.full(PICTURES, 0.3, np.float32),
    }


def test_a_model_that_answers_alike_may_ship() -> None:
    found = compare_points(**_answers())
    assert found.mean == pytest.approx(0.001 * np.sqrt(2) / 0.3, rel=1e-3)
    assert failures(found, PointLimits()) == []
    assert summary(found)["agreement"] == 1.0


def test_points_that_move_are_refused_with_both_numbers() -> None:
    answers = _answers()
    answers["int8_points"] += np.float32(0.01)
    (first, *_) = failures(compare_points(**answers), PointLimits())
    assert "5.19% of the eye distance, at most 1.50%" in first


def test_faces_that_int8_loses_are_refused() -> None:
    answers = _answers()
    answers["int8_presence"][:20] = -1
    assert any("agreement on presence 90.00%" in each for each in failures(compare_points(**answers), PointLimits()))


def test_one_picture_far_off_is_found_and_named() -> None:
    answers = _answers()
    answers["int8_points"][7] += np.float32(0.5)
    assert compare_points(**answers).worst[0]["picture"] == 7


def test_a_model_that_sees_no_face_proves_nothing() -> None:
    answers = _answers()
    answers["float_presence"][:] = -4
    with pytest.raises(InputError, match="no held-out picture"):
        compare_points(**answers)


@pytest.mark.parametrize("part", ["int8_points", "int8_presence"])
def test_answers_that_are_no_numbers_are_refused(part: str) -> None:
    """As of float16 that overflows: nan is over no limit, so the comparison itself would pass it."""
    answers = _answers()
    answers[part][7] = np.nan
    with pytest.raises(InputError, match="converted model's points are not finite"):
        compare_points(**answers)
