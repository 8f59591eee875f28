"""The page of an audit by groups of people: verdicts, shares with intervals, and what they do and don't mean."""

from __future__ import annotations

from collections.abc import Sequence

from train.fairness.differences import Finding, Group, Verdict
from train.fairness.limits import Limits

VERDICTS: tuple[Verdict, ...] = ("not within", "too few to tell", "within")

ASKED = {
    "face_found": "face found",
    "eyes_not_read": "no eye can be read (of found faces)",
    "eyes_closed": "called closed (of eyes that are read)",
    "emotion_unknown": "emotion unknown (of found faces)",
    "sad_first": "sad is the likeliest (of known emotions)",
    "sad_likely": "P(sad) over the card's threshold (of known emotions)",
}

WHAT_IT_SAYS = {
    "face": """\
- Every picture holds a face, so a difference here is one of the detector and the contours, or of what the pictures
  show: profiles, hats, dark glasses and faces larger than the picture are not spread evenly over groups.
- It can be concluded how much more often one group's faces are missed in such pictures. How often a driver's is missed
  cannot: he is searched again in every frame, and mostly looks ahead.""",
    "eyes": """\
- FairFace does not say whether eyes are open. Most are; some are shut, in laughter, sleep or a blink, and many are
  narrowed by a smile, look down, or hide behind glasses; how many, differs between groups. Called closed is a
  probability above `rules.closures.closed_above`; a vehicle asks for `rules.baseline.default_above` until it knows its
  driver, and then for a margin to his own open eyes, which single pictures cannot show.
- It can be concluded where to look: at a group whose eyes are called closed more often than another's. That its open
  eyes are mistaken more often cannot be concluded without looking at them, and a group within the limit may have errors
  that truly shut eyes of another group balance.""",
    "emotion": """\
- FairFace has no emotion labels: nobody said what these people felt or showed. So nothing here is an error rate, and
  nothing says that the model is right or wrong about any group.
- It can be concluded how much more often people of one group are called sad, or not answered, in photographs from the
  web. Whether that comes from the model or from the photographs (who smiles for a camera, how a mouth rests at sixty)
  cannot be told apart here.
- A group that is called sad more often will be reported more often, whatever the cause: who uses `sad` should look at
  his own reports by group before he acts on them.""",
}
WHO = """\
- Age, gender and race are what FairFace's annotators saw in a picture, not what the person says of himself; it knows
  two genders. The pictures come from the web, in visible light, 128 pixels wide: nothing here is infrared. Who looks
  younger than 20 is listed and not judged; those from 60 on are few, so they are judged together."""
HOW = """\
{pictures} pictures of `fairface_val`, each in a grey frame through the vehicle's own pipeline of crops. Shares with
95 % intervals (Wilson), differences with 95 % intervals (Newcombe). *By chance*: groups of these sizes lie so far
apart in 1 of 20 cases where persons are dealt to them at random; a difference over the limit that is no larger is *too
few to tell*."""


def page(task: str, findings: Sequence[Finding], limits: Limits, pictures: int) -> str:
    """The page in Markdown."""
    lines = [
        f"## `{task}` by groups of people",
        "",
        " ".join(f"**{verdict.capitalize()}**: {text}." for verdict in VERDICTS if (text := _list(findings, verdict))),
        "",
        HOW.format(pictures=pictures),
        "",
        "| | by | highest | lowest | apart, points | by chance | limit | |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(one) for one in findings),
        "",
    ]
    for attribute in dict.fromkeys(one.attribute for one in findings):
        lines += [*_table([one for one in findings if one.attribute == attribute]), ""]
    lines += ["What can and cannot be concluded:", "", WHAT_IT_SAYS[task], WHO, ""]
    lines += ["Why these limits (`train/audit_limits.yaml`):", ""]
    names = dict.fromkeys(one.measure for one in findings)
    lines += [f"- {ASKED[name]}, {limits.points[name].limit:g} points: {limits.points[name].reason}." for name in names]
    return "\n".join(lines)


def _list(findings: Sequence[Finding], verdict: Verdict) -> str:
    """Those with this verdict, such as: face found by age and gender; emotion unknown by age."""
    by: dict[str, list[str]] = {}
    for one in findings:
        if one.verdict == verdict:
            by.setdefault(one.measure, []).append(one.attribute)
    return "; ".join(f"{ASKED[measure]} by {' and '.join(attributes)}" for measure, attributes in by.items())


def _row(one: Finding) -> str:
    apart = f"{one.difference * 100:.1f} ({one.low * 100:.1f} to {one.high * 100:.1f})"
    return (
        f"| {ASKED[one.measure]} | {one.attribute} | {one.most.name} | {one.least.name} | {apart} | "
        f"{one.chance * 100:.1f} | {one.limit * 100:g} | {one.verdict} |"
    )


def _table(findings: Sequence[Finding]) -> list[str]:
    """One attribute: a row a group, a column a measure."""
    first = findings[0]
    names = list(dict.fromkeys(group.name for one in findings for group in one.groups))
    lines = [
        f"| {first.attribute} | {' | '.join(ASKED[one.measure] for one in findings)} |",
        f"|---|{'---|' * len(findings)}",
    ]
    for name in names:
        cells = [_cell(one, name) for one in findings]
        judged = any(group.name == name for one in findings for group in one.groups[: one.judged])
        lines.append(f"| {name if judged else f'*{name}, not judged*'} | {' | '.join(cells)} |")
    return lines


def _cell(finding: Finding, name: str) -> str:
    for group in finding.groups:
        if group.name == name:
            return _share(group)
    return ""


def _share(group: Group) -> str:
    return f"{group.share:.1%} ({group.low:.1%} to {group.high:.1%}) of {group.pictures}"
