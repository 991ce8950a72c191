"""Training on Hugging Face Jobs: a plan's shards as jobs, followed to their end, found again after a crash.

A job carries the names of its models in its environment, so a run that starts while one is on its way follows
it instead of starting another for the same models. What became of a model is read from the job's log, and
where that is lost, from the hub itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from bot import outcome_file, shards
from bot.errors import BotError, HubError
from bot.hub import Hub
from bot.hub.client import Pace, install, step
from bot.hub.translate import translated
from bot.job_code import Code, outcomes_in, script
from bot.report import Outcome
from bot.steps import Step

if TYPE_CHECKING:
    from huggingface_hub import HfApi, JobInfo

MODELS = "MYNAH_MODELS"
"""The variable of a job that names its models, as a JSON list."""
LABEL = "mynah"
SECRETS = ("HF_TOKEN", "X_BEARER_TOKEN", "WANDB_API_KEY", "REPOSITORY_TOKEN")
"""Variables of this environment that a job gets as secrets, those that are set."""
ENDED = frozenset({"COMPLETED", "CANCELED", "ERROR", "DELETED"})
MOST_LINES = 200_000
"""Lines of a log that are looked at for its outcomes."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a job runs on, and for how many seconds at most."""

    flavor: str = "t4-small"
    image: str = "python:3.12"
    timeout_s: int = 7200


@dataclass(slots=True)
class Jobs:
    """The jobs of one fleet in one namespace of the Hub."""

    endpoint: str
    namespace: str
    token: str = field(repr=False)
    pace: Pace = field(default_factory=Pace)
    poll_s: float = 10.0
    sleep: Callable[[float], None] = time.sleep

    def running(self) -> dict[str, tuple[str, ...]]:
        """Jobs of this fleet that have not ended, by id: the names of their models."""
        with self._calling("list the jobs"):
            api = self._api()
            listed = api.list_jobs(
                status=["RUNNING", "SCHEDULING"], labels={LABEL: self.namespace}, namespace=self.namespace
            )
            # A listing need not show a job's environment.
            found = [
                job if _models(job) else api.inspect_job(job_id=job.id, namespace=self.namespace)
                for job in listed
            ]
        return {job.id: models for job in found if (models := _models(job))}

    def start(
        self,
        models: Sequence[str],
        code: Code,
        arguments: Sequence[str],
        machine: Machine,
        environment: Mapping[str, str],
    ) -> str:
        """Starts one job for these models and returns its id. Raises HubError and CredentialsError.

        When the answer is lost, the job may have started all the same: it is looked for before anything is said.
        """
        only = [word for name in models for word in ("--only", name)]
        try:
            with self._calling("start a job"):
                return (
                    self._api()
                    .run_job(
                        image=machine.image,
                        command=["bash", "-c", script(code, [*arguments, *only])],
                        env={MODELS: json.dumps(list(models))},
                        secrets={name: environment[name] for name in SECRETS if environment.get(name)},
                        flavor=machine.flavor,
                        timeout=machine.timeout_s,
                        labels={LABEL: self.namespace},
                        namespace=self.namespace,
                    )
                    .id
                )
        except HubError as error:
            if error.transient and (found := self._started(models)):
                return found
            raise

    def follow(self, ids: Iterable[str], say: Callable[[str], None]) -> Iterator[tuple[str, str, str]]:
        """Waits for the jobs and yields id, last stage and its message of each as it ends.

        The Hub ends a job at its timeout, so this ends as well. An answer that is lost is asked for again.
        """
        left = dict.fromkeys(ids, "")
        lost = 0
        while left:
            for job in list(left):
                try:
                    with self._calling(f"look at job {job}"):
                        info = self._api().inspect_job(job_id=job, namespace=self.namespace)
                except HubError as error:
                    lost += 1
                    if not error.transient or lost > 20 * len(left):
                        left.pop(job)
                        yield job, "UNKNOWN", str(error)
                    continue
                lost = 0
                stage = str(getattr(info.status.stage, "value", info.status.stage))
                if stage != left[job]:
                    left[job] = stage
                    say(f"job {info.url}: {stage.lower()}")
                if stage in ENDED:
                    left.pop(job)
                    yield job, stage, info.status.message or ""
            if left:
                self.sleep(self.poll_s)

    def outcomes(self, job: str) -> list[Outcome]:
        """What a job says became of its models; nothing where its log is lost or damaged."""
        try:
            with self._calling(f"read the log of job {job}"):
                lines = list(
                    islice(self._api().fetch_job_logs(job_id=job, namespace=self.namespace), MOST_LINES)
                )
        except HubError:
            return []
        text = outcomes_in(lines)
        try:
            return outcome_file.parse(text) if text is not None else []
        except ValueError:
            return []

    def url(self, job: str) -> str:
        """Where a person looks at a job."""
        return f"{self.endpoint}/jobs/{self.namespace}/{job}"

    def _started(self, models: Sequence[str]) -> str | None:
        try:
            found = [job for job, names in self.running().items() if names == tuple(models)]
        except BotError:
            return None
        return found[0] if found else None

    def _api(self) -> HfApi:
        from huggingface_hub import HfApi

        return HfApi(endpoint=self.endpoint, token=self.token, library_name="mynah")

    @contextmanager
    def _calling(self, what: str) -> Iterator[None]:
        install()
        with step(self.pace), translated(what, self.token):
            yield


def run(
    steps: Sequence[Step],
    jobs: Jobs,
    hub: Hub,
    code: Code,
    arguments: Callable[[shards.Shard], Sequence[str]],
    *,
    most: int,
    machine: Machine,
    environment: Mapping[str, str],
    say: Callable[[str], None],
) -> list[Outcome]:
    """Trains the models of `steps` in at most `most` new jobs and returns the outcome of every step.

    Jobs that run already are followed for the models they hold. `arguments` are those of `bot apply` for a part.
    """
    wanted = {step.name for step in steps}
    holding = {job: names for job, names in jobs.running().items() if wanted.intersection(names)}
    for job, names in holding.items():
        say(f"job {jobs.url(job)} is on its way already, for {', '.join(names)}")
    taken = {name for names in holding.values() for name in names}
    failed: dict[str, str] = {}
    parts = shards.assign([step for step in steps if step.name not in taken], most)
    for index, part in enumerate(parts, start=1):
        names = tuple(step.name for step in part)
        try:
            job = jobs.start(names, code, arguments(shards.Shard(index, len(parts))), machine, environment)
        except HubError as error:
            failed |= dict.fromkeys(names, f"no job was started for it: {error}")
            continue
        holding[job] = names
        say(f"job {jobs.url(job)} on {machine.flavor} for {', '.join(names)}")
    told: dict[str, Outcome] = {}
    lost: dict[str, str] = {}
    for job, stage, message in jobs.follow(list(holding), say):
        found = {outcome.name: outcome for outcome in jobs.outcomes(job)}
        told |= {name: found[name] for name in holding[job] if name in found and name in wanted}
        why = f"{stage.lower()}{f' ({message})' if message else ''}"
        lost |= {
            name: f"its job ended as {why}: {jobs.url(job)}" for name in holding[job] if name not in found
        }
    heads = {name: repo.head for name, repo in hub.listing().repos.items()} if lost else {}
    return [_outcome(step, told, failed, lost, heads) for step in steps]


def _outcome(
    step: Step,
    told: Mapping[str, Outcome],
    failed: Mapping[str, str],
    lost: Mapping[str, str],
    heads: Mapping[str, str | None],
) -> Outcome:
    if step.name in told:
        return told[step.name]
    if step.name in failed:
        return Outcome(step.name, step.action, "failed", failed[step.name])
    head = heads.get(step.name.lower())
    if head is not None and head != step.head:
        return Outcome(step.name, step.action, "done", f"published, {lost[step.name]}", head)
    return Outcome(step.name, step.action, "failed", lost[step.name])


def _models(job: JobInfo) -> tuple[str, ...]:
    try:
        names = json.loads((job.environment or {}).get(MODELS, ""))
    except (TypeError, ValueError):
        return ()
    return tuple(map(str, names)) if isinstance(names, list) else ()
