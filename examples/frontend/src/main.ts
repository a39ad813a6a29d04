// The page: log in, then what the address names behind `#`.
import { kept, Refused } from "./api";
import { oneCase } from "./case";
import { h, labelled, say } from "./dom";
import { inbox } from "./inbox";
import { codeLabel, learn, type Known } from "./known";
import { referral } from "./referral";
import { refusal } from "./refusal";
import { lang, speak, word, type Lang } from "./words";

const head = document.getElementById("head")!;
const main = document.getElementById("main")!;
let known: Known | null = null;
let shown = 0;

async function view(): Promise<HTMLElement> {
  if (!kept.key) return login();
  known ??= await learn();
  const [noun, id] = location.hash.replace(/^#\//, "").split("/");
  if (noun === "referrals" && id) return referral(known, id, show);
  if (noun === "cases" && id) return oneCase(known, id, show);
  return inbox(known);
}

/** Draw anew; of two at once the later one stays. */
async function show(): Promise<void> {
  const turn = (shown += 1);
  say("");
  main.setAttribute("aria-busy", "true");
  let made: HTMLElement;
  try {
    made = await view();
  } catch (error) {
    made = known ? h("div", {}, refusal(error), h("a", { href: "#/" }, word("back"))) : login(error);
  }
  if (turn !== shown) return;
  main.removeAttribute("aria-busy");
  document.documentElement.lang = lang();
  bar();
  main.replaceChildren(made);
  const title = made.querySelector("h1");
  document.title = `${title?.textContent ?? word("login")} · Integration API`;
  title?.focus();
}

function login(error?: unknown): HTMLElement {
  const field = h("input", { type: "password", required: true, autocomplete: "off", spellcheck: false });
  const submit = (event: Event): void => {
    event.preventDefault();
    kept.key = field.value.trim();
    void show();
  };
  if (error instanceof Refused && error.status === 401) kept.key = null;
  return h(
    "form",
    { className: "login", on: { submit } },
    h("h1", { tabIndex: -1 }, word("login")),
    labelled(word("key"), field),
    h("p", {}, h("small", {}, word("keyHint"))),
    h("button", { type: "submit", className: "first" }, word("login")),
    error ? refusal(error) : null,
  );
}

function bar(): void {
  const tongue = (to: Lang, ariaLabel: string): HTMLElement => {
    const click = (): void => {
      speak(to);
      void show();
    };
    const made = h("button", { type: "button", lang: to, ariaLabel, on: { click } }, to.toUpperCase());
    made.setAttribute("aria-pressed", String(lang() === to));
    return made;
  };
  const leave = (): void => {
    kept.key = known = null;
    location.hash = "#/";
    void show();
  };
  head.replaceChildren(h("a", { href: "#/", className: "name" }, known?.me.agency.name ?? "Integration API"));
  const tongues = h("span", { className: "tongues" }, tongue("de", "Deutsch"), tongue("en", "English"));
  const out = known && h("button", { type: "button", on: { click: leave } }, word("logout"));
  const purpose = known && kept.purpose ? purposes(known, kept.purpose) : null;
  head.append(h("div", { className: "tools" }, purpose, tongues, out));
}

/** Who may process for several purposes says for which. */
function purposes(who: Known, now: string): HTMLElement {
  const change = (): void => {
    kept.purpose = select.value;
    void show();
  };
  const options = who.me.purposes.map((one) => h("option", { value: one }, codeLabel(who, "purposes", one)));
  const select = h("select", { on: { change } }, ...options);
  select.value = now;
  return labelled(word("purpose"), select);
}

addEventListener("hashchange", () => void show());
void show();
