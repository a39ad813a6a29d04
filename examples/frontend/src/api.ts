// The generated client, with what every request carries, and what a refusal becomes.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";
import { lang, word } from "./words";

export type Schemas = components["schemas"];
export type Case = Schemas["CaseOut"];
export type Concern = Schemas["Concern"];
export type Referral = Schemas["ReferralOut"];

/** A resource as it was when it was read. */
export interface Seen<T> {
  value: T;
  etag: string;
}

/** Key and purpose live as long as the tab. */
export const kept = {
  get key(): string | null {
    return sessionStorage.getItem("key");
  },
  set key(key: string | null) {
    sessionStorage.removeItem("purpose"); // it was somebody else's
    if (key === null) sessionStorage.removeItem("key");
    else sessionStorage.setItem("key", key);
  },
  get purpose(): string | null {
    return sessionStorage.getItem("purpose");
  },
  set purpose(purpose: string) {
    sessionStorage.setItem("purpose", purpose);
  },
};

export const client = createClient<paths>({ baseUrl: "/v1" });
client.use({
  onRequest({ request }) {
    request.headers.set("Accept-Language", lang());
    if (kept.key) request.headers.set("Authorization", `Bearer ${kept.key}`);
    if (kept.purpose) request.headers.set("Processing-Purpose", kept.purpose);
  },
});

/** An answer that is not the wanted one; the problem document says why, in the reader's language. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Schemas["Problem"] | null,
  ) {
    super(problem?.title ?? `${word("noAnswer")} (${status})`);
  }
}

interface Answer<T> {
  data?: T;
  error?: Schemas["Problem"];
  response: Response;
}

/** What an answer shows, with its state. */
export function seen<T>(answer: Answer<T>): Seen<T> {
  const { data, error, response } = answer;
  if (!response.ok || data === undefined) {
    throw new Refused(response.status, typeof error === "object" ? error : null);
  }
  return { value: data, etag: response.headers.get("ETag") ?? "" };
}

export async function readCase(id: string): Promise<Seen<Case>> {
  return seen(await client.GET("/cases/{id}", { params: { path: { id } } }));
}

export async function readReferral(id: string): Promise<Seen<Referral>> {
  return seen(await client.GET("/referrals/{id}", { params: { path: { id } } }));
}

/** Write the concerns over the state that was seen: 412 if there is a newer one. */
export async function saveConcerns(id: string, etag: string, concerns: Concern[]): Promise<Seen<Case>> {
  const params = { path: { id }, header: { "If-Match": etag } };
  return seen(await client.PATCH("/cases/{id}", { params, body: { concerns } }));
}

/** Go along an arrow of a lifecycle; the path and the body are the drawing's. */
export async function step(path: string, id: string, etag: string, body?: object): Promise<void> {
  // one arrow stands for all: what differs between them is the body, which `actions.ts` has types for
  const arrow = path.replace("/v1", "") as "/referrals/{id}/decline";
  const header = { "If-Match": etag, "Idempotency-Key": crypto.randomUUID() };
  const sent = body as Schemas["DeclineReferral"];
  seen(await client.POST(arrow, { params: { path: { id }, header }, body: sent }));
}
