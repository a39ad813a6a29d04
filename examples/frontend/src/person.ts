// A name in the forms that the service has for it.
import type { Schemas } from "./api";

export function nameOf(name: Schemas["NameOut"] | Schemas["ReferredName"]): string {
  if (name.mononym) return name.mononym;
  return [name.given_name, name.family_name].filter(Boolean).join(" ");
}
