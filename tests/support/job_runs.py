"""Jobs of tests: a server's, with little patience, and a job that says that all its models are done."""

from __future__ import annotations

import json
from typing import Any

from hub_runs import QUICK
from jobs_server import JobsServer, printed

from bot.apply.jobs.api import MODELS, Jobs
from bot.apply.jobs.code import Code

CODE = Code("https://example.org/org/fleet", "a" * 40, "registry.yaml")
SECRET = "hf_secretofthejob"


def jobs_at(server: JobsServer, token: str = JobsServer.token) -> Jobs:
    """The jobs of `tester` on the server."""
    return Jobs(server.url, "tester", token, QUICK, poll_s=0.01)


def outcome(name: str, result: str = "done") -> dict[str, Any]:
    """One outcome as a report holds it."""
    return {
        "name": name,
        "action": "train",
        "result": result,
        "reason": "trained",
        "commit": "c1",
        "seconds": 1.0,
    }


def done(spec: dict[str, Any]) -> tuple[str, list[str]]:
    """A job that says that all its models are done."""
    outcomes = [outcome(name) for name in json.loads(spec["environment"][MODELS])]
    return "COMPLETED", ["Collecting torch", *printed(json.dumps({"outcomes": outcomes}))]
