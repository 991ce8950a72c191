"""`bot apply --on hf-jobs`: checks that jobs can do a plan's training steps, and starts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.apply.jobs.api import Machine
from bot.errors import CredentialsError, UsageError

if TYPE_CHECKING:
    from bot.apply.context import RunContext
    from bot.plan.outcome import Outcome
    from bot.plan.shards import Shard
    from bot.plan.steps import Step


@dataclass(frozen=True, slots=True)
class Request:
    """At most `shards` jobs, each on `machine`, with these limits for all of them together."""

    shards: int
    machine: Machine
    max_models: int
    max_reads: int | None
    wait_s: float
    force: str | None
    overwrite_edits: tuple[str, ...] = ()
    store: str | None = None

    def arguments(self, shard: Shard) -> list[str]:
        """The flags of `bot apply` for one part of the work. Steps that a guard held back are not sent."""
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
    steps: Sequence[Step], context: RunContext, request: Request, environment: Mapping[str, str]
) -> Callable[[], list[Outcome]]:
    """Returns a function that trains the models of these steps in jobs and returns an outcome for each.

    Raises UsageError or CredentialsError, before anything is done, where jobs could not reach the registry, the
    posts or the hub.
    """
    from bot.apply.jobs import api, run
    from bot.apply.jobs.code import code_of
    from bot.hub.huggingface import HuggingFaceHub

    hub, registry = context.hub, context.registry
    if not isinstance(hub, HuggingFaceHub):
        raise UsageError(
            "--on hf-jobs publishes to the Hugging Face Hub: give --hub, BOT_HUB or the registry's hub: a Hub's "
            "address, or none of them"
        )
    token = environment.get("HF_TOKEN", "").strip()
    if not token:
        raise CredentialsError(
            "jobs run in your account: set HF_TOKEN to a token that may write and run jobs"
        )
    names = {step.name for step in steps}
    entries = [entry for entry in registry.entries if entry.name in names]
    code = code_of(registry, entries, request.store or registry.store.url, environment)
    return lambda: run.run(
        steps,
        api.Jobs(hub.endpoint, registry.namespace or "", token),
        hub,
        code,
        request.arguments,
        most=min(request.shards, request.max_models),
        machine=request.machine,
        environment=environment,
        say=context.watcher.say,
    )
