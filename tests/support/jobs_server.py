"""The Jobs endpoints of a Hub, for tests: a job is a call in a thread, which returns its last stage and its log."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from hub_http import Answer
from hub_repos import Refusal, Token
from hub_server import HubServer

from bot.apply.jobs.code import MARKER

Work = Callable[[dict[str, Any]], tuple[str, list[str]]]


@dataclass(slots=True)
class Job:
    """One job: its specification as it was posted, secrets apart."""

    id: str
    spec: dict[str, Any]
    stage: str = "SCHEDULING"
    log: list[str] = field(default_factory=list)
    thread: threading.Thread | None = None

    def shown(self, namespace: str, *, listed: bool) -> dict[str, Any]:
        """As the Hub shows it: names of secrets, never their values; a listing shows no environment."""
        return {
            "id": self.id,
            "createdAt": "2026-11-20T12:00:00.000Z",
            "dockerImage": self.spec.get("dockerImage"),
            "command": self.spec["command"],
            "arguments": [],
            "environment": {} if listed else self.spec["environment"],
            "secrets": dict.fromkeys(self.spec.get("secrets", {}), None),
            "flavor": self.spec["flavor"],
            "labels": self.spec.get("labels"),
            "status": {"stage": self.stage, "message": "killed" if self.stage == "ERROR" else None},
            "owner": {"id": "1", "name": namespace, "type": "user"},
        }


class JobsServer(HubServer):
    """A Hub that runs jobs by calling `work` with their specification."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work
        self.jobs: dict[str, Job] = {}
        self.filters = True
        """Whether listings keep to the stages and labels that are asked for, as the real Hub's do."""

    def __exit__(self, *raised: object) -> None:
        for job in self.jobs.values():
            if job.thread is not None:
                job.thread.join()
        super().__exit__(*raised)

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def add(self, spec: dict[str, Any], *, start: bool = True, stage: str = "SCHEDULING") -> Job:
        """A job as if it had been posted."""
        job = Job(f"job{len(self.jobs)}", spec, stage)
        self.jobs[job.id] = job
        if start:
            job.thread = threading.Thread(target=self._run, args=(job,))
            job.thread.start()
        return job

    def answer(self, method: str, target: str, token: Token | None, body: bytes) -> Answer:
        """The Jobs endpoints, and what a Hub answers else."""
        url = urlsplit(target)
        match method, url.path.strip("/").split("/"):
            case _, ["api", "jobs", *_] if token is None:
                raise Refusal(401, "Invalid username or password.")
            case "POST", ["api", "jobs", namespace]:
                return _json(self.add(json.loads(body)).shown(namespace, listed=False))
            case "GET", ["api", "jobs", namespace]:
                query = parse_qs(url.query)
                labels = dict(label.split("=", 1) for label in query.get("label", []))
                found = [
                    job
                    for job in self.jobs.values()
                    if not self.filters
                    or (
                        job.stage in query.get("stage", [job.stage])
                        and labels.items() <= job.spec.get("labels", {}).items()
                    )
                ]
                return Answer(json.dumps([job.shown(namespace, listed=True) for job in found]).encode())
            case "GET", ["api", "jobs", namespace, name]:
                if name not in self.jobs:
                    raise Refusal(404, "Job not found")
                return _json(self.jobs[name].shown(namespace, listed=False))
            case "GET", ["api", "jobs", _, name, "logs"]:
                events = [
                    {"data": line, "timestamp": "2026-11-20T12:00:00.000Z"}
                    for line in ["===== Job started at 12:00 =====", *self.jobs[name].log]
                ]
                lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
                return Answer(lines.encode(), headers={"Content-Type": "text/event-stream"})
        return super().answer(method, target, token, body)

    def _run(self, job: Job) -> None:
        job.stage = "RUNNING"
        stage, job.log = self.work(job.spec)
        job.stage = stage


def _json(value: dict[str, Any]) -> Answer:
    return Answer(json.dumps(value).encode())


def printed(text: str) -> list[str]:
    """The lines in which a job prints its outcomes."""
    packed = base64.b64encode(gzip.compress(text.encode())).decode()
    return [MARKER + packed[at : at + 40] for at in range(0, len(packed), 40)]
