"""Float against int8: what is measured, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from convert.compare import Comparison, Limits, Pair, compare, failures, table, unanswered
from edge.errors import InputError

LABELS = ("happy", "neutral", "sad", "surprise")


def answers(*chosen: int, sure: float = 5.0) -> NDArray[np.float32]:
    """Logits that choose these classes, `sure` above the others."""
    return sure * np.eye(len(LABELS), dtype=np.float32)[list(chosen)]


def of(before: list[int], after: list[int], truth: list[int]) -> Comparison:
    return compare(answers(*before), answers(*after), np.array(truth), LABELS)


def spread(share: float, pictures: int = 1000) -> tuple[list[int], list[int]]:
    """Truth of all classes evenly, and answers of which that share of `sad` is called neutral."""
    truth = [number % 4 for number in range(pictures)]
    sad = [number for number, label in enumerate(truth) if label == 2]
    found = list(truth)
    for number in sad[: round(share * len(sad))]:
        found[number] = 1
    return truth, found


def test_agreement_accuracy_and_recall_are_those_counted_by_hand() -> None:
    found = of(before=[0, 1, 2, 3, 1, 2], after=[0, 1, 1, 3, 1, 2], truth=[0, 1, 2, 3, 2, 2])
    assert found.agreement == pytest.approx(5 / 6)
    assert found.accuracy == Pair(pytest.approx(5 / 6), pytest.approx(4 / 6))
    assert found.recall["sad"] == Pair(pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert found.counts == {"happy": 1, "neutral": 1, "sad": 3, "surprise": 1}
    assert found.moved["sad"] == {"happy": 0, "neutral": 1, "sad": 1, "surprise": 0}


def test_the_largest_logit_difference_comes_with_its_picture() -> None:
    after = answers(0, 1, 2, 3)
    after[2, 0] += 1.5
    found = compare(answers(0, 1, 2, 3), after, np.arange(4), LABELS)
    assert found.largest_logit_difference == pytest.approx(1.5)
    assert found.worst[0]["picture"] == 2
    assert found.worst[0]["truth"] == "sad"


def test_equal_models_pass() -> None:
    truth, _ = spread(0)
    assert failures(of(truth, truth, truth), Limits()) == []


def test_a_class_that_loses_a_little_passes_up_to_its_limit_and_no_further() -> None:
    truth, within = spread(0.012)
    assert failures(of(truth, within, truth), Limits()) == []
    truth, beyond = spread(0.02)
    assert failures(of(truth, beyond, truth), Limits()) == ["recall of sad falls by 2.0 points, at most 1.5 points"]


def test_a_loss_equal_to_the_limit_is_within_it() -> None:
    truth, found = spread(0.04)
    limits = Limits(recall_drop=0.04, accuracy_drop=0.01, agreement=0.99, calibration_rise=0.02)
    assert failures(of(truth, found, truth), limits) == []


def test_a_model_that_became_surer_than_it_is_right_is_refused() -> None:
    truth = [number % 4 for number in range(1000)]
    answered = [(label + (number % 10 == 0)) % 4 for number, label in enumerate(truth)]  # nine of ten are right
    honest, sure = answers(*answered, sure=3.3), answers(*answered, sure=9.0)
    found = compare(honest, sure, np.array(truth), LABELS)
    assert found.calibration_error.float32 == pytest.approx(0, abs=0.01)
    assert failures(found, Limits()) == ["calibration error rises from 0.000 to 0.100, by at most 0.010"]
    soft = compare(honest, sure, np.array(truth), LABELS, temperature=9 / 3.3)
    assert soft.calibration_error.int8 == pytest.approx(found.calibration_error.float32)


def test_a_class_that_collapsed_is_named_with_what_broke_beside_it() -> None:
    truth, found = spread(1.0)
    broken = " ".join(failures(of(truth, found, truth), Limits()))
    assert "agreement 75.0%" in broken
    assert "accuracy falls by 25.0 points" in broken
    assert "recall of sad falls by 100.0 points" in broken
    assert "happy" not in broken


def test_a_class_that_collapsed_already_in_the_float_model_is_refused_although_both_agree() -> None:
    truth, found = spread(1.0)
    assert failures(of(found, found, truth), Limits()) == ["recall of sad 0.0% (float 0.0%), at least 12.5%"]


def test_only_what_the_float_model_does_not_answer_either_is_the_models_own_fault() -> None:
    truth, found = spread(1.0)
    assert unanswered(of(found, found, truth), Limits()) == ("sad",)
    assert unanswered(of(truth, found, truth), Limits()) == ()
    assert unanswered(of(found, truth, truth), Limits()) == ()


def test_models_that_err_alike_often_but_differently_break_the_agreement() -> None:
    truth, _ = spread(0)
    before, after = list(truth), list(truth)
    for number in range(40):
        before[number] = (truth[number] + 1) % 4
        after[number] = (truth[number] + 2) % 4
    assert failures(of(before, after, truth), Limits()) == ["agreement 96.0%, at least 98.5%"]


def test_a_class_without_a_picture_proves_nothing() -> None:
    with pytest.raises(InputError, match="no picture of: sad"):
        of([0, 1, 3], [0, 1, 3], [0, 1, 3])


def test_labels_beyond_those_of_the_card_are_refused() -> None:
    with pytest.raises(InputError, match="from 0 to 4"):
        of([0, 1, 2, 3, 0], [0, 1, 2, 3, 0], [0, 1, 2, 3, 4])


def test_scores_that_are_not_numbers_are_the_training_s_fault() -> None:
    with pytest.raises(InputError, match="train it again"):
        compare(answers(0, 1, 2, 3) * np.float32(np.nan), answers(0, 1, 2, 3), np.arange(4), LABELS)


def test_scores_of_another_number_of_classes_are_refused() -> None:
    with pytest.raises(InputError, match="a label each"):
        compare(answers(0, 1)[:, :3], answers(0, 1)[:, :3], np.arange(2), LABELS)


def test_the_table_tells_every_class_with_both_models_and_the_change() -> None:
    truth, found = spread(0.04)
    lines = table(of(truth, found, truth)).splitlines()
    assert lines[1].split() == ["accuracy", "1000", "100.00%", "99.00%", "-1.00"]
    assert lines[4].split() == ["recall", "sad", "250", "100.00%", "96.00%", "-4.00"]
    assert lines[-1] == "agreement 99.00%, largest difference of a logit 5.000, calibration error 0.020 to 0.010"
