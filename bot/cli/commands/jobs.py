"""`bot apply --on hf-jobs`: the training steps of a plan on Hugging Face Jobs, everything else here."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.apply.jobs.api import Machine
from bot.errors import CredentialsError, UsageError

if TYPE_CHECKING:
    from bot.hub import Hub
    from bot.plan.outcome import Outcome
    from bot.plan.shards import Shard
    from bot.plan.steps import Step
    from bot.registry import Registry


@dataclass(frozen=True, slots=True)
class Request:
    """What jobs are asked for: at most `shards` of them, each on `machine`, with these limits in all."""

    shards: int
    machine: Machine
    max_models: int
    max_reads: int | None
    wait_s: float
    force: str | None
    overwrite_edits: tuple[str, ...] = ()
    store: str | None = None

    def arguments(self, shard: Shard) -> list[str]:
        """The flags of `bot apply` for one part of the work. What a guard held back was never sent."""
        flags = ["--max-models", str(shard.share(self.max_models)), "--wait", f"{self.wait_s:g}"]
        flags += ["--max-change", "100%"]
        if self.max_reads is not None:
            flags += ["--max-reads", str(shard.share(self.max_reads))]
        if self.store is not None:
            flags += ["--store", self.store]
        for name in self.overwrite_edits:
            flags += ["--overwrite-edits", name]
        return [*flags, "--force", self.force] if self.force else flags


def prepare(
    steps: Sequence[Step], registry: Registry, hub: Hub, request: Request, say: Callable[[str], None]
) -> Callable[[], list[Outcome]]:
    """What trains the models of these steps in jobs and returns an outcome for each, once it is called.

    Raises UsageError, before anything is done, where jobs could not get at the registry, the posts or the hub.
    """
    from bot.apply.jobs import api, run
    from bot.apply.jobs.code import code_of
    from bot.hub.huggingface import HuggingFaceHub

    if not isinstance(hub, HuggingFaceHub):
        raise UsageError(
            "--on hf-jobs publishes to the Hugging Face Hub: leave --hub out, or give a Hub's address"
        )
    token = os.environ.get("HF_TOKEN", "").strip()
    if not token:
        raise CredentialsError(
            "jobs run in your account: set HF_TOKEN to a token that may write and run jobs"
        )
    names = {step.name for step in steps}
    entries = [entry for entry in registry.entries if entry.name in names]
    code = code_of(registry, entries, request.store or registry.store.url, os.environ)
    return lambda: run.run(
        steps,
        api.Jobs(hub.endpoint, registry.namespace or "", token),
        hub,
        code,
        request.arguments,
        most=min(request.shards, request.max_models),
        machine=request.machine,
        environment=os.environ,
        say=say,
    )
