"""Numbers of the pages that are a constant of the code or a default of the configuration: by page, words and values."""

from __future__ import annotations

from truths import Value, default, threshold, unit

from edge import errors
from edge.alerts import pattern, worker
from edge.cameras import process
from edge.delivery import command, connection, key, knock, message, outbox, publisher
from edge.gps import gpsd, track
from edge.rules import baseline, guards
from edge.service import aim, aim_gate, aiming, bundle, frames, problems, stages, watchdog
from edge.vision import points

# fmt: off
CONSTANTS: dict[str, list[tuple[str, list[Value]]]] = {
    "README.md": [
        ("an event of at most # bytes", [message.MAX_PAYLOAD]),
        ("within #° of the front and #° of the height", [aiming.GOOD_YAW, aiming.GOOD_PITCH]),
        ("they are # pixels apart", [aiming.GOOD_PX]),
    ],
    "docs/aiming.md": [
        ("http://127.0.0.1:#/", [aim.PORT]),
        ("within # minutes; it shows", [aim_gate.MINUTES]),
        ("mean grey from # to #", [aiming.DIM, aiming.BRIGHT]),
        ("under #, over #, or a frame", [aiming.DARK, aiming.WHITE]),
        ("found in # % of the frames | under # %", [100 * aiming.GOOD_SEEN, 100 * aiming.LEAST_SEEN]),
        ("| # pixels between the eyes, the face up to # %", [aiming.GOOD_PX, 100 * aiming.GOOD_HEIGHT]),
        ("| under #; over # %", [aiming.LEAST_PX, 100 * aiming.MOST_HEIGHT]),
        ("within #° of the front | over #°", [aiming.GOOD_YAW, aiming.MOST_YAW]),
        ("| Height | within #° | over #°", [aiming.GOOD_PITCH, aiming.MOST_PITCH]),
        ("| Tilt | within #° | over #°", [aiming.GOOD_ROLL, aiming.MOST_ROLL]),
        ("most # times as bright as the other | over # times", [aiming.UNEVEN, aiming.ONE_SIDED]),
        ("under # % of the face white, and # % at", [100 * aiming.FACE_GLARE, 100 * aiming.EYE_GLARE]),
        ("| # a second | under #", [aiming.GOOD_RATE, aiming.LEAST_RATE]),
        ("(# cm in a mean adult)", [aiming.EYE_DISTANCE_CM]),
    ],
    "docs/alerts.md": [
        ("PERCLOS from # (# where he is sad, too)",
         [default("rules.perclos.advisory"), default("rules.perclos.advisory_sad")]),
        ("microsleep (eyes closed # s), PERCLOS from #",
         [default("rules.closures.microsleep_s"), default("rules.perclos.warning_short")]),
        ("| sleep (# s), unresponsive (# s)",
         [default("rules.closures.sleep_s"), default("rules.closures.unresponsive_s")]),
        ("| # s on and off for # s, again after # s",
         [default("alerts.warning.on_s"), default("alerts.warning.lasts_s"), default("alerts.warning.again_s")]),
        ("| # s on and off, after # s without a pause, until the eyes stay open for # s",
         [default("alerts.critical.on_s"), default("alerts.critical.steady_after_s"),
          default("rules.closures.open_to_end_s")]),
        ("a short flash every # s", [sum(pattern.GLIMPSE_S)]),
        ("(driver-monitor.dbc), # bytes, Intel byte order, each # s",
         [default("alerts.can.length"), default("alerts.can.period_s")]),
        ("tried again after # s, then at growing intervals up to # s", [*worker.RETRY_S]),
        ("one line in the log after # s |", [worker.HANG_S]),
        ("for `alerts.stale_s` (# s)", [default("alerts.stale_s")]),
        ("is on: # minutes at most", [command.MAX_MINUTES]),
    ],
    "docs/command-line.md": [
        ("| # | a check or a comparison was made and failed", [errors.CheckFailed.exit_code]),
        ("| # | wrong use", [errors.UserError.exit_code]),
        ("| # | the configuration, a model", [errors.ConfigError.exit_code]),
    ],
    "docs/events.md": [
        ("At most # bytes, UTF-8", [message.MAX_PAYLOAD]),
        ("sent more than # s after `time`", [publisher.HISTORICAL_S]),
        ("without a fix of the last # s", [track.STALE_S]),
        ("At most # are on their way unacknowledged", [publisher.WINDOW]),
        ("new events wait in memory (# at most)", [outbox.SPILL]),
        ("The key is # random bytes", [key.KEY_BYTES]),
    ],
    "docs/operations-mqtt.md": [
        ("an event has # bytes at most", [message.MAX_PAYLOAD]),
        ("are silent for so long, # minutes at most", [command.MAX_MINUTES]),
        ("A request has # bytes at most", [command.MAX_REQUEST]),
        ("it knocks about every # s", [knock.KNOCK_S]),
        ("`mqtt.max_packet_size` must be # bytes", [message.MAX_PAYLOAD + connection.OVERHEAD]),
        ("A connection that held for # s", [publisher.STEADY_S]),
        ("up to `mqtt.reconnect_max_s` (# s)", [default("mqtt.reconnect_max_s")]),
    ],
    "docs/operations.md": [
        ("restarts it | # s |", [problems.STUCK_S]),
        ("for PERCLOS | under # |", [problems.SLOWEST]),
        ("95th percentile over # ms", [problems.LATEST_MS]),
        ("or it is hot | now; # °C", [problems.HOT]),
        ("nearly full | under # MB", [problems.DISK_MB]),
        ("little memory left | under # MB", [problems.MEMORY_MB]),
        ("are of the last # frames", [frames.RECENT]),
        ("after the first # frames", [problems.SETTLED]),
        ("the last # lines of the service's log", [bundle.LINES]),
        ("inference has taken # s", [stages.SLOW_S]),
        ("A thread looks five times in # s", [stages.SLOW_S]),
        ("not later than `camera.stall_s` (# s)", [default("camera.stall_s")]),
        ("After # s without a frame (`rules.visibility.camera_s`)", [default("rules.visibility.camera_s")]),
        ("eyes have been seen for # s (`rules.visibility.back_s`)", [default("rules.visibility.back_s")]),
        ("| `camera_fault` | # s |", [default("rules.visibility.camera_s")]),
        ("| `too_dark` | # s | the frame's mean grey is under `vision.dark_below` (#), as",
         [default("rules.visibility.lost_s"), default("vision.dark_below")]),
        ("| `signal=ABRT`, `Result: watchdog` | stuck: see below | again after # s", [unit("RestartSec")]),
        ("not open within # s, gives no first frame within # s", [process.OPENING_S, process.FIRST_FRAME_S]),
        ("A frame that is older than # s", [process.OLDEST_S]),
        ("a size that stays for # s", [process.RESIZED_S]),
        ("At # of `WatchdogSec` without a proof", [watchdog.DUMP_AT]),
        ("so `exposure_us` may be no longer than a frame (# at # a second)",
         [1e6 // default("camera.frames_per_second"), default("camera.frames_per_second")]),
    ],
    "docs/privacy.md": [
        ("speed; at most # bytes", [message.MAX_PAYLOAD]),
        ("memory | the last # fixes", [gpsd.KEPT]),
        ("length of closures, share of sad time | memory | up to # minutes", [default("rules.perclos.long_s") / 60]),
    ],
    "docs/thresholds.md": [
        ("collected over the first # s of valid alert time", [default("rules.baseline.learn_s")]),
        ("no fatigue alarm now or in the last # s", [baseline.RECOVERY_S]),
        ("open eyes stay for # % of their time", [100 * baseline.OPEN_SHARE]),
        ("are then closed until they fall under #", [guards.NARROWED_OPEN_BELOW]),
        ("P(happy) above #, and # above this driver's own", [default("rules.guards.happy"), guards.HAPPIER]),
        ("(a face from #, an eye", [threshold("face", "face")]),
        ("an eye not visible from #, unknown", [threshold("eyes", "not_visible")]),
        ("unknown emotion from #)", [threshold("emotion", "unknown")]),
    ],
    "docs/vision.md": [
        ("gives # contour points", [points.COUNT]),
        ("believed from a probability of #;", [threshold("face", "face")]),
        ("an eye is not visible above # of the last", [threshold("eyes", "not_visible")]),
    ],
}
# fmt: on
