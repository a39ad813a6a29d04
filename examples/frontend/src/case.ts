// One case: who it is about, its concerns to be changed, and what can be done.
import { client, readCase, Refused, saveConcerns, type Case, type Concern, type Seen } from "./api";
import { actions } from "./actions";
import { conflict } from "./conflict";
import { h, labelled, say, terms } from "./dom";
import { agencyName, codeLabel, label, stateLabel, type Known } from "./known";
import { nameOf } from "./person";
import { refusal } from "./refusal";
import { moment, word } from "./words";

export async function oneCase(known: Known, id: string, again: () => Promise<void>): Promise<HTMLElement> {
  const seen = await readCase(id);
  const one = seen.value;
  const names = await Promise.all(one.participants.map((part) => personName(part.person_id)));
  const left = one.redactions.map((name) => codeLabel(known, "compartments", name));
  const topics = one.concerns.map((concern) => concernLabel(known, concern));
  const mayEdit = one.lead_agency_id === known.me.agency.id && known.me.scopes.includes("cases:write");
  return h(
    "article",
    {},
    h("a", { href: "#/" }, `← ${word("back")}`),
    h("h1", { tabIndex: -1 }, `${word("case")} ${one.reference}`),
    h("p", { className: "state", id: "state" }, stateLabel(known, "case", one.status)),
    terms([
      [word("person"), names.filter(Boolean).join(", ") || null],
      [word("lead"), agencyName(known, one.lead_agency_id)],
      [word("concerns"), topics.join(", ") || "–"],
      [word("left"), left.join(", ") || null],
      [word("updated"), moment(one.updated_at)],
    ]),
    actions(known, { lifecycle: "case", id, etag: seen.etag, allowed: one.allowed_actions }, again),
    mayEdit && edit(known, seen, again),
  );
}

/** The name where the person may be seen; reading it leaves an access record, so it is not in the list. */
async function personName(id: string | null): Promise<string | null> {
  if (!id) return null;
  const { data } = await client.GET("/persons/{id}", { params: { path: { id } } });
  return data ? nameOf(data.name) : null;
}

export function concernLabel(known: Known, one: Concern): string {
  return `${codeLabel(known, "referral_topics", one.topic)} (${codeLabel(known, "life_areas", one.life_area)})`;
}

/** The concerns as rows of selects; a newer state of the case leads to both versions. */
function edit(known: Known, first: Seen<Case>, again: () => Promise<void>): HTMLElement {
  const rows = h("div", { id: "rows" });
  const add = (concern?: Concern): void => {
    const row = h("div", { className: "row" });
    const remove = h("button", { type: "button", on: { click: () => row.remove() } }, word("remove"));
    row.append(labelled(word("concern"), choice(known, concern)), remove);
    rows.append(row);
  };
  first.value.concerns.forEach(add);
  const place = h("div", { id: "conflict" });
  const form = h("form", {}, rows, h("button", { type: "button", on: { click: () => add() } }, word("add")));
  form.append(h("button", { type: "submit", className: "first" }, word("save")));

  async function save(concerns: Concern[], etag: string): Promise<void> {
    try {
      await saveConcerns(first.value.id, etag, concerns);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 412) {
        return place.replaceChildren(refusal(error));
      }
      const theirs = await readCase(first.value.id); // the newer state, and the ETag to write over it
      form.hidden = true;
      place.replaceChildren(
        conflict(known, concerns, theirs, {
          keep: (chosen) => void save(chosen, theirs.etag),
          takeTheirs: () => void again(),
        }),
      );
      return place.querySelector("h3")?.focus();
    }
    await again();
    say(word("saved"));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = [...rows.querySelectorAll("select")].map((one) => parse(one.value));
    save(chosen, first.etag).catch((error: unknown) => place.replaceChildren(refusal(error)));
  });
  return h("section", {}, h("h2", {}, word("edit")), form, place);
}

/** Topics, grouped by the life area that their list says. */
function choice(known: Known, now?: Concern): HTMLSelectElement {
  const areas = known.lists.get("life_areas") ?? new Map();
  const topics = [...(known.lists.get("referral_topics")?.values() ?? [])];
  const groups = [...areas.values()].map((area) => {
    const inside = topics.filter((one) => one.attributes.life_area === area.code);
    const options = inside.map((one) =>
      h("option", { value: `${area.code}/${one.code}` }, label(one.labels, one.code)),
    );
    return options.length ? h("optgroup", { label: label(area.labels, area.code) }, ...options) : null;
  });
  const select = h("select", { required: true }, ...groups);
  const value = now && `${now.life_area}/${now.topic}`;
  if (value && ![...select.options].some((one) => one.value === value)) {
    select.append(h("option", { value }, concernLabel(known, now)));
  }
  if (value) select.value = value;
  return select;
}

function parse(value: string): Concern {
  const [life_area = "", topic = ""] = value.split("/");
  return { life_area, topic };
}
