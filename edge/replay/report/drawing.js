"use strict";
// Draws a recording's timeline on its canvas. However many frames there are, a column of pixels shows the least and
// the most of what falls into it, so that nothing short is lost.

const GUTTER = 150, RIGHT = 122, GAP = 16, SHORTEST_S = 0.5;
const EMOTIONS = ["happy", "neutral", "sad", "surprise"];
const MISSING = { 1: 255, 2: 65535 };

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

function numbers(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Kind(bytes.buffer);
}

function clock(seconds, digits) {
  const unit = 10 ** digits, all = Math.round(seconds * unit);
  const minutes = Math.floor(all / (60 * unit)), rest = all - minutes * 60 * unit;
  const small = (rest / unit).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  const pad = (n) => String(n).padStart(2, "0");
  return minutes < 60 ? minutes + ":" + small : Math.floor(minutes / 60) + ":" + pad(minutes % 60) + ":" + small;
}

class Drawing {
  constructor(canvas, data) {
    this.canvas = canvas;
    this.data = data;
    const wide = { time_ms: Uint32Array, perclos_short: Uint16Array, perclos_long: Uint16Array };
    this.columns = {};
    for (const [name, text] of Object.entries(data.columns)) this.columns[name] = numbers(text, wide[name] || Uint8Array);
    if (data.speed) this.columns.speed = numbers(data.speed, Uint16Array);
    this.times = this.columns.time_ms;
    this.length = Math.max(data.seconds, SHORTEST_S);
    this.from = 0;
    this.to = this.length;
    this.lanes = this.layOut();
    this.height = this.lanes[this.lanes.length - 1].bottom + 30;
  }

  // --- what stands where -------------------------------------------------------------------------------------------

  layOut() {
    const [short, long, sad] = this.data.windows_s, limits = this.data.thresholds;
    const top = (name, least) => {
      let most = 0;
      const column = this.columns[name];
      for (const value of column) if (value !== 65535 && value > most) most = value;
      return Math.max(least, most);
    };
    const perclos = Math.min(1, Math.max(top("perclos_short", 0), top("perclos_long", 0)) / 10000 * 1.1);
    const lanes = [
      { title: "Signals", height: 72, draw: (lane) => this.drawSignals(lane) },
      { title: "Eyes closed", note: "probability", height: 64, most: 1, unit: 250, limits: limits.closed,
        lines: [["closed", "closed", 1]], shut: true },
      { title: "PERCLOS", note: "of time closed", height: 92, most: Math.max(0.25, perclos), unit: 10000,
        limits: limits.perclos, lines: [["perclos_long", "long", 2.5, long + " s"], ["perclos_short", "short", 1.5, short + " s"]] },
      { title: "Emotion", height: 72, draw: (lane) => this.drawEmotions(lane) },
      { title: "Sad", note: "share of " + sad + " s", height: 44, most: 1, unit: 250, limits: limits.sad,
        lines: [["sad_share", "sad", 1.5]] },
      { title: "Seen", height: 18, draw: (lane) => this.drawSight(lane) },
    ];
    if (this.columns.speed) {
      lanes.push({ title: "Speed", note: "km/h", height: 52, most: Math.max(50, top("speed", 0) / 10 * 1.1), unit: 10,
        limits: [], lines: [["speed", "speed", 1.5]], plain: true });
    }
    let y = 6;
    for (const lane of lanes) {
      lane.top = y;
      lane.bottom = y + lane.height;
      y = lane.bottom + GAP;
    }
    return lanes;
  }

  x(seconds) {
    return GUTTER + (seconds - this.from) / (this.to - this.from) * this.width;
  }

  seconds(x) {
    return this.from + Math.min(1, Math.max(0, (x - GUTTER) / this.width)) * (this.to - this.from);
  }

  /** The index of the last frame at or before a time. */
  index(seconds) {
    let low = 0, high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] / 1000 <= seconds) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  // --- drawing -----------------------------------------------------------------------------------------------------

  draw() {
    this.wanted = 0;
    const { canvas } = this, ratio = Math.max(window.devicePixelRatio || 1, this.print ? 2 : 1);
    canvas.style.height = this.height + "px";
    const width = canvas.clientWidth;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(this.height * ratio);
    this.width = Math.max(50, width - GUTTER - RIGHT);
    const pen = this.pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = colour("paper");
    pen.fillRect(0, 0, width, this.height);
    pen.textBaseline = "middle";
    this.font = getComputedStyle(document.body).fontFamily;
    this.first = Math.max(0, this.index(this.from));
    this.last = Math.min(this.times.length - 1, this.index(this.to) + 1);
    this.drawGrid();
    for (const lane of this.lanes) {
      this.write(lane.title, 0, lane.top + 8, "ink", 600);
      if (lane.note) this.write(lane.note, 0, lane.top + 23, "faint");
      if (lane.draw) lane.draw(lane);
      else this.drawLines(lane);
    }
    if (this.marked) {
      const [a, b] = this.marked.map((at) => this.x(at));
      pen.globalAlpha = 0.25;
      pen.fillStyle = colour("link");
      pen.fillRect(Math.min(a, b), 0, Math.abs(b - a), this.height - 24);
      pen.globalAlpha = 1;
    }
    canvas.dataset.drawn = String(this.last - this.first + 1);
  }

  write(text, x, y, ink, weight = 400, align = "left", size = 12) {
    this.pen.font = weight + " " + size + "px " + this.font;
    this.pen.textAlign = align;
    this.pen.fillStyle = colour(ink);
    this.pen.fillText(text, x, y);
  }

  drawGrid() {
    const { pen } = this, bottom = this.height - 24, span = this.to - this.from;
    for (const lane of this.lanes) {
      pen.fillStyle = colour("lane");
      pen.fillRect(GUTTER, lane.top, this.width, lane.height);
    }
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
    const step = steps.find((one) => span / one <= this.width / 70) || 28800;
    pen.fillStyle = colour("rule");
    for (let n = Math.ceil(this.from / step); n * step <= this.to; n++) {
      const x = Math.round(this.x(n * step));
      pen.fillRect(x, 6, 1, bottom - 6);
      this.write(clock(n * step, step < 1 ? 1 : 0), x, bottom + 11, "faint", 400, "center");
      pen.fillStyle = colour("rule");
    }
  }

  /** Calls `see(value, column of pixels)` with each number in sight; a value of null is one that was not to be had. */
  each(name, see) {
    const column = this.columns[name], missing = MISSING[column.BYTES_PER_ELEMENT];
    const longest = this.data.longest_step_s * 1000 * 1.5;
    for (let i = this.first; i <= this.last; i++) {
      if (i > this.first && this.times[i] - this.times[i - 1] > longest) see(null, this.x(this.times[i - 1] / 1000));
      see(column[i] === missing ? null : column[i], this.x(this.times[i] / 1000));
    }
  }

  drawLines(lane) {
    const { pen } = this, y = (share) => lane.bottom - Math.min(1, share / lane.most) * lane.height;
    const top = lane.plain ? String(Math.round(lane.most)) : Math.round(lane.most * 100) + " %";
    this.write(top, GUTTER - 6, lane.top + 5, "faint", 400, "right", 11);
    this.write("0", GUTTER - 6, lane.bottom - 4, "faint", 400, "right", 11);
    const labels = [];
    for (const [label, value] of lane.limits) {
      pen.strokeStyle = colour("limit");
      pen.lineWidth = 1;
      pen.setLineDash([5, 4]);
      pen.beginPath();
      pen.moveTo(GUTTER, y(value));
      pen.lineTo(GUTTER + this.width, y(value));
      pen.stroke();
      pen.setLineDash([]);
      labels.push([y(value), label + " " + Math.round(value * 100) + " %"]);
    }
    labels.sort((a, b) => b[0] - a[0]); // from the lowest up, none over another
    let free = lane.bottom;
    for (const [at, text] of labels) {
      const spot = Math.min(at, free);
      this.write(text, GUTTER + this.width + 5, spot, "faint", 400, "left", 11);
      free = spot - 13;
    }
    pen.save();
    pen.beginPath();
    pen.rect(GUTTER, lane.top - 2, this.width, lane.height + 4);
    pen.clip();
    const dense = lane.shut && this.last - this.first > 4 * this.width; // blink by blink, it would be a wall
    if (lane.shut && !dense) this.drawShut(lane);
    for (const [name, ink, thick] of lane.lines) {
      pen.globalAlpha = dense ? 0.3 : 1;
      this.drawLine(name, colour(ink), thick, (value) => y(value / lane.unit));
      pen.globalAlpha = 1;
      if (dense) this.drawMean(name, colour(ink), (value) => y(value / lane.unit), lane.bottom);
    }
    pen.restore();
    let x = GUTTER + 8;
    for (const [, ink, thick, label] of lane.lines) {
      if (!label) continue;
      pen.fillStyle = colour(ink);
      pen.fillRect(x, lane.top + 8 - thick / 2, 18, thick);
      this.write(label, x + 23, lane.top + 8, "ink", 400, "left", 11);
      x += 80;
    }
  }

  drawLine(name, ink, thick, y) {
    const { pen } = this;
    pen.strokeStyle = ink;
    pen.lineWidth = thick;
    pen.lineJoin = "round";
    pen.beginPath();
    let column = -1, least = 0, most = 0, end = 0, down = false, alone = false;
    const finish = () => {
      if (!down) return;
      if (least !== most) {
        pen.lineTo(column, y(least));
        pen.lineTo(column, y(most));
      }
      pen.lineTo(alone ? column + 0.8 : column, y(end));
    };
    this.each(name, (value, at) => {
      const here = Math.round(at * 2) / 2;
      if (value === null) {
        finish();
        down = false;
        column = -1;
        return;
      }
      if (down && here === column) {
        least = Math.min(least, value);
        most = Math.max(most, value);
        end = value;
        return;
      }
      finish();
      alone = !down;
      if (down) pen.lineTo(here, y(value));
      else pen.moveTo(here, y(value));
      down = true;
      column = here;
      least = most = end = value;
    });
    finish();
    pen.stroke();
  }

  /** The mean of each column of pixels as an area: long closures stand out among blinks. */
  drawMean(name, ink, y, bottom) {
    const { pen } = this;
    pen.fillStyle = ink;
    let column = -1, sum = 0, count = 0;
    const finish = () => {
      if (count) pen.fillRect(column, y(sum / count), 1, bottom - y(sum / count));
      sum = count = 0;
    };
    this.each(name, (value, at) => {
      const here = Math.floor(at);
      if (here !== column) finish();
      column = here;
      if (value === null) return;
      sum += value;
      count += 1;
    });
    finish();
  }

  /** Where the eyes counted as closed: a band behind the line. */
  drawShut(lane) {
    const { pen } = this;
    pen.fillStyle = colour("closed");
    pen.globalAlpha = 0.28;
    let start = null, before = 0;
    const end = (at) => {
      if (start !== null) pen.fillRect(start, lane.top, Math.max(1, at - start), lane.height);
      start = null;
    };
    this.each("shut", (value, at) => {
      if (value === 1 && start === null) start = at;
      else if (value !== 1) end(value === null ? before : at);
      before = at;
    });
    end(before);
    pen.globalAlpha = 1;
  }

  drawSignals(lane) {
    const { pen } = this, row = lane.height / 3;
    ["fatigue", "sad", "degraded"].forEach((signal, number) => {
      const bottom = lane.top + (number + 1) * row - 2;
      this.write(signal, GUTTER - 6, bottom - row / 2 + 2, "ink", 400, "right");
      const mine = this.data.episodes.filter((one) => one.signal === signal);
      mine.forEach((episode, place) => {
        const next = place + 1 < mine.length ? this.x(mine[place + 1].rises[0][0]) : GUTTER + this.width + RIGHT;
        this.drawEpisode(episode, bottom - row + 4, row - 4, next);
      });
    });
  }

  /** A bar that changes its colour with the level; its name stands in it, or behind it where there is room. */
  drawEpisode(episode, top, height, next) {
    const { pen } = this, left = GUTTER, right = GUTTER + this.width;
    episode.rises.forEach(([from, level, cause], rise) => {
      const last = rise === episode.rises.length - 1;
      const to = this.x(last ? episode.end : episode.rises[rise + 1][0]);
      const a = Math.max(left, this.x(from)), b = Math.min(right, Math.max(to, this.x(from) + 3));
      if (b <= a) return;
      pen.fillStyle = colour(level);
      pen.fillRect(a, top, b - a - (last ? 0 : 1), height);
      pen.font = "600 11px " + this.font;
      for (const text of [cause.replace(/_/g, " ") + ", " + level, cause.replace(/_/g, " ")]) {
        const wide = pen.measureText(text).width, inside = b - a > wide + 8, behind = last && b + wide + 8 < next;
        if (inside || behind) {
          this.write(text, inside ? a + 4 : b + 4, top + height / 2 + 0.5, inside ? "paper" : "ink", 600, "left", 11);
          break;
        }
      }
    });
  }

  /** A row an emotion: the stronger the colour, the likelier; a column of pixels shows the mean. */
  drawEmotions(lane) {
    const { pen } = this, row = lane.height / 4;
    EMOTIONS.forEach((name, number) => {
      const top = lane.top + number * row;
      this.write(name, GUTTER - 6, top + row / 2, "ink", 400, "right");
      pen.fillStyle = colour(name);
      let column = -1, sum = 0, count = 0;
      const finish = (next) => {
        if (count) {
          pen.globalAlpha = sum / count / 250;
          pen.fillRect(column, top + 1, Math.max(1, Math.min(next - column, 400)), row - 2);
        }
        sum = count = 0;
      };
      this.each(name, (value, at) => {
        const here = Math.max(GUTTER, Math.min(Math.floor(at), GUTTER + this.width));
        if (here !== column || value === null) {
          finish(here);
          column = here;
        }
        if (value !== null) {
          sum += value;
          count += 1;
        }
      });
      finish(column + 1);
      pen.globalAlpha = 1;
    });
  }

  /** What was to be seen; a column of pixels shows the worst, so that no short loss is hidden. A gap is no frame. */
  drawSight(lane) {
    const { pen } = this;
    let column = GUTTER, worst = null;
    const finish = (next) => {
      if (worst === null) return;
      pen.fillStyle = colour("sight-" + worst);
      pen.fillRect(column, lane.top, Math.max(1, next - column), lane.height);
    };
    this.each("sight", (value, at) => {
      const here = Math.max(GUTTER, Math.min(Math.floor(at), GUTTER + this.width));
      if (value === null) {
        finish(here);
        worst = this.data.sights.length - 1;
      } else if (worst !== null && here === column) {
        worst = Math.max(worst, value);
        return;
      } else {
        finish(here);
        worst = value;
      }
      column = here;
    });
    finish(Math.min(column + 1, GUTTER + this.width));
  }
}
