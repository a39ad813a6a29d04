// The walk of a partner's program, on the typed client, against a running demo:
// node built/walk.js http://127.0.0.1:8000 KEY. Ends with 1 at the first answer that is not right.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Event = components["schemas"]["Event"];
type Case = components["schemas"]["CaseOut"];

declare const process: { argv: string[]; exit(code: number): never };
const [base, key] = process.argv.slice(2);
const client = createClient<paths>({
  baseUrl: `${base}/v1`,
  headers: { Authorization: `Bearer ${key}`, "Accept-Language": "en" },
});
let held = 0;

function must(holds: boolean, what: string): asserts holds {
  console.log(`  ${holds ? "ok " : "NO "} ${what}`);
  if (!holds) process.exit(1);
  held += 1;
}

/** What happened to a case; the type of an event says which ids its data has. */
function ofCase(event: Event): string | null {
  switch (event.type) {
    case "case.opened":
    case "case.changed":
    case "case.assessment_begun":
      return event.data.case_id;
    default:
      return null;
  }
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((done) => setTimeout(done, milliseconds));
}

async function changeAndAct(): Promise<Case> {
  const made = await client.POST("/cases", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: { participants: [], concerns: [], external_ids: [] },
  });
  must(made.response.status === 201 && !!made.data, "a case is opened");
  const path = { id: made.data.id };
  const seen = await client.GET("/cases/{id}", { params: { path } });
  const etag = seen.response.headers.get("ETag");
  must(!!seen.data && !!etag, "it is read, with its ETag");

  const concerns = [{ life_area: "language", topic: "language_course" }];
  const changed = await client.PATCH("/cases/{id}", {
    params: { path, header: { "If-Match": etag } },
    body: { concerns },
  });
  const next = changed.response.headers.get("ETag");
  must(changed.data?.concerns[0]?.topic === "language_course", "it is changed with If-Match");
  must(!!next && next !== etag, "which gives it another ETag");
  const stale = await client.PATCH("/cases/{id}", {
    params: { path, header: { "If-Match": etag } },
    body: { concerns: [] },
  });
  must(stale.error?.status === 412, "who holds the old one is refused: 412");
  must(stale.error.current_etag === `${next.split(".")[0]}"`, "and is told the present version");

  must(changed.data.allowed_actions.includes("begin_assessment"), "an arrow is allowed");
  const moved = await client.POST("/cases/{id}/begin-assessment", {
    params: { path, header: { "If-Match": next } },
  });
  must(moved.data?.status === "assessment", "and leads where the drawing says");
  return moved.data;
}

async function eventsOf(id: string, after: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (let looks = 0; looks < 20 && found.size < 3; looks += 1) {
    const page = await client.GET("/changes", { params: { query: { after, wait: 5 } } });
    must(!!page.data, "a page of the feed");
    for (const event of page.data.items) if (ofCase(event) === id) found.add(event.type);
    after = page.data.page.next_cursor;
  }
  return found;
}

async function exported(id: string): Promise<void> {
  const asked = await client.POST("/exports", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: { types: ["case"], format: "ndjson" },
  });
  must(asked.response.status === 202 && !!asked.data, "an export is asked for");
  const path = { id: asked.data.id };
  let job = asked.data;
  for (let looks = 0; looks < 240 && ["queued", "running"].includes(job.status); looks += 1) {
    await pause(250);
    job = (await client.GET("/jobs/{id}", { params: { path } })).data ?? job;
  }
  must(job.status === "succeeded", "it is made");
  const told = await client.GET("/exports/{id}", { params: { path } });
  const content = await client.GET("/exports/{id}/content", { params: { path }, parseAs: "text" });
  const lines = content.data?.split("\n").filter((line) => line !== "") ?? [];
  must(lines.length === told.data?.lines, `and read whole: ${lines.length} lines`);
  must(lines.some((line) => JSON.parse(line).id === id), "our case among them");
}

const me = await client.GET("/me");
must(me.data?.agency.slug === "wuppertal-case-management", "the key is known");
const cases = await client.GET("/cases", { params: { query: { limit: 5 } } });
must(cases.data?.items.length === 5, "cases are listed");
const start = await client.GET("/changes", { params: { query: { after: "latest" } } });
must(!!start.data, "the feed has a place to begin");
const one = await changeAndAct();
const events = await eventsOf(one.id, start.data.page.next_cursor);
must(events.size === 3, `the feed tells of it: ${[...events].join(", ")}`);
await exported(one.id);
const endpoint = await client.POST("/webhook-endpoints", {
  params: { header: { "Idempotency-Key": crypto.randomUUID() } },
  body: { url: "http://127.0.0.1:9/events", types: ["referral.declined"] },
});
must(endpoint.data?.secret?.startsWith("whsec_") === true, "a webhook endpoint is made");
const nowhere = await client.GET("/cases/{id}", { params: { path: { id: crypto.randomUUID() } } });
must(nowhere.error?.type.endsWith("/problems/not-found") === true, "a problem can be read");
console.log(`${held} things hold`);
