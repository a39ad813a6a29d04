// The page's own words. Labels of states, arrows and codes are the service's.

export type Lang = "de" | "en";

const WORDS = {
  actions: ["Was jetzt geht", "What can be done now"],
  add: ["Anliegen hinzufügen", "Add a concern"],
  agency: ["Zuständige Stelle (wenn gefragt)", "Competent agency (if asked for)"],
  back: ["Zurück zum Eingang", "Back to the inbox"],
  both: ["Beide zusammenführen", "Put both together"],
  cancel: ["Abbrechen", "Cancel"],
  case: ["Fall", "Case"],
  cases: ["Fälle", "Cases"],
  changed: [
    "Jemand hat das inzwischen geändert. Unten steht der neue Stand; bitte noch einmal entscheiden.",
    "Somebody has changed this meanwhile. Below is the new state; please decide again.",
  ],
  concern: ["Anliegen", "Concern"],
  concerns: ["Anliegen", "Concerns"],
  confirm: ["Bestätigen", "Confirm"],
  conflict: ["Zwei Fassungen", "Two versions"],
  conflictText: [
    "Während Sie schrieben, hat jemand anderes diesen Fall geändert. Nichts ist verloren: Welche Fassung soll gelten?",
    "While you were writing, somebody else changed this case. Nothing is lost: which version shall hold?",
  ],
  done: ["Erledigt:", "Done:"],
  due: ["Antwort bis", "Answer by"],
  edit: ["Anliegen ändern", "Change the concerns"],
  from: ["Von", "From"],
  inbox: ["Eingang", "Inbox"],
  incoming: ["Vermittlungen an uns", "Referrals to us"],
  interpreter: ["mit Dolmetschen", "with an interpreter"],
  key: ["API-Schlüssel", "API key"],
  keyHint: [
    "Aus var/demo/credentials.json der Demo. Er bleibt in diesem Tab und geht nur an diese Adresse.",
    "From var/demo/credentials.json of the demo. It stays in this tab and goes to this address only.",
  ],
  languages: ["Sprachen", "Languages"],
  lead: ["Fallführend", "Lead agency"],
  left: ["Nicht sichtbar für Sie", "Not visible to you"],
  login: ["Anmelden", "Log in"],
  logout: ["Abmelden", "Log out"],
  mine: ["Ihre Fassung", "Your version"],
  more: ["Weitere", "More"],
  message: ["Nachricht", "Message"],
  mineKeep: ["Meine Fassung behalten", "Keep my version"],
  noAnswer: ["Der Dienst antwortet nicht", "The service does not answer"],
  noForm: ["Dafür hat diese Seite kein Formular", "This page has no form for it"],
  none: ["Nichts da.", "Nothing here."],
  nothing: ["Im Augenblick nichts.", "Nothing at the moment."],
  onlyHere: ["nur hier", "only here"],
  overdue: ["überfällig", "overdue"],
  person: ["Person", "Person"],
  purpose: ["Zweck", "Purpose"],
  reason: ["Grund oder Ergebnis", "Reason or outcome"],
  referral: ["Vermittlung", "Referral"],
  remove: ["Entfernen", "Remove"],
  request: ["Vorgangsnummer", "Request number"],
  resume: ["Wiedervorlage am", "Resume on"],
  save: ["Speichern", "Save"],
  saved: ["Gespeichert.", "Saved."],
  stand: ["Stand", "State"],
  text: ["Erläuterung", "Explanation"],
  theirs: ["Neue Fassung", "Newer version"],
  theirsTake: ["Neue Fassung übernehmen", "Take over the newer version"],
  to: ["An", "To"],
  topic: ["Thema", "Topic"],
  updated: ["Zuletzt geändert", "Last changed"],
  whoMay: ["Wer darf:", "Who may:"],
} satisfies Record<string, [string, string]>;

export type Word = keyof typeof WORDS;

export function lang(): Lang {
  const chosen = sessionStorage.getItem("lang") ?? navigator.language.slice(0, 2);
  return chosen === "en" ? "en" : "de";
}

export function speak(chosen: Lang): void {
  sessionStorage.setItem("lang", chosen);
}

export function word(name: Word): string {
  return WORDS[name][lang() === "de" ? 0 : 1]!;
}

export function moment(instant: string | null): string | null {
  const style = { dateStyle: "medium", timeStyle: "short" } as const;
  return instant && new Intl.DateTimeFormat(lang(), style).format(new Date(instant));
}

/** The last day before an instant at midnight: "until the end of". */
export function lastDay(instant: string | null): string | null {
  if (!instant) return null;
  const day = new Date(Date.parse(instant) - 1);
  return new Intl.DateTimeFormat(lang(), { dateStyle: "medium" }).format(day);
}

export function language(tag: string): string {
  return new Intl.DisplayNames(lang(), { type: "language" }).of(tag) ?? tag;
}
