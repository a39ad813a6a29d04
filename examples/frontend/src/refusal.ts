// A problem document as text: what is wrong, where, and the number to ask the operator with.
import { Refused } from "./api";
import { h } from "./dom";
import { word } from "./words";

export function refusal(error: unknown): HTMLElement {
  if (!(error instanceof Refused)) {
    console.error(error);
    return h("div", { className: "refusal", role: "alert" }, h("strong", {}, word("noAnswer")));
  }
  const { problem } = error;
  const findings = problem?.errors.map((one) => {
    const where = one.pointer ?? one.parameter;
    return h("li", {}, where ? `${where}: ${one.detail}` : one.detail);
  });
  return h(
    "div",
    { className: "refusal", role: "alert" },
    h("strong", {}, error.message),
    problem?.detail ? h("p", {}, problem.detail) : null,
    findings?.length ? h("ul", {}, ...findings) : null,
    problem?.request_id ? h("small", {}, `${word("request")}: ${problem.request_id}`) : null,
  );
}
