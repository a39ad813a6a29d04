"""The workflows of `openapi/workflows/` executed against a demo that runs.

    python tools/contract/workflows.py --url http://127.0.0.1:8000 var/demo/credentials.json

`redocly respect` makes the calls; that it has made every one of them is judged here, since it also
ends quietly when it has read nothing. Exit 1 on any answer that is not the expected one.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "openapi" / "workflows"
REDOCLY = ROOT / "tools" / "contract" / "node_modules" / ".bin" / "redocly"
KEYS = {
    "case_management_key": "wuppertal-case-management",
    "recipient_key": "wuppertal-jobcenter",
    "partner_key": "wuppertal-jobcenter",
    "stranger_key": "koeln-case-management",
    "legal_key": "wuppertal-immigration-office-employment",
    "placement_key": "wuppertal-integration-centre-labour-market",
}
SLUGS = {f"{name.removesuffix('_key')}_slug": slug for name, slug in KEYS.items()}
LINE = 300
"""Characters of a line that are worth reading; a body may be long."""
SECONDS = 180
"""For one file; a call has ten, and a long poll five of them."""


def inputs(keys: Mapping[str, str]) -> dict[str, str]:
    """What the workflows are given: keys and names of the demo, days as of now, a fresh word."""
    now = datetime.now(UTC)  # noqa: TID251 - real time, outside the service
    today = now.astimezone(ZoneInfo("Europe/Berlin")).date()
    return {
        **{name: keys[slug] for name, slug in KEYS.items()},
        **SLUGS,
        "today": today.isoformat(),
        "starts_on": (today + timedelta(days=30)).isoformat(),
        "an_hour_ago": (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "run": f"r{time.time_ns()}"[:20],
    }


def steps(workflow: Mapping[str, Any]) -> set[str]:
    """The steps that a workflow has."""
    return {step["stepId"] for step in workflow["steps"]}


def missed(written: Mapping[str, Any], told: Mapping[str, Any]) -> list[str]:
    """What is written and was not executed with success, as the report of a run tells it."""
    done = {
        run["workflowId"]: {step["stepId"] for step in run["executedSteps"]}
        for file in told.get("files", {}).values()
        for run in file["executedWorkflows"]
        if run["status"] == "success"
    }
    return [
        f"{workflow['workflowId']}.{step}"
        for workflow in written["workflows"]
        for step in sorted(steps(workflow) - done.get(workflow["workflowId"], set()))
    ]


def run(path: Path, url: str, given: Mapping[str, str], folder: Path) -> bool:
    """One file; one line on what came of it, and all that was said where it went wrong."""
    written = yaml.safe_load(path.read_text("utf-8"))
    wanted = {n: v for w in written["workflows"] for n, v in given.items() if n in asked(w)}
    report = folder / f"{path.stem}.json"
    command = [str(REDOCLY), "respect", str(path), "--server", f"api={url}/v1"]
    command += ["--input", json.dumps(wanted), "--json-output", str(report)]
    command += ["--max-fetch-timeout", "10000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    told = json.loads(report.read_text("utf-8")) if report.exists() else {}
    left = missed(written, told)
    total = sum(len(steps(one)) for one in written["workflows"])
    if done.returncode or left:
        print("\n".join(line[:LINE] for line in (done.stdout + done.stderr).splitlines()))
        print(f"{path.name}: exit {done.returncode}, not done: {', '.join(left) or 'nothing'}")
        return False
    requests = sum(file["totalRequests"] for file in told["files"].values())
    print(f"{path.name}: {total} steps in {requests} requests, each as written")
    return True


def asked(workflow: Mapping[str, Any]) -> set[str]:
    """The inputs of a workflow."""
    return set(workflow.get("inputs", {}).get("properties", {}))


def main() -> int:
    """All files; the exit code is the verdict."""
    parser = argparse.ArgumentParser(description="Execute the workflows of the contract.")
    parser.add_argument("credentials", type=Path, help="keys of the demo (credentials.json)")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the demo answers")
    said = parser.parse_args()
    given = inputs(json.loads(said.credentials.read_text("utf-8"))["keys"])
    files = sorted(FOLDER.glob("*.arazzo.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        good = [run(path, said.url, given, Path(folder)) for path in files]
    return 0 if good and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
