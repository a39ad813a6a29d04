// What is asked for once: who the caller is, the drawings, code lists and agencies.
import { client, kept, seen, type Schemas } from "./api";
import { lang } from "./words";

type Labels = { de: string; en: string };
type Codes = Map<string, Schemas["CodeOut"]>;

export interface Known {
  me: Schemas["MeOut"];
  lifecycles: Map<string, Schemas["LifecycleOut"]>;
  lists: Map<string, Codes>;
  agencies: Map<string, string>;
}

const LISTS = ["referral_topics", "life_areas", "purposes", "compartments", "urgencies"];

export function label(labels: Labels | undefined, code: string): string {
  return labels ? labels[lang()] : code;
}

export function codeLabel(known: Known, list: string, code: string): string {
  return label(known.lists.get(list)?.get(code)?.labels, code);
}

export function stateLabel(known: Known, lifecycle: string, state: string): string {
  const states = known.lifecycles.get(lifecycle)?.states ?? [];
  return label(states.find((one) => one.name === state)?.labels, state);
}

export function agencyName(known: Known, id: string): string {
  return known.agencies.get(id) ?? id;
}

async function codes(name: string): Promise<[string, Codes]> {
  const query = { limit: 200 };
  const list = seen(await client.GET("/code-lists/{name}", { params: { path: { name }, query } }));
  return [name, new Map(list.value.entries.map((one) => [one.code, one]))];
}

async function agencies(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = cursor ? { limit: 200, cursor } : { limit: 200 };
    const page: Schemas["AgencyPage"] = seen(await client.GET("/agencies", { params: { query } })).value;
    for (const one of page.items) found.set(one.id, one.name);
    cursor = page.page.next_cursor;
  } while (cursor);
  return found;
}

/** Log in with the kept key: who has it, and what everything is called. */
export async function learn(): Promise<Known> {
  const me = seen(await client.GET("/me")).value;
  if (!kept.purpose && me.purposes.length > 1) {
    // whoever has several has to name one with each request
    kept.purpose = me.purposes.includes("referral_handling") ? "referral_handling" : me.purposes[0]!;
  }
  const drawn = client.GET("/lifecycles", { params: { query: { limit: 200 } } });
  const [lists, found] = await Promise.all([Promise.all(LISTS.map(codes)), agencies()]);
  const lifecycles = seen(await drawn).value.items.map((one) => [one.name, one] as const);
  return { me, lifecycles: new Map(lifecycles), lists: new Map(lists), agencies: found };
}
