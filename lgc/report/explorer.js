// What people do with the network: choose, search, zoom, and put samples in.
"use strict";

const MOST_LISTED = 24;

/** @param {number} count @param {string} what @returns {string} */
function many(count, what) {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/**
 * An element. Text is text, whatever is in it.
 * @param {string} name @param {Record<string, string>} [given] attributes @param {(Node|string)[]} [content]
 * @returns {any}
 */
function element(name, given = {}, content = []) {
  const made = document.createElement(name);
  for (const key of Object.keys(given)) made.setAttribute(key, given[key]);
  made.append(...content);
  return made;
}

class Explorer {
  /** @param {HTMLElement} place @param {any} json */
  constructor(place, json) {
    this.network = new Network(json);
    this.layout = new Layout(this.network);
    /** @type {?Sample} */ this.sample = null;
    /** @type {Scene} */
    this.scene = { value: null, lit: null, chosen: -1, chosenClass: -1, sums: [], winner: -1, image: null };
    /** @type {any[]} */ this.buttons = [];
    this.build(place);
    this.painter = new Painter(this.canvas, this.layout);
    this.waiting = false;
    this.moving = false;
    /** @type {number|undefined} */ this.timer = undefined;
    this.listen();
    this.painter.fit();
    this.show(this.network.samples.length ? "0" : "");
    place.dataset.ready = "yes";
  }

  /** @param {HTMLElement} place */
  build(place) {
    this.canvas = element("canvas", {
      tabindex: "0", role: "application", "aria-roledescription": "network diagram",
      "aria-label": `Network ${this.network.name}: ${this.network.nodes} gates. Arrow keys walk or move, plus and minus ` +
        "zoom, 0 shows everything, Escape selects nothing.",
    });
    this.told = element("p", { role: "status", "aria-live": "polite", class: "told" });
    this.search = element("input", {
      type: "search", "aria-label": "Search for a gate or an input",
      placeholder: `${this.network.columns[0] || "layer1"}[0], or an input`,
    });
    this.choice = element("select", { "aria-label": "Sample to put in" }, this.options());
    const find = element("form", { role: "search" }, [this.search, element("button", {}, ["Find"])]);
    find.addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); this.find(); });
    const zooms = element("span", { class: "zooms" }, [
      this.button("+", () => this.zoom(1.5), "Zoom in"), this.button("−", () => this.zoom(1 / 1.5), "Zoom out"),
      this.button("Everything", () => { this.painter.fit(); this.redraw(); }),
    ]);
    const sample = element("label", { class: "sample" }, ["Sample ", this.choice]);
    const longest = Math.max(2, ...this.network.classes.map((name) => name.length));
    this.classes = element("div", {
      style: `--name: ${Math.min(longest + 0.5, 14)}ch`, class: "classes", role: "group", "aria-label": "Classes" });
    this.detail = element("div", { class: "detail" });
    const side = element("div", { class: "side" }, [this.classes, this.detail]);
    place.replaceChildren(element("div", { class: "tools" }, [sample, find, zooms]),
      element("div", { class: "stage" }, [this.canvas, side]), this.told);
    this.buttons = this.network.classes.map((name, index) => {
      const made = element("button", { type: "button", class: "class", "aria-pressed": "false" }, [
        element("span", { class: "name" }, [name]), element("span", { class: "bar" }, [element("i")]),
        element("span", { class: "sum" })]);
      made.addEventListener("click", () => this.select(-1, this.scene.chosenClass === index ? -1 : index));
      this.classes.append(made);
      return made;
    });
  }

  /** @param {string} text @param {() => void} act @param {string} [label] @returns {any} */
  button(text, act, label) {
    const made = element("button", label ? { type: "button", "aria-label": label } : { type: "button" }, [text]);
    made.addEventListener("click", act);
    return made;
  }

  /** @returns {HTMLOptionElement[]} */
  options() {
    const named = this.network.samples.map((one, index) => element("option", { value: String(index) }, [
      one.label === null ? one.name : `${one.name}: ${one.label}`]));
    return [element("option", { value: "" }, ["none"]), ...named,
      element("option", { value: "chance" }, ["bits by chance"])];
  }

  listen() {
    const { canvas } = this;
    this.choice.addEventListener("change", () => this.show(this.choice.value));
    canvas.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      this.painter.zoom(Math.exp(-event.deltaY * 0.0016), event.offsetX, event.offsetY);
      this.move();
    }, { passive: false });
    this.listenToPointer();
    canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    new ResizeObserver(() => { this.painter.fit(); this.redraw(); }).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.painter.colours = colours();
      this.redraw();
    });
  }

  listenToPointer() {
    const { canvas } = this;
    /** @type {Map<number, {x: number, y: number}>} */ const down = new Map();
    let moved = 0;
    canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      canvas.setPointerCapture(event.pointerId);
      down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      moved = 0;
    });
    canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      const before = down.get(event.pointerId), now = { x: event.offsetX, y: event.offsetY };
      if (!before) { this.hover(now.x, now.y); return; }
      const other = [...down].find(([id]) => id !== event.pointerId);
      if (other) this.pinch(other[1], before, now);
      else { this.painter.left += now.x - before.x; this.painter.top += now.y - before.y; }
      moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
      down.set(event.pointerId, now);
      this.move();
    });
    const up = (/** @type {PointerEvent} */ event) => {
      const was = down.delete(event.pointerId);
      if (!was || moved > 6 || event.type !== "pointerup") return;
      const { net, klass } = this.painter.at(event.offsetX, event.offsetY);
      this.select(net, klass);
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("dblclick", (/** @type {MouseEvent} */ event) => {
      const { net } = this.painter.at(event.offsetX, event.offsetY);
      if (net >= 2 && net < this.network.first && this.sample) this.flip(net);
    });
  }

  /** @typedef {{x: number, y: number}} Point */
  /** @param {Point} fixed @param {Point} before @param {Point} now */
  pinch(fixed, before, now) {
    const far = (/** @type {Point} */ one) => Math.hypot(one.x - fixed.x, one.y - fixed.y) || 1;
    this.painter.zoom(far(now) / far(before), fixed.x, fixed.y);
  }

  /** @param {number} x @param {number} y */
  hover(x, y) {
    const { net, klass } = this.painter.at(x, y);
    this.canvas.style.cursor = net >= 0 || klass >= 0 ? "pointer" : "grab";
    this.canvas.title = net >= 0 ? this.sentence(net) : klass >= 0 ? `class ${this.network.classes[klass]}` : "";
  }

  /** @param {number} net @returns {string} */
  sentence(net) {
    const { network } = this, value = this.scene.value ? ` = ${this.scene.value[net]}` : "";
    if (net < network.first) return network.label(net) + value;
    return `${network.label(net)}: ${network.meaning(net - network.first)}${value}`;
  }

  /** @param {number} factor */
  zoom(factor) {
    const { width, height } = this.painter.size();
    this.painter.zoom(factor, width / 2, height / 2);
    this.redraw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step && this.scene.chosen >= 0) this.walk(step[0], step[1]);
    else if (step) { this.painter.left -= 60 * step[0]; this.painter.top -= 60 * step[1]; this.redraw(); }
    else if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else if (event.key === "0") { this.painter.fit(); this.redraw(); }
    else if (event.key === "Escape") this.select(-1, -1);
    else if (event.key === " " && this.sample && this.isInput(this.scene.chosen)) this.flip(this.scene.chosen);
    else return;
    event.preventDefault();
  }

  /** To what the chosen gate reads, to what reads it, or to its neighbours. @param {number} right @param {number} down */
  walk(right, down) {
    const { network } = this, net = this.scene.chosen, node = net - network.first;
    let next = net + down;
    if (right < 0) next = node >= 0 && network.arity[node] ? network.fanin[network.start[node]] : net;
    if (right > 0) {
      const from = network.readers.start[net];
      if (from < network.readers.start[net + 1]) next = network.first + network.readers.list[from];
      else {
        const vote = network.votes.indexOf(net);
        if (vote >= 0) { this.select(-1, network.classOf[vote]); return; }
      }
    }
    if (next >= 2 && next < network.nets) this.go(next);
  }

  /** @param {number} net @returns {boolean} */
  isInput(net) { return net >= 2 && net < this.network.first; }

  find() {
    const net = this.network.find(this.search.value);
    if (net < 0) this.say(`Nothing here is called ${this.search.value}.`);
    else this.go(net);
  }

  /** Choose a net and bring it into the middle. @param {number} net */
  go(net) {
    this.painter.centre(this.layout.x[net], this.layout.y[net], 34);
    this.select(net, -1);
  }

  /** @param {number} net -1 for none @param {number} klass -1 for none */
  select(net, klass) {
    const { network, scene } = this;
    scene.chosen = net < 2 ? -1 : net;
    scene.chosenClass = klass;
    const roots = klass >= 0 ? network.votesOf(klass) : net >= 2 ? [net] : null;
    scene.lit = roots ? network.cone(roots) : null;
    this.buttons.forEach((one, index) => one.setAttribute("aria-pressed", String(index === klass)));
    let gates = 0, inputs = 0;
    if (scene.lit) for (let one = 2; one < network.nets; one++) if (scene.lit[one]) one < network.first ? inputs++ : gates++;
    this.canvas.dataset.gates = String(gates);
    this.canvas.dataset.inputs = String(inputs);
    this.describe(gates, inputs);
    this.redraw();
  }

  /** @param {number} gates @param {number} inputs behind what is chosen */
  describe(gates, inputs) {
    const { network, scene } = this, behind = `${many(gates, "gate")} and ${many(inputs, "input")}`;
    if (scene.chosenClass >= 0) this.describeClass(scene.chosenClass, behind);
    else if (this.isInput(scene.chosen)) this.describeInput(scene.chosen);
    else if (scene.chosen >= 0) this.describeGate(scene.chosen, behind);
    else {
      this.detail.replaceChildren(element("p", {}, ["Choose a class, a gate or an input. Drag to move, turn the wheel to zoom."]));
      this.say(scene.winner >= 0 ? this.verdict() : `${network.name}: ${many(network.nodes, "gate")}`);
    }
  }

  /** @param {number} index @param {string} behind */
  describeClass(index, behind) {
    const { network, scene } = this, votes = network.votesOf(index), bias = network.bias[index];
    const size = network.sizes[index], part = votes.length < size ? ` of ${size}` : "";
    const counted = scene.value ? `: ${scene.sums[index] - bias} say yes` : "";
    const said = `Class ${network.classes[index]}: ${many(votes.length, "vote")}${part}${counted}${bias ? `, and ${bias} always` : ""}. ` +
      `Behind: ${behind}.`;
    this.detail.replaceChildren(element("h3", {}, [`Class ${network.classes[index]}`]), element("p", {}, [said]),
      ...this.links("Votes", votes));
    this.say(said);
  }

  /** @param {number} net */
  describeInput(net) {
    const { network, scene } = this, readers = [];
    for (let k = network.readers.start[net]; k < network.readers.start[net + 1]; k++) {
      readers.push(network.first + network.readers.list[k]);
    }
    const said = `Input ${this.sentence(net)}, read by ${many(readers.length, "gate")}.`;
    const flip = scene.value ? [this.button("Flip this bit", () => this.flip(net))] : [];
    this.detail.replaceChildren(element("h3", {}, [network.label(net)]), element("p", {}, [said]), ...flip,
      ...this.links("Read by", readers));
    this.say(said);
  }

  /** @param {number} net @param {string} behind */
  describeGate(net, behind) {
    const { network } = this, node = net - network.first, readers = [];
    const operands = [...network.fanin.subarray(network.start[node], network.start[node + 1])];
    for (let k = network.readers.start[net]; k < network.readers.start[net + 1]; k++) {
      readers.push(network.first + network.readers.list[k]);
    }
    const voted = new Set();
    for (let i = 0; i < network.votes.length; i++) if (network.votes[i] === net) voted.add(network.classOf[i]);
    const votes = [...voted].map((index) => `class ${network.classes[index]}`).join(", ");
    const said = `${this.sentence(net)}.${votes ? ` It votes for ${votes}.` : ""} Behind it, itself included: ${behind}.`;
    this.detail.replaceChildren(element("h3", {}, [network.label(net)]), element("p", {}, [said]),
      ...this.links("Reads", operands, true), ...this.links("Read by", readers));
    this.say(said);
  }

  /** @param {string} title @param {number[]} nets @param {boolean} [lettered] @returns {HTMLElement[]} */
  links(title, nets, lettered) {
    if (!nets.length) return [];
    const items = nets.slice(0, MOST_LISTED).map((net, place) => {
      const letter = lettered ? `${"ABCDEF"[place]} = ` : "";
      return element("li", {}, net < 2 ? [letter + this.network.label(net)]
        : [this.button(letter + this.sentence(net), () => this.go(net))]);
    });
    const rest = nets.length - items.length;
    if (rest > 0) items.push(element("li", {}, [`and ${rest} more`]));
    return [element("h4", {}, [title]), element("ul", {}, items)];
  }

  /** @param {string} value of the choice: a number, `chance`, or nothing */
  show(value) {
    this.choice.value = value;
    const { network } = this;
    if (value === "") this.sample = null;
    else {
      const found = value === "chance" ? network.chance() : network.samples[Number(value)];
      this.sample = { ...found, bits: found.bits.slice() };
    }
    this.evaluate();
  }

  /** Turn an input over, and those bits of its feature that no value could give with it. @param {number} net */
  flip(net) {
    const { network, sample } = this;
    if (!sample) return;
    const bit = net - 2, on = sample.bits[bit] ? 0 : 1;
    for (let one = 0; one < network.inputs; one++) {
      if (network.owner[one] !== network.owner[bit]) continue;
      const step = network.step[one] - network.step[bit];
      if (step === 0 || (on ? step < 0 : step > 0)) sample.bits[one] = on;
    }
    this.sample = { ...sample, image: null, scores: [], winner: -1, label: null, name: "changed" };
    this.evaluate();
  }

  evaluate() {
    const { network, scene, sample } = this;
    scene.value = sample ? network.evaluate(sample.bits) : null;
    scene.image = sample ? sample.image : null;
    scene.sums = scene.value ? network.count(scene.value) : [];
    scene.winner = scene.value && network.whole ? network.winner(scene.sums) : -1;
    const most = Math.max(1, ...scene.sums);
    this.buttons.forEach((one, index) => {
      one.querySelector(".sum").textContent = scene.value ? String(scene.sums[index]) : "";
      one.querySelector("i").style.width = scene.value ? `${(100 * Math.max(0, scene.sums[index])) / most}%` : "0";
      one.classList.toggle("winner", index === scene.winner);
    });
    this.canvas.dataset.winner = String(scene.winner);
    this.select(scene.chosen, scene.chosenClass);
  }

  /** @returns {string} */
  verdict() {
    const { network, scene, sample } = this;
    const label = sample && sample.label !== null ? `, its label is ${sample.label}` : "";
    return `The class is ${network.classes[scene.winner]}, with ${scene.sums[scene.winner]} votes${label}.`;
  }

  /** @param {string} text */
  say(text) { this.told.textContent = text; }

  redraw() {
    this.moving = false;
    this.frame();
  }

  /** Draw quickly now, and well when nothing moves any more. */
  move() {
    this.moving = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.redraw(), 140);
    this.frame();
  }

  frame() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (this.moving) this.painter.drawMoving(this.scene);
      else { this.painter.settle(); this.painter.draw(this.scene); }
    });
  }
}

for (const place of document.querySelectorAll("#lgc-explorer")) {
  const data = document.getElementById("lgc-explorer-network");
  if (place instanceof HTMLElement && data) new Explorer(place, JSON.parse(data.textContent || "{}"));
}
