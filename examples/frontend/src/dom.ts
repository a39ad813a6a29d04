// Elements without a framework. Text is only ever set as text, never as markup.

type Child = Node | string | null | false;
type Given<T extends Element> = { [K in keyof T]?: T[K] } & { on?: Record<string, (e: Event) => void> };

/** An element with its properties and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  given: Given<HTMLElementTagNameMap[K]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  const { on, ...properties } = given;
  Object.assign(made, properties);
  for (const [event, listener] of Object.entries(on ?? {})) made.addEventListener(event, listener);
  made.append(...children.filter((one) => one !== null && one !== false));
  return made;
}

let fields = 0;

/** A field under its label. */
export function labelled(text: string, field: HTMLElement): HTMLElement {
  field.id = `field-${(fields += 1)}`;
  return h("div", { className: "field" }, h("label", { htmlFor: field.id }, text), field);
}

/** Terms and what they mean here; what is null is left out. */
export function terms(pairs: [string, string | null][]): HTMLElement {
  const there = pairs.filter((pair) => pair[1] !== null);
  return h("dl", {}, ...there.flatMap(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]));
}

/** Say something to everybody, also to who does not look. */
export function say(text: string): void {
  document.getElementById("said")!.textContent = text;
}
