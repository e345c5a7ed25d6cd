// Where everything is, and how it is drawn on the canvas.
"use strict";

/** @typedef {{x: number, y: number, width: number, height: number}} Box */

const CELL = 0.84, MOST_WIRES = 3000, NEAR = 500;

/** Places of all nets and classes, in units of a gate. */
class Layout {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    this.x = new Float32Array(network.nets);
    this.y = new Float32Array(network.nets);
    /** @type {{name: string, x: number}[]} */ this.titles = [];
    /** @type {{name: string, x: number, y: number}[]} */ this.names = [];
    /** @type {Box[]} */ this.boxes = [];
    this.row = 1; this.side = 0; this.top = 0; this.width = 0;
    const counts = network.columns.map((_, index) => network.column.reduce((sum, one) => sum + +(one === index), 0));
    const most = Math.max(...counts, network.image ? 0 : network.features.length, 1);
    this.small = most <= 40;
    this.pitch = this.small ? 2.2 : 1;
    const classes = network.classes.length;
    this.height = Math.max(this.small ? most * 2.2 : Math.sqrt(most) * 2.4, classes * 5, 30);
    let left = this.placeInputs();
    for (let index = 0; index < counts.length; index++) left = this.placeColumn(index, left, counts[index]);
    this.placeClasses(left);
  }

  /** @returns {number} where the next column begins */
  placeInputs() {
    const { network } = this;
    if (network.image) return this.placeImage(network.image);
    const count = network.features.length, rows = Math.max(1, Math.min(count, Math.floor(this.height / 1.4)));
    const pitch = this.height / rows, steps = network.step.reduce((most, one) => Math.max(most, one), 0) + 1;
    const longest = network.features.reduce((most, name) => Math.max(most, name.length), 4);
    this.row = Math.min(pitch, 3);
    const room = Math.min(longest, 26) * this.row * 0.36 + 2, wide = room + steps * 1.5 + 2;
    this.names = network.features.map((name, index) => (
      { name, x: wide * Math.floor(index / rows) + room - 1.5, y: pitch * ((index % rows) + 0.5) }));
    for (let i = 0; i < network.inputs; i++) {
      const owner = this.names[network.owner[i]];
      this.x[2 + i] = owner.x + 1.5 + 1.5 * network.step[i];
      this.y[2 + i] = owner.y;
    }
    this.titles.push({ name: "input", x: 0 });
    return wide * Math.ceil(count / rows) + this.gap();
  }

  /** @param {[number, number, number]} image channels, rows and columns @returns {number} */
  placeImage([channels, rows, columns]) {
    const { network } = this;
    this.side = Math.max(1.2, (this.height * (channels > 1 ? 0.96 : 0.6)) / (channels * (rows + 1)));
    this.top = (this.height - this.side * channels * (rows + 1)) / 2;
    for (let i = 0; i < network.inputs; i++) {
      const [x, y] = this.pixelAt(/** @type {Int32Array} */ (network.pixel)[network.owner[i]], rows, columns);
      this.x[2 + i] = x + (this.side * (network.step[i] + 0.5)) / network.steps;
      this.y[2 + i] = y + this.side / 2;
    }
    this.titles.push({ name: "input", x: 0 });
    return this.side * columns + this.gap();
  }

  /** @param {number} pixel @param {number} rows @param {number} columns @returns {[number, number]} its corner */
  pixelAt(pixel, rows, columns) {
    const channel = Math.floor(pixel / (rows * columns)), inside = pixel % (rows * columns);
    const down = Math.floor(inside / columns) + channel * (rows + 1);
    return [(inside % columns) * this.side, this.top + down * this.side];
  }

  gap() { return Math.max(10, this.height * (this.small ? 0.3 : 0.22)); }

  /** @param {number} index @param {number} left @param {number} count @returns {number} */
  placeColumn(index, left, count) {
    const { network } = this;
    if (!count) return left;
    const groups = this.groupsOf(index);
    const room = this.height / groups.length;
    let width = 1;
    groups.forEach((group, number) => {
      const rows = Math.max(1, Math.min(group.length, Math.floor((room * 0.9) / this.pitch)));
      const top = number * room + (room - rows * this.pitch) / 2;
      group.forEach((node, place) => {
        this.x[network.first + node] = left + this.pitch * (Math.floor(place / rows) + 0.5);
        this.y[network.first + node] = top + this.pitch * ((place % rows) + 0.5);
      });
      width = Math.max(width, this.pitch * Math.ceil(group.length / rows));
    });
    this.titles.push({ name: network.columns[index], x: left });
    return left + width + this.gap();
  }

  /** @param {number} index @returns {number[][]} the last column by class, with those that do not vote at the end */
  groupsOf(index) {
    const { network } = this;
    const nodes = [];
    for (let node = 0; node < network.nodes; node++) if (network.column[node] === index) nodes.push(node);
    if (index < network.columns.length - 1) return [nodes];
    const of = new Map();
    for (let i = 0; i < network.votes.length; i++) of.set(network.votes[i] - network.first, network.classOf[i]);
    /** @type {number[][]} */ const groups = network.classes.map(() => []);
    /** @type {number[]} */ const rest = [];
    for (const node of nodes) (of.has(node) ? groups[of.get(node)] : rest).push(node);
    if (rest.length) groups.push(rest);
    return groups;
  }

  /** @param {number} left */
  placeClasses(left) {
    const { network } = this;
    const room = this.height / network.classes.length;
    const height = Math.min(room * 0.8, Math.max(3, this.height * 0.09), 14);
    this.boxes = network.classes.map((_, index) => (
      { x: left, y: room * (index + 0.5) - height / 2, width: height * 3.6, height }));
    this.titles.push({ name: "classes", x: left });
    this.width = left + height * 3.6;
  }
}

/** Colours by name, as the page has them now. @returns {Record<string, string>} */
function colours() {
  const style = getComputedStyle(document.documentElement);
  /** @type {Record<string, string>} */ const found = {};
  for (const name of ["ink", "soft", "line", "paper", "accent", "live", "c1", "c2", "c3", "c4", "c5"]) {
    found[name] = style.getPropertyValue(`--${name}`).trim() || "#888";
  }
  return found;
}

/**
 * What is drawn.
 * @typedef {object} Scene
 * @property {?Uint8Array} value of each net; null where no sample is shown
 * @property {?Uint8Array} lit 1 for what is selected and all it depends on; null where nothing is selected
 * @property {number} chosen the selected net, or -1
 * @property {number} chosenClass the selected class, or -1
 * @property {number[]} sums votes of each class
 * @property {number} winner index of the class; -1 where it is not known
 * @property {?Uint8Array} image
 */

class Painter {
  /** @param {HTMLCanvasElement} canvas @param {Layout} layout */
  constructor(canvas, layout) {
    this.canvas = canvas;
    this.layout = layout;
    this.network = layout.network;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.colours = colours();
    this.scale = 1; this.left = 0; this.top = 0;
    this.still = document.createElement("canvas");
    this.shot = { scale: 0, left: 0, top: 0 };
  }

  /** Show everything. */
  fit() {
    const { width, height } = this.size(), { layout } = this;
    this.scale = Math.min((width - 24) / layout.width, (height - 44) / layout.height);
    this.left = (width - layout.width * this.scale) / 2;
    this.top = 30 + (height - 36 - layout.height * this.scale) / 2;
  }

  /** @returns {{width: number, height: number}} in pixels of the page */
  size() { return { width: this.canvas.clientWidth, height: this.canvas.clientHeight }; }

  /** @param {number} factor @param {number} x @param {number} y where nothing moves, in pixels */
  zoom(factor, x, y) {
    const next = Math.min(400, Math.max(0.05, this.scale * factor)), real = next / this.scale;
    this.left = x - (x - this.left) * real;
    this.top = y - (y - this.top) * real;
    this.scale = next;
  }

  /** @param {number} x @param {number} y in units of a gate @param {number} least how large a gate is to be */
  centre(x, y, least) {
    const { width, height } = this.size();
    this.scale = Math.max(this.scale, least);
    this.left = width / 2 - x * this.scale;
    this.top = height / 2 - y * this.scale;
  }

  /** @param {number} x @param {number} y in pixels @returns {{net: number, klass: number}} what is there; -1 for nothing */
  at(x, y) {
    const { layout, network } = this, wx = (x - this.left) / this.scale, wy = (y - this.top) / this.scale;
    const klass = layout.boxes.findIndex((box) => (
      wx >= box.x && wx <= box.x + box.width && wy >= box.y && wy <= box.y + box.height));
    let net = -1, nearest = (0.75 * Math.max(1, layout.pitch / 1.5) + 3 / this.scale) ** 2;
    if (klass < 0) {
      for (let one = 2; one < network.nets; one++) {
        const distance = (layout.x[one] - wx) ** 2 + (layout.y[one] - wy) ** 2;
        if (distance < nearest) { nearest = distance; net = one; }
      }
    }
    return { net, klass };
  }

  /** @param {Scene} scene */
  draw(scene) {
    const { width, height } = this.size(), ratio = window.devicePixelRatio || 1, { context } = this;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = this.colours.paper;
    context.fillRect(0, 0, width, height);
    this.drawTitles();
    if (this.network.image) this.drawImage(scene, this.network.image);
    else this.drawNames();
    const visible = this.visible(width, height);
    this.drawWires(scene, visible);
    this.drawNets(scene, visible);
    this.drawClasses(scene);
  }

  /**
   * While something moves: the last picture, moved and stretched; drawn anew only where that would show.
   * @param {Scene} scene
   */
  drawMoving(scene) {
    const { context, shot, still, canvas } = this, { width, height } = this.size(), grown = this.scale / shot.scale;
    const across = this.left - shot.left * grown, down = this.top - shot.top * grown;
    const shown = across < width * 0.2 && down < height * 0.2 &&
      across + width * grown > width * 0.8 && down + height * grown > height * 0.8;
    if (!(grown > 0.6 && grown < 1.7 && shown) || still.width !== canvas.width) {
      this.draw(scene);
      still.width = canvas.width;
      still.height = canvas.height;
      /** @type {CanvasRenderingContext2D} */ (still.getContext("2d")).drawImage(canvas, 0, 0);
      this.shot = { scale: this.scale, left: this.left, top: this.top };
      return;
    }
    context.fillStyle = this.colours.paper;
    context.fillRect(0, 0, width, height);
    context.drawImage(still, across, down, width * grown, height * grown);
  }

  /** The next move begins with a new picture. */
  settle() { this.shot = { scale: 0, left: 0, top: 0 }; }

  drawTitles() {
    const { context, layout } = this;
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = this.colours.soft;
    let end = -Infinity;
    for (const title of layout.titles) {
      const x = Math.max(title.x * this.scale + this.left, end + 14);
      context.fillText(title.name, x, 18);
      end = x + context.measureText(title.name).width;
    }
  }

  /** Names of features, where they can be read. */
  drawNames() {
    const { context, layout } = this, font = Math.min(15, layout.row * this.scale * 0.62), height = this.size().height;
    if (font < 6.5) return;
    context.font = `${font}px system-ui, sans-serif`;
    context.fillStyle = this.colours.ink;
    context.textAlign = "right";
    for (const one of layout.names) {
      const y = one.y * this.scale + this.top;
      if (y > -20 && y < height + 20) context.fillText(one.name, one.x * this.scale + this.left, y + font * 0.35);
    }
    context.textAlign = "left";
  }

  /** @param {Scene} scene @param {[number, number, number]} image */
  drawImage(scene, [channels, rows, columns]) {
    const { context, layout, network } = this, side = layout.side * this.scale;
    for (let channel = 0; channel < channels; channel++) {
      const [x, y] = layout.pixelAt(channel * rows * columns, rows, columns);
      context.fillStyle = this.colours.line;
      context.globalAlpha = 0.25;
      context.fillRect(x * this.scale + this.left, y * this.scale + this.top, side * columns, side * rows);
    }
    context.fillStyle = this.colours.ink;
    for (let pixel = 0; scene.image && pixel < scene.image.length; pixel++) {
      if (!scene.image[pixel]) continue;
      const [x, y] = layout.pixelAt(pixel, rows, columns);
      context.globalAlpha = (0.55 * scene.image[pixel]) / network.steps;
      context.fillRect(x * this.scale + this.left, y * this.scale + this.top, side, side);
    }
    context.globalAlpha = 1;
  }

  /** @param {number} width @param {number} height @returns {number[]} the nets that are in the picture */
  visible(width, height) {
    const { layout, network } = this, found = [];
    const x0 = -this.left / this.scale - 2, x1 = (width - this.left) / this.scale + 2;
    const y0 = -this.top / this.scale - 2, y1 = (height - this.top) / this.scale + 2;
    for (let net = 2; net < network.nets; net++) {
      if (layout.x[net] > x0 && layout.x[net] < x1 && layout.y[net] > y0 && layout.y[net] < y1) found.push(net);
    }
    return found;
  }

  /** @param {Scene} scene @param {number[]} visible */
  drawWires(scene, visible) {
    const { network } = this, total = network.fanin.length;
    /** @type {[number, number][]} */ const dark = [];
    /** @type {[number, number][]} */ const live = [];
    const add = (/** @type {number} */ node, /** @type {number} */ k) => {
      if (network.fanin[k] > 1) (scene.value && scene.value[network.fanin[k]] ? live : dark).push([node, k]);
    };
    const near = !scene.lit && visible.length < NEAR;
    const nodes = near ? this.around(visible) : null;
    let seen = 0;
    const step = scene.lit ? Math.max(1, Math.ceil(this.litWires(scene.lit) / MOST_WIRES)) : Math.ceil(total / 900);
    for (let node = 0; node < network.nodes; node++) {
      if (scene.lit ? !scene.lit[network.first + node] : nodes && !nodes.has(node)) continue;
      for (let k = network.start[node]; k < network.start[node + 1]; k++) if (near || seen++ % step === 0) add(node, k);
    }
    const many = dark.length + live.length;
    const alpha = scene.lit ? Math.max(0.08, Math.min(0.6, 7 / Math.sqrt(many + 1))) : near ? 0.35 : 0.1;
    this.stroke(dark, this.colours[scene.lit && !scene.value ? "accent" : "soft"], scene.value ? alpha / 2 : alpha);
    this.stroke(live, this.colours.live, Math.min(1, alpha * 1.6));
    this.drawVotes(scene);
  }

  /** @param {number[]} visible @returns {Set<number>} the nodes that are seen, and those that read what is seen */
  around(visible) {
    const { network } = this, found = new Set();
    for (const net of visible) {
      if (net >= network.first) found.add(net - network.first);
      else if (visible.length < 200) {
        for (let k = network.readers.start[net]; k < network.readers.start[net + 1]; k++) found.add(network.readers.list[k]);
      }
    }
    return found;
  }

  /** @param {Uint8Array} lit @returns {number} */
  litWires(lit) {
    let count = 0;
    for (let node = 0; node < this.network.nodes; node++) if (lit[this.network.first + node]) count += this.network.arity[node];
    return count;
  }

  /** @param {[number, number][]} wires node and operand @param {string} colour @param {number} alpha */
  stroke(wires, colour, alpha) {
    const { context, layout, network, scale, left, top } = this, half = (CELL / 2) * Math.min(layout.pitch, 1.6);
    context.beginPath();
    for (const [node, k] of wires) {
      const net = network.fanin[k], place = (k - network.start[node] + 1) / (network.arity[node] + 1) - 0.5;
      const x1 = (layout.x[net] + (net < network.first ? 0 : half)) * scale + left, y1 = layout.y[net] * scale + top;
      const x2 = (layout.x[network.first + node] - half) * scale + left;
      const y2 = (layout.y[network.first + node] + place * CELL) * scale + top;
      const bend = (x2 - x1) / 2;
      context.moveTo(x1, y1);
      context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
    }
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.lineWidth = Math.min(3, Math.max(0.8, scale / 18));
    context.stroke();
    context.globalAlpha = 1;
  }

  /** Wires from votes to the sums of their classes. @param {Scene} scene */
  drawVotes(scene) {
    const { context, layout, network } = this;
    context.lineWidth = Math.min(2.5, Math.max(0.7, this.scale / 24));
    for (const on of [0, 1]) {
      context.beginPath();
      for (let i = 0; i < network.votes.length; i++) {
        const net = network.votes[i], box = layout.boxes[network.classOf[i]];
        if (scene.lit && !(scene.lit[net] && (scene.chosenClass < 0 || network.classOf[i] === scene.chosenClass))) continue;
        if (+Boolean(scene.value && scene.value[net]) !== on || (!scene.lit && !layout.small && i % 12)) continue;
        const x = (layout.x[net] + 0.4) * this.scale + this.left, y = layout.y[net] * this.scale + this.top;
        const end = box.x * this.scale + this.left, down = (box.y + box.height / 2) * this.scale + this.top;
        context.moveTo(x, y);
        context.bezierCurveTo((x + end) / 2, y, (x + end) / 2, down, end, down);
      }
      context.globalAlpha = on ? 0.3 : 0.12;
      context.strokeStyle = on ? this.colours.live : this.colours.soft;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  /** @param {Scene} scene @param {number[]} visible */
  drawNets(scene, visible) {
    const { context, layout, network } = this;
    const size = CELL * (layout.small ? 1.7 : 1) * this.scale;
    /** @type {Map<string, number[]>} */ const by = new Map();
    for (const net of visible) {
      const on = scene.value ? scene.value[net] : -1, faint = scene.lit && !scene.lit[net];
      const colour = on === 1 ? "live" : on === 0 ? "line" : net < network.first ? "soft" : network.kind(net - network.first);
      const key = `${colour} ${faint ? 0.12 : on === 0 ? 0.8 : 0.9}`;
      const list = by.get(key);
      if (list) list.push(net); else by.set(key, [net]);
    }
    for (const [key, nets] of by) {
      const [colour, alpha] = key.split(" ");
      context.fillStyle = this.colours[colour];
      context.globalAlpha = Number(alpha);
      for (const net of nets) this.cell(net, size);
    }
    context.globalAlpha = 1;
    if (size >= 16) for (const net of visible) this.words(scene, net, size);
    if (scene.chosen >= 0) this.frame(scene.chosen, size);
  }

  /** @param {number} net @param {number} size in pixels */
  cell(net, size) {
    const x = this.layout.x[net] * this.scale + this.left, y = this.layout.y[net] * this.scale + this.top;
    if (net >= this.network.first) {
      this.context.fillRect(x - size / 2, y - size / 2, size, size);
      return;
    }
    const image = this.network.image;
    const radius = image ? (0.42 * this.layout.side * this.scale) / this.network.steps : Math.min(size / 3, 7);
    if (image) this.context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
    else { this.context.beginPath(); this.context.arc(x, y, radius, 0, 7); this.context.fill(); }
  }

  /** @param {Scene} scene @param {number} net @param {number} size in pixels */
  words(scene, net, size) {
    const { context, network } = this;
    const x = this.layout.x[net] * this.scale + this.left, y = this.layout.y[net] * this.scale + this.top;
    context.globalAlpha = scene.lit && !scene.lit[net] ? 0.15 : 1;
    if (net < network.first) {
      if (size < 40) { context.globalAlpha = 1; return; }
      context.fillStyle = this.colours.ink;
      context.font = `${Math.min(12, size / 4)}px system-ui, sans-serif`;
      context.textAlign = "center";
      const text = network.image ? network.label(net) : network.tests[net - 2].trim();
      context.fillText(text, x, y - Math.min(size / 3, 7) - 4);
    } else {
      const node = net - network.first, word = network.word(node);
      const dim = scene.value && !scene.value[net];
      context.fillStyle = dim ? this.colours.ink : this.colours.paper;
      context.textAlign = "center";
      context.font = `600 ${Math.min(size * 0.3, (size * 1.3) / word.length)}px system-ui, sans-serif`;
      context.fillText(word, x, y + size * (size >= 56 ? 0.02 : 0.1));
      if (size >= 56) {
        context.font = `${size * 0.13}px system-ui, sans-serif`;
        context.fillText(network.label(net), x, y + size * 0.3);
      }
    }
    context.textAlign = "left";
    context.globalAlpha = 1;
  }

  /** @param {number} net @param {number} size */
  frame(net, size) {
    const { context } = this, side = Math.max(size, 8) + 4;
    const x = this.layout.x[net] * this.scale + this.left, y = this.layout.y[net] * this.scale + this.top;
    context.strokeStyle = this.colours.ink;
    context.lineWidth = 2;
    context.strokeRect(x - side / 2, y - side / 2, side, side);
  }

  /** @param {Scene} scene */
  drawClasses(scene) {
    const { context, layout, network } = this;
    layout.boxes.forEach((box, index) => {
      const x = box.x * this.scale + this.left, y = box.y * this.scale + this.top;
      const width = box.width * this.scale, height = box.height * this.scale;
      const faint = scene.lit && scene.chosenClass >= 0 && scene.chosenClass !== index;
      context.globalAlpha = faint ? 0.35 : 1;
      context.fillStyle = this.colours.line;
      context.fillRect(x, y, width, height);
      if (scene.value) {
        const share = Math.max(0, Math.min(1, scene.sums[index] / Math.max(1, ...scene.sums)));
        context.fillStyle = index === scene.winner ? this.colours.live : this.colours.soft;
        context.globalAlpha *= index === scene.winner ? 0.9 : 0.4;
        context.fillRect(x, y, width * share, height);
      }
      context.globalAlpha = faint ? 0.35 : 1;
      context.strokeStyle = index === scene.chosenClass ? this.colours.ink : this.colours.soft;
      context.lineWidth = index === scene.chosenClass ? 2.5 : 1;
      context.strokeRect(x, y, width, height);
      const font = Math.min(height * 0.62, 22);
      if (font < 6) return;
      context.font = `600 ${font}px system-ui, sans-serif`;
      context.fillStyle = this.colours.ink;
      const text = scene.value ? `${network.classes[index]}: ${scene.sums[index]}` : network.classes[index];
      context.fillText(text, x + font * 0.4, y + height / 2 + font * 0.35, width - font * 0.6);
    });
    context.globalAlpha = 1;
  }
}
