"""Hugging Face Jobs: starts jobs for some models, finds running ones by their models, follows them to their end.

A job carries the names of its models in its environment, so a run that starts while one is on its way follows
it instead of starting another for the same models.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from bot.apply import outcome_file
from bot.apply.jobs.code import Code, outcomes_in, script
from bot.errors import BotError, CredentialsError, HubError
from bot.hub.client import install, operation
from bot.hub.errors import translated
from bot.io.bounded import Bounds, Unreadable, read_json
from bot.io.retry import RetryPolicy
from bot.plan.outcome import Outcome
from bot.sources.files import shown

if TYPE_CHECKING:
    from huggingface_hub import HfApi, JobInfo

MODELS = "MYNAH_MODELS"
"""The variable of a job that names its models, as a JSON list."""
LABEL = "mynah"
SECRETS = (
    "HF_TOKEN",
    "X_BEARER_TOKEN",
    "WANDB_API_KEY",
    "REPOSITORY_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
"""Variables of this environment that a job gets as secrets, those that are set."""
SETTINGS = (
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "TRACKIO_PROJECT",
    "TRACKIO_SPACE_ID",
    "WANDB_ENTITY",
    "WANDB_PROJECT",
)
"""Variables that a job gets as they are; everybody who sees the job sees them."""
ENDED = frozenset({"COMPLETED", "CANCELED", "ERROR", "DELETED"})
GOING = frozenset({"SCHEDULING", "RUNNING"})
LINES = 2000
"""Lines at the end of a log that are looked at for its outcomes."""
POLLED_AT_ONCE = 16
"""Jobs polled in one pause; with more jobs the pauses grow, so that the rate limit is kept."""
MAX_FAILED_POLLS = 180
"""Polls without any answer, half an hour, after which jobs are no longer followed."""
MAX_UNKNOWN_STAGE_POLLS = 30
"""Polls that find a job in a stage unknown to the bot, before it counts as ended."""
LONGEST_PAUSE_S = 600.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


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
    pace: RetryPolicy = field(default_factory=RetryPolicy)
    poll_s: float = 10.0
    sleep: Callable[[float], None] = time.sleep

    def running(self) -> dict[str, tuple[str, ...]]:
        """Jobs of this fleet that have not ended, by id: the names of their models."""
        with self._calling("list the jobs"):
            api = self._api()
            listed = api.list_jobs(
                status=sorted(GOING), labels={LABEL: self.namespace}, namespace=self.namespace
            )
            # An endpoint may list more than was asked for, and need not show a job's environment.
            found = [
                job if _models(job) else api.inspect_job(job_id=job.id, namespace=self.namespace)
                for job in listed
                if _stage(job) in GOING and (not job.labels or job.labels.get(LABEL) == self.namespace)
            ]
        return {job.id: models for job in found if _stage(job) in GOING and (models := _models(job))}

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
        open_to_all = {name: environment[name] for name in SETTINGS if environment.get(name)}
        secrets = {name: environment[name] for name in SECRETS if environment.get(name)}
        # Everybody who sees the job sees its variables: an address with a password in it is none of them.
        hub = open_to_all if shown(self.endpoint) == self.endpoint else secrets
        hub |= {
            "HF_ENDPOINT": self.endpoint,
            "BOT_HUB": self.endpoint,
        }  # the hub of this run, not the registry's
        try:
            with self._calling(f"start a job in {self.namespace}"):
                return (
                    self._api()
                    .run_job(
                        image=machine.image,
                        command=["bash", "-c", script(code, [*arguments, *only])],
                        env={MODELS: json.dumps(list(models)), **open_to_all},
                        secrets=secrets,
                        flavor=machine.flavor,
                        timeout=machine.timeout_s,
                        labels={LABEL: self.namespace},
                        namespace=self.namespace,
                    )
                    .id
                )
        except CredentialsError as error:
            raise CredentialsError(
                f"{error}; to start jobs a token needs the right to run jobs in {self.namespace}"
            ) from None
        except HubError as error:
            if error.transient and (found := self._started(models)):
                return found
            raise

    def follow(self, ids: Iterable[str], say: Callable[[str], None]) -> Iterator[tuple[str, str, str]]:
        """Waits for the jobs and yields id, last stage and its message of each as it ends.

        The Hub ends a job at its timeout, so this ends as well. An answer that is lost is asked for again.
        """
        left = dict.fromkeys(ids, "")
        strange: dict[str, int] = {}
        lost = 0
        while left:
            answered, pause = False, self.poll_s * max(1, len(left) / POLLED_AT_ONCE)
            for job in list(left):
                try:
                    with self._calling(f"look at job {job}"):
                        info = self._api().inspect_job(job_id=job, namespace=self.namespace)
                except (HubError, CredentialsError) as error:
                    if isinstance(error, HubError) and error.transient and lost < MAX_FAILED_POLLS:
                        pause = max(pause, _seconds_until(error.retry_at))
                        continue
                    left.pop(job)
                    yield job, "UNKNOWN", str(error)
                    continue
                answered, stage = True, _stage(info)
                if stage != left[job]:
                    left[job] = stage
                    say(f"job {self.url(job)}: {stage.lower()}")
                strange[job] = 0 if stage in GOING else strange.get(job, 0) + 1
                if stage in ENDED or info.finished_at is not None or strange[job] > MAX_UNKNOWN_STAGE_POLLS:
                    left.pop(job)
                    yield job, stage, " ".join((info.status.message or "").split())[:300]
            lost = 0 if answered else lost + 1
            if left:
                self.sleep(pause)

    def outcomes(self, job: str) -> list[Outcome]:
        """Returns the outcomes in a job's log; none where the log is lost or damaged."""
        try:
            with self._calling(f"read the log of job {job}"):
                log = self._api().fetch_job_logs(job_id=job, namespace=self.namespace, tail=LINES)
                lines = list(islice(log, 100 * LINES))
        except (HubError, CredentialsError):
            return []
        try:
            text = outcomes_in(lines)
            return outcome_file.parse(text) if text is not None else []
        except ValueError:
            return []

    def url(self, job: str) -> str:
        """Where a person looks at a job."""
        return f"{shown(self.endpoint)}/jobs/{self.namespace}/{job}"

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
        with operation(self.pace), translated(what, self.token):
            yield


def _models(job: JobInfo) -> tuple[str, ...]:
    """The names that a job carries; none for a job that is not ours, whatever it carries."""
    try:
        held = job.environment.get(MODELS) if isinstance(job.environment, dict) else None
        names = read_json(str(held), Bounds(1 << 20), "it")
    except Unreadable:
        return ()
    if not isinstance(names, list) or not all(
        isinstance(name, str) and _NAME.fullmatch(name) for name in names
    ):
        return ()
    return tuple(names)


def _stage(job: JobInfo) -> str:
    stage = str(getattr(job.status.stage, "value", job.status.stage)).upper()
    return "".join(letter for letter in stage if letter.isalnum() or letter in "_-")[:40]


def _seconds_until(moment: datetime | None) -> float:
    """Seconds until the Hub may be asked again; bounded, since jobs end meanwhile."""
    if moment is None:
        return 0.0
    return min(LONGEST_PAUSE_S, max(0.0, (moment - datetime.now(UTC)).total_seconds()))
