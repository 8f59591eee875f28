"use strict";
// One frame after the other is asked for, so a slow link shows fewer frames and never old ones.
const MARKS = { good: "✓", fair: "!", bad: "✕", unknown: "–" };
const COLOURS = { good: "#5fe08a", fair: "#ffc04d", bad: "#ff6b6b", unknown: "#c8d0d8" };
const LEAST_MS = 100; // between two frames: nobody aims faster, and the tunnel stays free

const picture = document.getElementById("picture");
const pen = picture.getContext("2d");
const checks = document.getElementById("checks");

// A number stays with its unit.
function unbroken(text) {
  return text.replace(/(\d) (%|cm)/g, "$1\u00a0$2");
}

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = unbroken(text);
  if (kind) made.className = kind;
  return made;
}

function verdict(grade, text) {
  const head = document.getElementById("verdict");
  const line = head.querySelector("h1");
  head.className = grade;
  head.querySelector(".mark").textContent = MARKS[grade];
  const told = unbroken(text);
  if (line.textContent !== told) line.textContent = told; // unchanged, it is not read aloud again
}

function draw(told, pixels) {
  // Drawn at twice the size: lines stay thin on a sharp display.
  const scale = 2, width = told.width * scale, height = told.height * scale;
  if (picture.width !== width || picture.height !== height) [picture.width, picture.height] = [width, height];
  const image = new ImageData(told.width, told.height);
  const words = new Uint32Array(image.data.buffer);
  for (let at = 0; at < pixels.length; at++) words[at] = 0xff000000 | (pixels[at] * 0x010101);
  const small = Object.assign(document.createElement("canvas"), { width: told.width, height: told.height });
  small.getContext("2d").putImageData(image, 0, 0);
  pen.drawImage(small, 0, 0, width, height);
  if (told.arrow) arrow(told.arrow, width, height, COLOURS[told.grade]);
  if (!told.box) return;
  const colour = COLOURS[told.grade];
  pen.lineWidth = 3;
  pen.strokeStyle = colour;
  const [x, y, w, h] = told.box;
  pen.strokeRect(x * width, y * height, w * width, h * height);
  pen.fillStyle = colour;
  for (const [px, py] of told.points) pen.fillRect(px * width - 1.5, py * height - 1.5, 3, 3);
  for (const eye of told.eyes) {
    const seen = eye.closed !== null, closed = seen && eye.closed > 0.5;
    pen.strokeStyle = pen.fillStyle = !seen ? COLOURS.bad : closed ? COLOURS.fair : COLOURS.good;
    pen.setLineDash(seen ? [] : [6, 5]);
    pen.beginPath();
    pen.arc(eye.x * width, eye.y * height, 0.3 * told.eye_distance * width, 0, 2 * Math.PI);
    pen.stroke();
    if (closed) { pen.globalAlpha = 0.3; pen.fill(); pen.globalAlpha = 1; }
    pen.setLineDash([]);
  }
}

// Where the camera should go, at that edge of the picture.
function arrow(way, width, height, colour) {
  const size = Math.min(width, height) / 7, turn = { right: 0, down: 1, left: 2, up: 3 }[way] * Math.PI / 2;
  const reach = { right: width, left: width, up: height, down: height }[way] / 2 - 0.2 * size;
  pen.save();
  pen.translate(width / 2, height / 2);
  pen.rotate(turn);
  pen.translate(reach, 0);
  pen.beginPath();
  for (const [x, y] of [[0, 0], [-1, -0.9], [-1, -0.4], [-2, -0.4], [-2, 0.4], [-1, 0.4], [-1, 0.9]]) pen.lineTo(x * size, y * size);
  pen.closePath();
  pen.fillStyle = colour;
  pen.strokeStyle = "#000000";
  pen.lineWidth = 4;
  pen.stroke();
  pen.fill();
  pen.restore();
}

function list(told) {
  checks.replaceChildren(...told.checks.map((check) => {
    const row = element("li", "", check.grade);
    const now = element("span", check.now || "not known");
    if (check.wanted) now.append(element("small", `wanted: ${check.wanted}`));
    row.append(element("span", MARKS[check.grade], "mark"), element("b", check.name), now);
    if (check.advice) row.append(element("span", check.advice, "advice"));
    return row;
  }));
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
}

function blank(text) {
  pen.clearRect(0, 0, picture.width, picture.height);
  checks.replaceChildren();
  document.getElementById("left").textContent = "";
  verdict("bad", text);
}

async function run() {
  let last = 0, misses = 0;
  for (;;) {
    let answer;
    try {
      answer = await fetch(`frame?after=${last}`, { cache: "no-store" });
    } catch {
      // ended, or the tunnel fell: it may come back
      if (++misses > 3) blank("The connection is gone: the time is over, the program ended, or the tunnel fell.");
      await new Promise((wake) => setTimeout(wake, 1000));
      continue;
    }
    misses = 0;
    if (answer.status === 204) continue;
    if (!answer.ok) {
      blank(await answer.text());
      return;
    }
    const began = performance.now();
    const bytes = await answer.arrayBuffer();
    const length = new DataView(bytes).getUint32(0);
    const told = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
    last = told.number;
    draw(told, new Uint8Array(bytes, 4 + length));
    verdict(told.grade, told.verdict);
    list(told);
    document.getElementById("left").textContent = clock(told.left_s);
    picture.dataset.shown = last;
    await new Promise((wake) => setTimeout(wake, Math.max(0, LEAST_MS - (performance.now() - began))));
  }
}

run();
