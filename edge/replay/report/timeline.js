// What a person does with a drawn timeline: zoom, move, ask for the numbers of a moment.

const percent = (share) => (share === null ? "unknown" : Math.round(share * 100) + " %");

class Timeline extends Drawing {
  constructor(section) {
    super(section.querySelector("canvas"), JSON.parse(section.querySelector(".data").textContent));
    this.readout = section.querySelector(".readout");
    this.span = section.querySelector(".span");
    this.show(0, this.length);
    this.listen(section);
  }

  show(from, to) {
    const span = Math.min(this.length, Math.max(SHORTEST_S, to - from));
    this.from = Math.min(Math.max(0, from), this.length - span);
    this.to = this.from + span;
    this.canvas.dataset.from = this.from.toFixed(3);
    this.canvas.dataset.to = this.to.toFixed(3);
    this.span.textContent = clock(this.from, 1) + " to " + clock(this.to, 1);
    this.wanted = this.wanted || requestAnimationFrame(() => this.draw());
  }

  zoom(factor, at = (this.from + this.to) / 2) {
    this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  move(share) {
    const step = (this.to - this.from) * share;
    const from = Math.min(Math.max(0, this.from + step), this.length - (this.to - this.from));
    this.show(from, from + this.to - this.from);
  }

  listen(section) {
    const { canvas } = this, place = (event) => event.clientX - canvas.getBoundingClientRect().left;
    const deeds = {
      in: () => this.zoom(0.5), out: () => this.zoom(2), left: () => this.move(-0.25), right: () => this.move(0.25),
      reset: () => this.show(0, this.length),
    };
    const keys = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", 0: "reset", Home: "reset", Escape: "reset" };
    for (const button of section.querySelectorAll("[data-do]")) button.addEventListener("click", deeds[button.dataset.do]);
    for (const button of section.querySelectorAll("[data-at]")) {
      button.addEventListener("click", () => {
        const at = Number(button.dataset.at), half = Math.min(this.length, 20) / 2;
        this.show(at - half, at + half);
        canvas.focus();
        section.querySelector("figure").scrollIntoView({ block: "nearest" });
      });
    }
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
      event.preventDefault();
      deeds[keys[event.key]]();
    });
    canvas.addEventListener("wheel", (event) => {
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
        event.preventDefault();
        this.move((event.deltaX || event.deltaY) / 1000);
      } else if (event.deltaY < 0 || this.to - this.from < this.length) {
        event.preventDefault(); // zoomed out entirely, the wheel scrolls on down the page
        this.zoom(Math.min(4, Math.max(0.25, 1.0015 ** event.deltaY)), this.seconds(place(event)));
      }
    }, { passive: false });
    let grip = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      grip = { x: place(event), from: this.from, to: this.to, moves: event.shiftKey };
    });
    canvas.addEventListener("pointermove", (event) => {
      const x = place(event);
      if (grip && grip.moves) {
        const by = (grip.x - x) / this.width * (grip.to - grip.from);
        const from = Math.min(Math.max(0, grip.from + by), this.length - (grip.to - grip.from));
        this.show(from, from + grip.to - grip.from);
      } else if (grip) {
        this.marked = Math.abs(x - grip.x) > 4 ? [this.seconds(grip.x), this.seconds(x)] : null;
        this.show(this.from, this.to);
      }
      this.tell(this.seconds(x));
    });
    const drop = (event) => {
      const marked = this.marked;
      grip = this.marked = null;
      if (marked && event.type === "pointerup") this.show(Math.min(...marked), Math.max(...marked));
      else this.show(this.from, this.to);
    };
    canvas.addEventListener("pointerup", drop);
    canvas.addEventListener("pointercancel", drop);
    canvas.addEventListener("dblclick", deeds.reset);
    new ResizeObserver(() => this.show(this.from, this.to)).observe(canvas);
  }

  /** The numbers of one moment, in words, below the picture. */
  tell(seconds) {
    const i = this.index(seconds);
    if (i < 0) return;
    const at = (name, unit) => {
      const column = this.columns[name];
      return column[i] === MISSING[column.BYTES_PER_ELEMENT] ? null : column[i] / unit;
    };
    const [short, long] = this.data.windows_s;
    const parts = [
      clock(this.times[i] / 1000, 2), this.data.sights[this.columns.sight[i]],
      "eyes closed " + percent(at("closed", 250)), "PERCLOS " + short + " s " + percent(at("perclos_short", 10000)),
      long + " s " + percent(at("perclos_long", 10000)),
      ...EMOTIONS.map((name) => name + " " + percent(at(name, 250))), "sad share " + percent(at("sad_share", 250)),
    ];
    if (this.columns.speed) parts.push(at("speed", 10) === null ? "speed unknown" : Math.round(at("speed", 10)) + " km/h");
    this.readout.textContent = parts.join(" · ");
  }
}

const timelines = [...document.querySelectorAll("section")].map((section) => new Timeline(section));
const drawAll = (print) => timelines.forEach((one) => { one.print = print; one.draw(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(false));
addEventListener("beforeprint", () => { document.documentElement.dataset.print = ""; drawAll(true); });
addEventListener("afterprint", () => { delete document.documentElement.dataset.print; drawAll(false); });
