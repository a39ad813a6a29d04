// The allowed actions of a thing as buttons: `allowed_actions` says which, the lifecycle says the rest.
import { Refused, step, type Schemas } from "./api";
import { h, labelled, say } from "./dom";
import { label, type Known } from "./known";
import { refusal } from "./refusal";
import { lang, word } from "./words";

type Transition = Schemas["TransitionOut"];

/** What the body of an arrow has besides its code; the lifecycle names the schema. */
interface Form {
  code: "reason" | "outcome";
  text?: "reason_text" | "outcome_text";
  day?: "resume_on";
  agency?: "suggested_recipient_id";
}

const FORMS: { [K in keyof Schemas]?: Form } = {
  DeclineReferral: { code: "reason", text: "reason_text", agency: "suggested_recipient_id" },
  HoldReferral: { code: "reason", text: "reason_text", day: "resume_on" },
  CompleteReferral: { code: "outcome", text: "outcome_text" },
  FailReferral: { code: "reason", text: "reason_text" },
  WithdrawReferral: { code: "reason", text: "reason_text" },
  VoidReferral: { code: "reason", text: "reason_text" },
  ReasonedMove: { code: "reason" },
  ReopenCase: { code: "reason" },
  CloseCase: { code: "outcome" },
};

interface Thing {
  lifecycle: string;
  id: string;
  etag: string;
  allowed: string[];
}

/** Buttons with the label of each arrow and who may go along it; `again` shows the thing anew. */
export function actions(known: Known, thing: Thing, again: () => Promise<void>): HTMLElement {
  const drawing = known.lifecycles.get(thing.lifecycle);
  const place = h("div", { className: "form" });
  const parties = new Map(drawing?.parties.map((one) => [one.name, one.labels[lang()]]));

  async function go(arrow: Transition, body?: object): Promise<void> {
    try {
      await step(arrow.path!, thing.id, thing.etag, body);
    } catch (error) {
      if (!(error instanceof Refused) || (error.status !== 412 && error.status !== 409)) {
        return place.replaceChildren(refusal(error));
      }
      await again(); // there is a newer state, with other actions perhaps
      return say(error.status === 412 ? word("changed") : refusal(error).textContent);
    }
    await again();
    say(`${word("done")} ${label(arrow.labels, arrow.name)}`);
  }

  function ask(arrow: Transition): void {
    const form = FORMS[arrow.request_schema as keyof Schemas];
    if (!form) return place.replaceChildren(h("p", {}, word("noForm")));
    place.replaceChildren(bodyForm(known, arrow, form, (body) => void go(arrow, body), () => place.replaceChildren()));
    place.querySelector("select")?.focus();
  }

  const drawn = drawing?.transitions.filter((one) => thing.allowed.includes(one.name)) ?? [];
  const buttons = drawn.map((arrow) => {
    const press = () => (arrow.request_schema ? ask(arrow) : void go(arrow));
    const by = arrow.by.map((party) => parties.get(party) ?? party).join(", ");
    const button = h("button", { type: "button", on: { click: press } }, label(arrow.labels, arrow.name));
    button.dataset.action = arrow.name;
    const who = h("small", { id: `who-${arrow.name}` }, `${word("whoMay")} ${by}`);
    button.setAttribute("aria-describedby", who.id);
    return h("li", {}, button, who);
  });
  const list = drawn.length ? h("ul", { className: "actions" }, ...buttons) : h("p", {}, word("nothing"));
  return h("section", {}, h("h2", {}, word("actions")), list, place);
}

function bodyForm(
  known: Known,
  arrow: Transition,
  form: Form,
  send: (body: object) => void,
  cancel: () => void,
): HTMLElement {
  const options = arrow.reasons?.codes.map((one) => h("option", { value: one.code }, one.labels[lang()])) ?? [];
  const empty = h("option", { value: "" }, "–");
  const agencies = [...known.agencies].map(([id, name]) => h("option", { value: id }, name));
  const fields: HTMLElement[] = [
    labelled(word("reason"), h("select", { name: form.code, required: true }, ...options)),
  ];
  if (form.text) fields.push(labelled(word("text"), h("textarea", { name: form.text, rows: 3, maxLength: 2000 })));
  if (form.day) fields.push(labelled(word("resume"), h("input", { name: form.day, type: "date", required: true })));
  if (form.agency) fields.push(labelled(word("agency"), h("select", { name: form.agency }, empty, ...agencies)));
  const submit = (event: Event): void => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    send(Object.fromEntries([...given].filter(([, value]) => value !== "")));
  };
  return h(
    "form",
    { on: { submit } },
    h("h3", {}, label(arrow.labels, arrow.name)),
    ...fields,
    h("button", { type: "submit", className: "first" }, word("confirm")),
    h("button", { type: "button", on: { click: cancel } }, word("cancel")),
  );
}
