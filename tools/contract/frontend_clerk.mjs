// A clerk without a page, for frontend.mjs: the second one, who is quicker, and who looks what is stored.
import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";

export class Clerk {
  constructor(api, key, purpose) {
    this.base = `${api}/v1`;
    this.headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    if (purpose) this.headers["Processing-Purpose"] = purpose;
  }

  /** Somebody with that key, who works for the purpose that the service lets them name. */
  static async of(api, key) {
    const { purposes } = await new Clerk(api, key).get("/me");
    return new Clerk(api, key, purposes.find((one) => one === "referral_handling") ?? purposes[0]);
  }

  async call(method, path, body, headers = {}) {
    const given = { method, headers: { ...this.headers, ...headers } };
    if (body !== undefined) given.body = JSON.stringify(body);
    const answer = await fetch(this.base + path, given);
    assert.ok(answer.ok, `${method} ${path} → ${answer.status}`);
    return answer;
  }

  async get(path) {
    return (await this.call("GET", path)).json();
  }

  async etag(path) {
    return (await this.call("GET", path)).headers.get("ETag");
  }

  /** A POST; on something that is there, `state` is where its ETag is read. */
  async post(path, body, state) {
    const headers = { "Idempotency-Key": randomUUID() };
    if (state) headers["If-Match"] = await this.etag(state);
    return (await this.call("POST", path, body, headers)).json();
  }

  async patch(path, body) {
    await this.call("PATCH", path, body, { "If-Match": await this.etag(path) });
  }

  /** What the drawing calls its states and arrows. */
  async labels(lifecycle) {
    const { states, transitions } = await this.get(`/lifecycles/${lifecycle}`);
    const named = (all) => Object.fromEntries(all.map((one) => [one.name, one.labels]));
    return { states: named(states), arrows: named(transitions) };
  }
}
