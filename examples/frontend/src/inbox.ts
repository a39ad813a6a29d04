// The inbox: open referrals to the agency, and the cases that it may see.
import { client, seen, type Case, type Referral, type Schemas } from "./api";
import { h } from "./dom";
import { agencyName, codeLabel, stateLabel, type Known } from "./known";
import { refusal } from "./refusal";
import { lastDay, word } from "./words";

const OPEN: Schemas["ReferralStatus"][] = ["sent", "received", "accepted", "in_progress", "on_hold"];

interface Page<T> {
  items: T[];
  page: Schemas["PageInfo"];
}

export async function inbox(known: Known): Promise<HTMLElement> {
  const referrals = await list(
    async (at) => {
      const query = { ...at, direction: "incoming" as const, status: OPEN, limit: 20 };
      return seen(await client.GET("/referrals", { params: { query } })).value;
    },
    (one) => referralCard(known, one),
  );
  const cases = await list(
    async (at) => seen(await client.GET("/cases", { params: { query: { ...at, limit: 20 } } })).value,
    (one) => caseCard(known, one),
  );
  return h(
    "div",
    {},
    h("h1", { tabIndex: -1 }, word("inbox")),
    h("section", { id: "referrals" }, h("h2", {}, word("incoming")), referrals),
    h("section", { id: "cases" }, h("h2", {}, word("cases")), cases),
  );
}

/** A list of cards, page after page by its cursor. */
async function list<T>(
  read: (at: { cursor?: string }) => Promise<Page<T>>,
  card: (one: T) => HTMLElement,
): Promise<HTMLElement> {
  const rows = h("ul", { className: "cards" });
  const whole = h("div", {}, rows);
  async function show(at: { cursor?: string }): Promise<void> {
    const { items, page } = await read(at);
    rows.append(...items.map((one) => h("li", {}, card(one))));
    const next = page.next_cursor;
    if (!next) return;
    const click = (): void => {
      more.remove();
      show({ cursor: next }).catch((error: unknown) => whole.append(refusal(error)));
    };
    const more = h("button", { type: "button", on: { click } }, word("more"));
    whole.append(more);
  }
  await show({});
  if (!rows.childElementCount) rows.replaceWith(h("p", {}, word("none")));
  return whole;
}

function card(href: string, title: string, state: string, late: boolean, ...lines: string[]): HTMLElement {
  return h(
    "a",
    { href, className: "card" },
    h("strong", {}, title),
    h("span", { className: "state" }, late && h("span", { className: "late" }, word("overdue")), state),
    h("span", { className: "lines" }, lines.join(" · ")),
  );
}

function referralCard(known: Known, one: Referral): HTMLElement {
  const lines = [agencyName(known, one.sender_agency_id)];
  const due = lastDay(one.due_at);
  if (due && ["sent", "received"].includes(one.status)) lines.push(`${word("due")} ${due}`);
  if (one.case_reference) lines.push(one.case_reference);
  const state = stateLabel(known, "referral", one.status);
  return card(`#/referrals/${one.id}`, codeLabel(known, "referral_topics", one.topic), state, one.overdue, ...lines);
}

function caseCard(known: Known, one: Case): HTMLElement {
  const topics = one.concerns.map((concern) => codeLabel(known, "referral_topics", concern.topic));
  const state = stateLabel(known, "case", one.status);
  return card(`#/cases/${one.id}`, one.reference, state, false, ...topics);
}
