// The network: decoded, evaluated, and what depends on what. No drawing here.
"use strict";

/**
 * @typedef {object} Sample
 * @property {string} name
 * @property {Uint8Array} bits one a shown input
 * @property {?string} label of the data
 * @property {number} winner index of the class that lgc computed; -1 if nobody did
 * @property {number[]} scores as lgc computed them, of the whole network; empty if nobody did
 * @property {?Uint8Array} image how many thresholds each feature passes
 */

/** @param {string} text Base64 @returns {Uint8Array} */
function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

/**
 * @param {string} text Base64 of little-endian numbers
 * @param {1|2|4} size bytes of each
 * @param {boolean} [signed]
 * @returns {Int32Array}
 */
function numbersOf(text, size, signed) {
  const view = new DataView(bytesOf(text).buffer);
  const found = new Int32Array(view.byteLength / size);
  for (let i = 0; i < found.length; i++) {
    if (size === 1) found[i] = view.getUint8(i);
    else if (size === 2) found[i] = view.getUint16(2 * i, true);
    else found[i] = signed ? view.getInt32(4 * i, true) : view.getUint32(4 * i, true) | 0;
  }
  return found;
}

const GATES = ["0", "NOR", "A & ~B", "NOT B", "~A & B", "NOT A", "XOR", "NAND",
  "AND", "XNOR", "A", "A | ~B", "B", "~A | B", "OR", "1"];
const KINDS = ["c5", "c1", "c1", "c5", "c1", "c5", "c3", "c2", "c1", "c3", "c5", "c2", "c5", "c2", "c2", "c5"];

class Network {
  /** @param {any} json what lgc.report.explore wrote */
  constructor(json) {
    this.name = String(json.name);
    /** @type {string[]} */ this.classes = json.classes;
    /** @type {number[]} */ this.sizes = json.sizes;
    /** @type {number[]} */ this.bias = json.bias;
    /** @type {boolean} */ this.last = json.tie === "last";
    /** @type {boolean} */ this.whole = json.whole;
    /** @type {string[]} */ this.columns = json.columns;
    const inputs = json.inputs, nodes = json.nodes;
    /** @type {number} */ this.inputs = inputs.count;
    /** @type {number} */ this.nodes = nodes.count;
    this.first = 2 + this.inputs;
    this.nets = this.first + this.nodes;
    /** @type {string[]} */ this.features = inputs.features;
    /** @type {string[]} */ this.tests = inputs.tests;
    this.owner = numbersOf(inputs.owner, 4);
    this.step = numbersOf(inputs.step, 2);
    /** @type {?[number, number, number]} */ this.image = inputs.image || null;
    this.pixel = inputs.image ? numbersOf(inputs.pixel, 4) : null;
    /** @type {number} */ this.steps = inputs.steps || 1;
    this.fanin = numbersOf(nodes.fanin, 4);
    this.arity = numbersOf(nodes.arity, 1);
    this.low = numbersOf(nodes.low, 4);
    this.high = nodes.high ? numbersOf(nodes.high, 4) : null;
    this.column = numbersOf(nodes.column, 2);
    this.neuron = numbersOf(nodes.neuron, 4, true);
    this.votes = numbersOf(json.votes, 4);
    this.classOf = numbersOf(json.classOf, 2);
    this.start = new Int32Array(this.nodes + 1);
    for (let i = 0; i < this.nodes; i++) this.start[i + 1] = this.start[i] + this.arity[i];
    this.readers = this.findReaders();
    /** @type {Sample[]} */
    this.samples = json.samples.map((/** @type {any} */ one) => this.sampleOf(one));
  }

  /** @returns {{start: Int32Array, list: Int32Array}} the nodes that read each net, by index */
  findReaders() {
    const start = new Int32Array(this.nets + 1);
    for (const net of this.fanin) start[net + 1]++;
    for (let i = 0; i < this.nets; i++) start[i + 1] += start[i];
    const next = start.slice(), list = new Int32Array(this.fanin.length);
    for (let node = 0; node < this.nodes; node++) {
      for (let k = this.start[node]; k < this.start[node + 1]; k++) list[next[this.fanin[k]]++] = node;
    }
    return { start, list };
  }

  /** @param {any} json @returns {Sample} */
  sampleOf(json) {
    const packed = bytesOf(json.bits), bits = new Uint8Array(this.inputs);
    for (let i = 0; i < bits.length; i++) bits[i] = (packed[i >> 3] >> (i & 7)) & 1;
    const image = json.image ? bytesOf(json.image) : null;
    return { name: json.name, bits, label: json.label, winner: json.class, scores: json.scores, image };
  }

  /** @returns {Sample} bits that features could give, by chance */
  chance() {
    const level = this.features.map(() => Math.floor(Math.random() * (this.steps + 1)));
    const bits = new Uint8Array(this.inputs);
    for (let i = 0; i < bits.length; i++) bits[i] = this.step[i] < level[this.owner[i]] ? 1 : 0;
    return { name: "chance", bits, label: null, winner: -1, scores: [], image: null };
  }

  /** @param {Uint8Array} bits @returns {Uint8Array} the value of every net */
  evaluate(bits) {
    const value = new Uint8Array(this.nets);
    value[1] = 1;
    value.set(bits, 2);
    for (let node = 0; node < this.nodes; node++) {
      let address = 0;
      const begin = this.start[node];
      for (let k = this.start[node + 1] - 1; k >= begin; k--) address = 2 * address + value[this.fanin[k]];
      const word = address < 32 ? this.low[node] : this.high ? this.high[node] : 0;
      value[this.first + node] = (word >>> (address & 31)) & 1;
    }
    return value;
  }

  /** @param {Uint8Array} value @returns {number[]} votes of each class, with its bias */
  count(value) {
    const sums = this.bias.slice();
    for (let i = 0; i < this.votes.length; i++) sums[this.classOf[i]] += value[this.votes[i]];
    return sums;
  }

  /** @param {number[]} sums @returns {number} index of the class */
  winner(sums) {
    let best = 0;
    for (let i = 1; i < sums.length; i++) if (sums[i] > sums[best] || (this.last && sums[i] === sums[best])) best = i;
    return best;
  }

  /** @param {Iterable<number>} roots @returns {Uint8Array} 1 for each net that one of them depends on, and for them */
  cone(roots) {
    const lit = new Uint8Array(this.nets);
    for (const net of roots) lit[net] = 1;
    for (let node = this.nodes - 1; node >= 0; node--) {
      if (!lit[this.first + node]) continue;
      for (let k = this.start[node]; k < this.start[node + 1]; k++) lit[this.fanin[k]] = 1;
    }
    return lit;
  }

  /** @param {number} index of a class @returns {number[]} its votes, as nets */
  votesOf(index) {
    const found = [];
    for (let i = 0; i < this.votes.length; i++) if (this.classOf[i] === index) found.push(this.votes[i]);
    return found;
  }

  /** @param {number} net @returns {string} */
  label(net) {
    if (net < 2) return net ? "constant 1" : "constant 0";
    if (net < this.first) return this.features[this.owner[net - 2]] + this.tests[net - 2];
    return `${this.columns[this.column[net - this.first]]}[${this.neuron[net - this.first]}]`;
  }

  /** @param {number} node @returns {string} its function in a word */
  word(node) {
    const arity = this.arity[node], low = this.low[node];
    if (arity === 2) return GATES[low & 15];
    if (arity === 1) return ["0", "NOT", "BUF", "1"][low & 3];
    return arity ? `LUT${arity}` : String(low & 1);
  }

  /** @param {number} node @returns {string} its function, with its table if it is no gate */
  meaning(node) {
    if (this.arity[node] < 3) return this.word(node);
    const hex = (/** @type {number} */ n) => (n >>> 0).toString(16);
    const high = this.high && this.arity[node] > 5 ? hex(this.high[node]) : "";
    return `lookup table of ${this.arity[node]} inputs, 0x${high}${hex(this.low[node]).padStart(high ? 8 : 1, "0")}`;
  }

  /** @param {number} node @returns {string} the name of its colour */
  kind(node) {
    return this.arity[node] > 2 ? "c4" : this.arity[node] === 2 ? KINDS[this.low[node] & 15] : "c5";
  }

  /**
   * @param {string} text `layer1[537]`, `layer1 537`, or part of an input's name
   * @returns {number} a net, or -1
   */
  find(text) {
    const wanted = text.trim().toLowerCase(), parts = /^(.*?)[\s[,:]*(?:neuron\s*)?(\d+)\]?$/.exec(wanted);
    if (parts) {
      const column = this.columns.findIndex((name) => name.toLowerCase() === parts[1].trim());
      for (let node = 0; node < this.nodes; node++) {
        if (this.column[node] === column && this.neuron[node] === Number(parts[2])) return this.first + node;
      }
    }
    if (!wanted) return -1;
    for (let net = 2; net < this.first; net++) if (this.label(net).toLowerCase() === wanted) return net;
    for (let net = 2; net < this.first; net++) if (this.label(net).toLowerCase().includes(wanted)) return net;
    return -1;
  }
}
