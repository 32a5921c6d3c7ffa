// A learned program as text whose lines can be lit.

const SHORT = 80;

/** The words of a line that have a look of their own: registers, keywords, operations. */
const WORDS = /\b(r\d+)\b|\b(when|always|old|finish|RETURN)\b|\b([A-Z][A-Z_0-9]+)\b/g;

/** The lines of a program: depth of indentation, text, and the number of the block. */
function linesOf(text) {
  let block = 0;
  return text.split("\n").map((line) => {
    if (!line.trim()) block += 1;
    return { depth: line.length - line.trimStart().length, text: line.trim(), block };
  });
}

class Listing {
  /** A long program shows only what is about the lit line, until all of it is asked for. */
  constructor(host, lines) {
    this.host = host;
    this.lines = lines;
    const blocks = [];
    this.nodes = lines.map((line) => {
      blocks[line.block] ??= make("div", { class: "block" });
      return line.text ? blocks[line.block].appendChild(writtenLine(line)) : null;
    });
    this.blocks = blocks.filter(Boolean);
    this.all = lines.length > SHORT ? make("input", { type: "checkbox", onchange: () => this.#cut() }) : null;
    if (this.all) host.before(make("label", { class: "switch" }, this.all, ` all ${grouped(lines.length)} lines`));
    host.append(...this.blocks);
  }

  /**
   * Light what has run and mark what is next.
   *
   * @param ran the numbers of lines that have run, each with a note
   * @param next the numbers of the lines that run next
   */
  show(ran, next = []) {
    this.ran = ran;
    const [now, then] = [this.#blocks([...ran.keys()]), this.#blocks(next)];
    this.blocks.forEach((block) => setClass(block, ["block", now.has(block) && "ran", then.has(block) && "next"].filter(Boolean).join(" ")));
    const soon = new Set(next);
    const note = (i) => ran.get(i) ?? (soon.has(i) && next.length === 1 ? "next" : "");
    this.nodes.forEach((node, i) => {
      if (!node) return;
      setClass(node, ["line", ran.has(i) && "lit"].filter(Boolean).join(" "));
      setText(node.lastChild, note(i));
    });
    this.next = next;
    this.#cut();
    const seen = this.nodes[[...ran.keys(), ...next][0]];
    if (seen) reveal(this.host, now.size === 1 && this.all === null ? [...now][0] : seen);
  }

  #blocks(numbers) {
    return new Set(numbers.map((i) => this.nodes[i].parentElement));
  }

  /** Hide what is not about the lit lines, if the program is long. */
  #cut() {
    if (!this.all) return;
    const kept = this.all.checked ? null : this.#about([...this.ran.keys(), ...this.next]);
    this.nodes.forEach((node, i) => node && (node.hidden = kept !== null && !kept.has(i)));
    this.nodes.forEach((node, i) => node?.classList.toggle("more", this.lines[i].text.endsWith(":") && this.nodes[i + 1]?.hidden === true));
  }

  /** The heads of all blocks, and of the given lines: what they are in, and what stands beside them. */
  #about(numbers) {
    const kept = new Set(this.lines.flatMap((line, i) => (line.depth ? [] : [i])));
    for (const number of numbers) {
      const { depth, block } = this.lines[number];
      for (const step of [-1, 1]) {
        let least = depth;
        for (let i = number; this.lines[i]?.text && this.lines[i].block === block && (step < 0 || this.lines[i].depth >= depth); i += step) {
          const here = this.lines[i].depth;
          if (here === depth && least === depth) kept.add(i);
          else if (here < least) kept.add(i);
          least = Math.min(least, here);
        }
      }
    }
    return kept;
  }
}

/** A line with its registers in their colours, and room for a note. */
function writtenLine({ depth, text }) {
  const code = make("span", { class: "code" });
  code.style.paddingLeft = `${depth}ch`;
  let end = 0;
  for (const found of text.matchAll(WORDS)) {
    const [word, register, keyword] = found;
    const kind = register ? `reg c${registerColour(Number(register.slice(1)))}` : keyword ? "keyword" : "operation";
    code.append(text.slice(end, found.index), make("span", { class: kind, text: word }));
    end = found.index + word.length;
  }
  code.append(text.slice(end));
  return make("div", { class: "line" }, code, make("span", { class: "note" }));
}
