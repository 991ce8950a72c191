"""`bot apply --on hf-jobs`: the training steps of a plan on Hugging Face Jobs, everything else here."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import CredentialsError, UsageError
from bot.jobs import Machine

if TYPE_CHECKING:
    from bot.hub import Hub
    from bot.registry import Registry
    from bot.report import Outcome
    from bot.shards import Shard
    from bot.steps import Step


@dataclass(frozen=True, slots=True)
class Request:
    """What jobs are asked for: at most `shards` of them, each on `machine`, with these limits in all."""

    shards: int
    machine: Machine
    max_models: int
    max_reads: int | None
    wait_s: float
    force: str | None

    def arguments(self, shard: Shard) -> list[str]:
        """The flags of `bot apply` for one part of the work."""
        flags = ["--max-models", str(shard.share(self.max_models)), "--wait", f"{self.wait_s:g}"]
        if self.max_reads is not None:
            flags += ["--max-reads", str(shard.share(self.max_reads))]
        return [*flags, "--force", self.force] if self.force else flags


def train(
    steps: Sequence[Step], registry: Registry, hub: Hub, request: Request, say: Callable[[str], None]
) -> list[Outcome]:
    """Trains the models of these steps in jobs and returns an outcome for each.

    Raises UsageError where jobs could not get at the registry, the posts or the hub.
    """
    from bot import jobs
    from bot.hub.huggingface import HuggingFaceHub
    from bot.job_code import code_of

    token = os.environ.get("HF_TOKEN")
    if not isinstance(hub, HuggingFaceHub):
        raise UsageError(
            "--on hf-jobs publishes to the Hugging Face Hub: leave --hub out, or give a Hub's address"
        )
    if not token:
        raise CredentialsError(
            "jobs run in your account: set HF_TOKEN to a token that may write and run jobs"
        )
    code = code_of(registry, os.environ)
    local = {
        entry.name: file
        for entry in registry.entries
        for file in entry.files.values()
        if "://" not in file and entry.name in {step.name for step in steps}
    }
    if local:
        name, file = next(iter(local.items()))
        raise UsageError(
            f"{name} is made of {file}, which a job cannot read: put the posts into the store with bot import, and "
            "take the path out of the entry"
        )
    return jobs.run(
        steps,
        jobs.Jobs(hub.endpoint, registry.namespace or "", token),
        hub,
        code,
        request.arguments,
        most=request.shards,
        machine=request.machine,
        environment=os.environ,
        say=say,
    )
