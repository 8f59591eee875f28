"""The report of a replay, opened in Chromium as a person opens it."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from command import tell, write_clip, write_config
from drive import drive, write_report, write_track
from playwright.sync_api import Browser, BrowserContext, Page

from edge.config import Config
from edge.errors import InputError
from edge.replay.report.report import Report

SECONDS = 180.0
PATIENCE_MS = 200_000  # a machine may be busy


@dataclass
class Opened:
    """A page, and what it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def span(self) -> tuple[float, float]:
        """What the first timeline shows, in seconds."""
        data = self.page.locator("canvas").first.evaluate("canvas => [canvas.dataset.from, canvas.dataset.to]")
        return float(data[0]), float(data[1])

    def inked(self, lane: int, seconds: float, height: float) -> bool:
        """Whether a lane's canvas is drawn on at that time, so high above its ground (0 to 1)."""
        return self.page.evaluate(
            """([lane, seconds, height]) => {
                const one = timelines[0], ratio = one.canvas.width / one.canvas.clientWidth;
                const { top, bottom } = one.lanes[lane], y = bottom - (bottom - top) * height;
                const ground = [1, 3, 5].map((at) => parseInt(colour("lane").slice(at, at + 2), 16)).join();
                one.draw();
                const at = (x) => [...one.pen.getImageData(x * ratio, y * ratio, 1, 1).data].slice(0, 3).join();
                return [-1, 0, 1].some((by) => at(Math.round(one.x(seconds)) + by) !== ground);
            }""",
            [lane, seconds, height],
        )


OpenPage = Callable[..., Opened]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    context: BrowserContext

    def open_page(path: Path, scheme: Literal["light", "dark"] = "light") -> Opened:
        page = context.new_page()
        page.emulate_media(color_scheme=scheme)
        opened = Opened(page)
        page.on("request", lambda request: opened.requests.append(request.url))
        page.on("console", lambda message: opened.complaints.append(message.text))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_function("document.querySelector('canvas').dataset.drawn > 0")
        return opened

    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        context.set_default_timeout(PATIENCE_MS)
        yield open_page


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three minutes: a closure of 4 s, a sad stretch, a hidden face, darkness, a camera that stalls, a track."""
    folder = tmp_path_factory.mktemp("report")
    seen = drive(
        SECONDS,
        closed=[(20, 20.2), (40, 44), (150, 150.2)],
        sad=[(60, 100)],
        hidden=[(110, 122)],
        dark=[(128, 138)],
        stalled=[(160, 170)],
    )
    return write_report(folder / "page", seen, write_track(folder / "drive", 180))


@pytest.fixture
def opened(open_page: OpenPage, report: Path) -> Opened:
    return open_page(report)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_draws_without_a_complaint_and_asks_nothing_of_anybody(
    open_page: OpenPage, report: Path, scheme: Literal["light", "dark"]
) -> None:
    opened = open_page(report, scheme)
    assert opened.complaints == []
    assert opened.requests == [report.as_uri()]
    background = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is (scheme == "light")


def test_the_browser_itself_refuses_what_would_come_from_outside(opened: Opened) -> None:
    opened.page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://example.com/a.png'}))")
    opened.page.wait_for_timeout(200)
    assert any("Content Security Policy" in text for text in opened.complaints)


LANES = {"signals": 0, "closed": 1, "perclos": 2, "emotion": 3, "sad": 4, "seen": 5, "speed": 6}


@pytest.mark.parametrize(
    ("lane", "seconds", "height"),
    [("signals", 44.3, 0.9), ("closed", 42, 0.5), ("seen", 115, 0.5), ("seen", 132, 0.5), ("emotion", 80, 0.4)],
)
def test_each_lane_shows_what_happened(opened: Opened, lane: str, seconds: float, height: float) -> None:
    assert opened.inked(LANES[lane], seconds, height)


@pytest.mark.parametrize(("lane", "seconds", "height"), [("signals", 10, 0.9), ("closed", 33, 0.8)])
def test_a_lane_is_empty_where_nothing_happened(opened: Opened, lane: str, seconds: float, height: float) -> None:
    assert not opened.inked(LANES[lane], seconds, height)


def test_speed_has_a_lane_where_it_is_known_only(open_page: OpenPage, report: Path, tmp_path: Path) -> None:
    lanes = "timelines[0].lanes.map(lane => lane.title)"
    assert "Speed" in open_page(report).page.evaluate(lanes)
    assert "km/h" in report.read_text()
    without = write_report(tmp_path / "page", drive(20), tmp_path / "drive")
    assert "Speed" not in open_page(without).page.evaluate(lanes)


def test_the_wheel_zooms_at_the_pointer(opened: Opened) -> None:
    box = opened.page.locator("canvas").bounding_box()
    assert box
    opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    at = opened.page.evaluate("x => timelines[0].seconds(x)", box["width"] / 2)
    opened.page.mouse.wheel(0, -400)
    opened.page.wait_for_function("timelines[0].to < 179")
    start, end = opened.span
    assert start < at < end
    assert end - start < SECONDS * 0.7


def test_a_drag_zooms_to_what_it_marks_and_a_double_click_shows_all(opened: Opened) -> None:
    box = opened.page.locator("canvas").bounding_box()
    assert box
    left, right = (box["x"] + opened.page.evaluate("s => timelines[0].x(s)", s) for s in (30, 60))
    opened.page.mouse.move(left, box["y"] + 100)
    opened.page.mouse.down()
    opened.page.mouse.move((left + right) / 2, box["y"] + 100)
    opened.page.mouse.move(right, box["y"] + 100)
    opened.page.mouse.up()
    assert opened.span == pytest.approx((30, 60), abs=0.5)
    opened.page.locator("canvas").dblclick()
    assert opened.span[1] - opened.span[0] == pytest.approx(SECONDS, abs=0.2)


def test_keys_zoom_move_and_show_all(opened: Opened) -> None:
    canvas = opened.page.locator("canvas")
    canvas.focus()
    for _ in range(3):
        canvas.press("+")
    narrow = opened.span
    assert narrow[1] - narrow[0] == pytest.approx(SECONDS / 8, abs=0.1)
    canvas.press("ArrowRight")
    assert opened.span[0] > narrow[0]
    canvas.press("0")
    assert opened.span[0] == 0


def test_buttons_do_what_keys_do(opened: Opened) -> None:
    opened.page.get_by_role("button", name="Zoom in").click()
    assert opened.span[1] - opened.span[0] < SECONDS
    opened.page.get_by_role("button", name="Whole recording").click()
    assert opened.span[0] == 0


def test_the_time_of_an_event_leads_to_it_in_the_timeline(opened: Opened) -> None:
    opened.page.get_by_role("button", name="Show 0:43.000").click()
    start, end = opened.span
    assert start < 43 < end
    assert end - start <= 20.001


def test_the_numbers_of_a_moment_are_told_in_words(opened: Opened) -> None:
    box = opened.page.locator("canvas").bounding_box()
    assert box
    opened.page.mouse.move(box["x"] + opened.page.evaluate("timelines[0].x(42)"), box["y"] + 100)
    told = opened.page.locator(".readout").inner_text()
    assert "eyes closed 98 %" in told
    assert "56 km/h" in told


def test_the_table_has_every_event(opened: Opened) -> None:
    rows = opened.page.locator("tbody tr").all_inner_texts()
    assert [" ".join(row.split()[1:5]) for row in rows[:3]] == [
        "fatigue microsleep warning begins",
        "fatigue sleep critical rises",
        "fatigue sleep critical ends",
    ]
    assert any("sad sustained" in " ".join(row.split()) for row in rows)
    assert any("face not visible" in row for row in rows)


def test_what_is_not_seen_by_everybody_has_words(opened: Opened) -> None:
    canvas = opened.page.locator("canvas")
    assert "1 fatigue: sleep (critical)" in (canvas.get_attribute("aria-label") or "")
    unnamed = "[...document.querySelectorAll('button')].filter(b => !b.textContent.trim() && !b.ariaLabel).length"
    assert opened.page.evaluate(unnamed) == 0
    assert opened.page.evaluate("document.documentElement.lang") == "en"


def test_it_prints(opened: Opened) -> None:
    assert opened.page.pdf().startswith(b"%PDF")
    assert opened.complaints == []


def test_an_hour_is_drawn_with_strokes_for_pixels_not_frames_and_hides_no_blink(
    open_page: OpenPage, tmp_path: Path
) -> None:
    page = write_report(tmp_path / "page", drive(3600, closed=[(1800, 1800.2)]), tmp_path / "hour")
    assert page.stat().st_size < 2_000_000
    opened = open_page(page)
    strokes = opened.page.evaluate(
        """() => {
            let count = 0;
            const context = CanvasRenderingContext2D.prototype;
            for (const name of ["lineTo", "fillRect"]) {
                const draw = context[name];
                context[name] = function (...where) { count += 1; return draw.apply(this, where); };
            }
            timelines[0].draw();
            return count;
        }"""
    )
    assert strokes < 40_000  # of 54,000 frames in nine columns
    assert opened.inked(LANES["closed"], 1800.1, 0.9)
    assert not opened.inked(LANES["closed"], 1700, 0.9)


def test_the_same_replay_gives_the_same_bytes(tmp_path: Path) -> None:
    pages = [write_report(tmp_path / name, drive(20, closed=[(5, 9)]), tmp_path / "drive") for name in ("a", "b")]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_a_recordings_name_is_text_and_nothing_more(open_page: OpenPage, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>&\"'"
    opened = open_page(write_report(tmp_path / "page", drive(5), tmp_path / name))
    assert opened.page.locator("h2").first.inner_text() == name
    assert opened.page.locator("img").count() == 0


def test_the_configuration_tells_what_differs_from_the_default(
    capfd: pytest.CaptureFixture[str], clip: Path, tmp_path: Path
) -> None:
    config = write_config(tmp_path, rules={"closures": {"microsleep_s": 1.25}}, mqtt={"host": "secret.example"})
    assert tell(capfd, "replay", clip, "--report", tmp_path / "page", "--config", config).code == 0
    text = (tmp_path / "page" / "index.html").read_text()
    assert '<li class="changed">rules.closures.microsleep_s <b>1.25 (1.5)</b></li>' in text
    assert text.count('class="changed"') == 1
    assert "secret.example" not in text
    assert str(tmp_path) not in text


@pytest.fixture(scope="module")
def clip(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(synthetic_recording, tmp_path_factory.mktemp("clip"))


def test_no_picture_of_the_driver_is_in_it_unless_that_is_asked_for(
    open_page: OpenPage, capfd: pytest.CaptureFixture[str], clip: Path, tmp_path: Path
) -> None:
    plain = tell(capfd, "replay", clip, clip, "--report", tmp_path / "plain")
    assert (plain.code, plain.errors) == (0, "")
    text = (tmp_path / "plain" / "index.html").read_text()
    assert "data:image" not in text
    assert "img-src 'none'" in text
    assert "No picture of the driver is in this page." in text
    told = tell(capfd, "replay", clip, "--report", tmp_path / "frames", "--with-frames")
    assert "PICTURES OF THE DRIVER" in told.errors
    opened = open_page(tmp_path / "frames" / "index.html")
    assert opened.complaints == []
    assert opened.page.get_by_role("note").inner_text().startswith("This page holds PICTURES OF THE DRIVER")
    assert opened.page.locator("img").evaluate_all("images => images.map(image => image.naturalWidth)") == [160]


def test_several_recordings_share_one_page(
    open_page: OpenPage, capfd: pytest.CaptureFixture[str], clip: Path, tmp_path: Path
) -> None:
    assert tell(capfd, "replay", clip, clip, "--report", tmp_path).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    opened = open_page(tmp_path / "index.html")
    assert opened.page.locator("canvas").count() == 2
    assert opened.complaints == []


def test_pictures_without_a_report_are_wrong_use(capfd: pytest.CaptureFixture[str], clip: Path) -> None:
    told = tell(capfd, "replay", clip, "--with-frames")
    assert told.code == 2
    assert "--report DIR" in told.errors


def test_a_report_that_cannot_be_written_is_told_before_the_replay(
    capfd: pytest.CaptureFixture[str], clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    told = tell(capfd, "replay", clip, "--report", tmp_path / "file")
    assert (told.code, told.output) == (2, "")
    assert "the report cannot be written" in told.sentence


def test_a_replay_that_fails_leaves_the_earlier_page(tmp_path: Path) -> None:
    page = write_report(tmp_path, drive(5), tmp_path / "drive")
    before = page.read_bytes()
    with pytest.raises(InputError), Report(tmp_path, [tmp_path], Config()):
        raise InputError("the recording is damaged.")
    assert page.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_a_disk_that_is_full_at_the_end_keeps_the_earlier_page_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = write_report(tmp_path, drive(5), tmp_path / "drive")
    before = page.read_bytes()

    def full(_config: Config) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("edge.replay.report.report.tail", full)
    with pytest.raises(OSError, match="No space"), Report(tmp_path, [tmp_path], Config()):
        pass
    assert page.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
