// Two versions of one case side by side. Whoever decides sees what is only in one of them.
import type { Case, Concern, Seen } from "./api";
import { concernLabel } from "./case";
import { h } from "./dom";
import { stateLabel, type Known } from "./known";
import { moment, word } from "./words";

interface Ways {
  keep: (concerns: Concern[]) => void;
  takeTheirs: () => void;
}

const key = (one: Concern): string => `${one.life_area}/${one.topic}`;

/** What both have, each once, in the order of the first. */
export function together(mine: Concern[], theirs: Concern[]): Concern[] {
  const known = new Set(mine.map(key));
  return [...mine, ...theirs.filter((one) => !known.has(key(one)))];
}

export function conflict(known: Known, mine: Concern[], theirs: Seen<Case>, ways: Ways): HTMLElement {
  const newer = theirs.value;
  const version = (title: string, own: Concern[], other: Concern[], ...more: string[]): HTMLElement => {
    const there = new Set(other.map(key));
    const lines = own.map((one) => {
      const only = !there.has(key(one));
      const mark = only && h("em", {}, ` – ${word("onlyHere")}`);
      return h("li", { className: only ? "only" : "" }, concernLabel(known, one), mark);
    });
    const list = lines.length ? h("ul", {}, ...lines) : h("p", {}, "–");
    return h("div", { className: "version" }, h("h4", {}, title), list, ...more.map((text) => h("p", {}, text)));
  };
  const state = `${word("stand")}: ${stateLabel(known, "case", newer.status)}`;
  const button = (name: string, text: string, click: () => void): HTMLElement => {
    const made = h("button", { type: "button", on: { click } }, text);
    made.dataset.choice = name;
    return made;
  };
  return h(
    "div",
    { className: "conflict" },
    h("h3", { tabIndex: -1 }, word("conflict")),
    h("p", {}, word("conflictText")),
    h(
      "div",
      { className: "versions" },
      version(word("mine"), mine, newer.concerns),
      version(word("theirs"), newer.concerns, mine, state, `${word("updated")}: ${moment(newer.updated_at)}`),
    ),
    button("theirs", word("theirsTake"), ways.takeTheirs),
    button("mine", word("mineKeep"), () => ways.keep(mine)),
    button("both", word("both"), () => ways.keep(together(mine, newer.concerns))),
  );
}
