// One referral: what the reader may see of it, and what can be done.
import { readReferral } from "./api";
import { actions } from "./actions";
import { h, terms } from "./dom";
import { agencyName, codeLabel, stateLabel, type Known } from "./known";
import { nameOf } from "./person";
import { language, lastDay, moment, word } from "./words";

export async function referral(known: Known, id: string, again: () => Promise<void>): Promise<HTMLElement> {
  const { value: one, etag } = await readReferral(id);
  const languages = one.preview?.languages.map((spoken) =>
    spoken.interpreter_needed ? `${language(spoken.tag)} (${word("interpreter")})` : language(spoken.tag),
  );
  const left = one.redactions.map((name) => codeLabel(known, "compartments", name));
  return h(
    "article",
    {},
    h("a", { href: "#/" }, `← ${word("back")}`),
    h("h1", { tabIndex: -1 }, codeLabel(known, "referral_topics", one.topic)),
    h("p", { className: "state", id: "state" }, stateLabel(known, "referral", one.status)),
    terms([
      [word("from"), agencyName(known, one.sender_agency_id)],
      [word("to"), agencyName(known, one.recipient_agency_id)],
      [word("due"), lastDay(one.due_at)],
      [word("person"), one.person && nameOf(one.person.name)],
      [word("languages"), languages?.join(", ") || null],
      [word("message"), one.message],
      [word("left"), left.join(", ") || null],
      [word("updated"), moment(one.updated_at)],
    ]),
    one.case_id && h("p", {}, h("a", { href: `#/cases/${one.case_id}` }, `${word("case")} ${one.case_reference}`)),
    actions(known, { lifecycle: "referral", id, etag, allowed: one.allowed_actions }, again),
  );
}
