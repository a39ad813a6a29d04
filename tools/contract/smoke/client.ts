// A client as a partner would write it, in the strictest mode of the compiler. It is compiled, not
// run: what it says about the contract is that the types are usable and refuse what is wrong.
import createClient from "openapi-fetch";
import type { components, paths, webhooks } from "./schema";

const client = createClient<paths>({ baseUrl: "https://api.example.org/v1" });

type Referral = components["schemas"]["ReferralOut"];
type Body<K extends keyof webhooks> =
  webhooks[K]["post"]["requestBody"]["content"]["application/json"];
type ReferralEvent = Body<"referral.sent"> | Body<"referral.accepted"> | Body<"referral.declined">;

export async function accept(id: string): Promise<Referral | null> {
  const found = await client.GET("/referrals/{id}", { params: { path: { id } } });
  if (!found.data?.allowed_actions.includes("accept")) return null;
  const state = found.response.headers.get("ETag") ?? "";
  const moved = await client.POST("/referrals/{id}/accept", {
    params: { path: { id }, header: { "If-Match": state } },
  });
  if (moved.error) throw new Error(`${moved.error.status} ${moved.error.title}`);
  return moved.data;
}

export async function open(person_id: string): Promise<string> {
  const made = await client.POST("/cases", {
    params: { header: { "Idempotency-Key": "intake-0001" } },
    body: { participants: [{ person_id, role: "client" }], concerns: [], external_ids: [] },
  });
  return made.data?.reference ?? "";
}

export async function all(): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor ? { cursor } : {};
    const page = await client.GET("/agencies", { params: { query } });
    names.push(...(page.data?.items.map((agency) => agency.name) ?? []));
    cursor = page.data?.page.next_cursor ?? undefined;
  } while (cursor);
  return names;
}

export function heard(event: ReferralEvent): string {
  switch (event.type) {
    case "referral.sent":
      return event.data.referral_id;
    case "referral.accepted":
    case "referral.declined":
      return `${event.data.version}`;
    default: {
      const never: never = event;
      return never;
    }
  }
}

// @ts-expect-error a path that does not exist
void client.GET("/referral");
// @ts-expect-error a step without the state that was seen
void client.POST("/referrals/{id}/accept", { params: { path: { id: "1" } } });
export const wrong: components["schemas"]["CasePatch"] = {
  // @ts-expect-error a member that the contract does not know
  status: "closed",
};
