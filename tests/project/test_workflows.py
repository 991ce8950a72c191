from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import yaml
from workflow_rules import PERMISSIONS, SECRETS, load, problems

from bot.cli.app import cli
from bot.github.fleet_repo.files import WORKFLOWS, fleet_files
from bot.github.fleet_repo.pins import Pin
from bot.github.fleet_repo.registry_text import Settings
from bot.github.proposal import HEADINGS, LABEL
from bot.hub import keyless
from bot.sources.handles import Source

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github/workflows"
KEYLESS = "BOT_KEYLESS"
"""No command's flag: it is asked for where the Hub is opened."""
FORM = ROOT / ".github/ISSUE_TEMPLATE/add-handle.yml"
FILES = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.yml"))}
LEFT_OUT = {"add-handle.yml"} - FILES.keys()
"""Who makes the template theirs may do without requests by issues: docs/setup.md."""


FLEET = fleet_files(Settings("acme"), Pin("org/mynah", "0123456789abcdef0123456789abcdef01234567", "1.2.3"))
"""The files of a fleet in a repository of its own, as `bot init` writes them."""


@pytest.mark.parametrize("name", FILES)
def test_a_workflow_keeps_every_rule(name: str) -> None:
    assert problems(name, FILES[name]) == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_of_a_fleet_keeps_every_rule(name: str) -> None:
    assert problems(f"{name}.yml", FLEET[f".github/workflows/{name}.yml"]) == []


def test_a_fleet_needs_no_file_that_its_repository_does_not_have() -> None:
    for path, text in FLEET.items():
        if path.startswith(".github/workflows/"):
            named = set(re.findall(r"uses: \./(\S+)", text)) | set(
                re.findall(r"(?:^|\s)(\.ci/\S+|make \w+)", text)
            )
            assert named <= FLEET.keys(), path


def test_the_action_installs_the_bot_of_its_own_checkout() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    steps = action["runs"]["steps"]
    assert all(step["if"] == "${{ always() }}" for step in steps)  # a cancelled run's report needs each
    runs = [step["run"] for step in steps if "run" in step]
    assert all('\n"$GITHUB_ACTION_PATH/.ci/' in run for run in runs)
    assert not any("${{" in run for run in runs)
    given = {
        name for text in FILES.values() for job in load(text)["jobs"].values() for name in inputs_of(job)
    }
    assert given <= set(action["inputs"])


def inputs_of(job: dict[str, Any]) -> set[str]:
    """What a job's steps give to the action."""
    return {
        name for step in job.get("steps", ()) if step.get("uses") == "./" for name in step.get("with", {})
    }


def test_the_rules_name_no_job_or_step_that_is_not_there() -> None:
    jobs = {(name, job) for name, text in FILES.items() for job in load(text)["jobs"]}
    assert {key for key in PERMISSIONS if key[0] not in LEFT_OUT} == jobs
    steps = {
        (name, job_id, step.get("name"))
        for name, text in FILES.items()
        for job_id, job in load(text)["jobs"].items()
        for step in job.get("steps", ())
    }
    assert {key for key in SECRETS if key[0] not in LEFT_OUT} <= steps


PLANTED = {
    "a missing !cancelled()": (
        "publish.yml",
        "!cancelled() && needs.plan.result == 'success' &&",
        "needs.plan.result == 'success' &&",
        "skipped ancestor",
    ),
    "a report that a failure skips": (
        "publish.yml",
        "if: ${{ always() }}\n    runs-on",
        "runs-on",
        "skipped ancestor",
    ),
    "a report whose steps a cancelled run skips": (
        "publish.yml",
        "- name: Report\n        if: ${{ always() }}\n",
        "- name: Report\n",
        "a cancelled run skips",
    ),
    "a matrix that may be empty": ("publish.yml", " && needs.plan.outputs.count != '0'", "", "empty matrix"),
    "shards after a failed plan": (
        "publish.yml",
        " && needs.plan.result == 'success'",
        "",
        "the plan failed",
    ),
    "fail-fast": ("publish.yml", "fail-fast: false", "fail-fast: true", "fail-fast"),
    "a secret in the wrong job": (
        "publish.yml",
        "          BOT_REPORT_PLAN_RESULT:",
        "          HF_TOKEN: ${{ secrets.HF_TOKEN }}\n          BOT_REPORT_PLAN_RESULT:",
        "not for it",
    ),
    "a secret in the wrong step": (
        "publish.yml",
        "          HF_HUB_CACHE: ${{ runner.temp }}/bases\n",
        "          HF_TOKEN: ${{ secrets.HF_TOKEN }}\n",
        "not for it",
    ),
    "a secret for a whole job": (
        "publish.yml",
        "    strategy:\n",
        "    env:\n      HF_TOKEN: ${{ secrets.HF_TOKEN }}\n    strategy:\n",
        "outside of steps",
    ),
    "a secret for pull requests": (
        "registry.yml",
        "run: bot review --base HEAD^1 --out review",
        "run: bot review --base HEAD^1 --out review\n        env:\n          HF_TOKEN: ${{ secrets.HF_TOKEN }}",
        "a pull request sees",
    ),
    "a variable for pull requests": (
        "registry.yml",
        "runs-on: ubuntu-24.04",
        "runs-on: ${{ vars.RUNNER }}",
        "a pull request sees",
    ),
    "permissions of a job too wide": (
        "registry.yml",
        "contents: read",
        "contents: write",
        "permissions are",
    ),
    "permissions of a workflow": ("ci.yml", "permissions: {}", "permissions: write-all", "only jobs"),
    "an identity for the job that only plans": (
        "publish.yml",
        "    outputs:\n",
        "      id-token: write\n    outputs:\n",
        "permissions are",
    ),
    "one permission more": (
        "registry-comment.yml",
        "pull-requests: write",
        "issues: write\n      pull-requests: write",
        "permissions are",
    ),
    "a tag for a pin": (
        "ci.yml",
        re.findall(r"actions/checkout@.*", FILES["ci.yml"])[0],
        "actions/checkout@v7",
        "not pinned",
    ),
    "a token left on the disk": (
        "ci.yml",
        "persist-credentials: false",
        "persist-credentials: true",
        "persist-credentials",
    ),
    "an input in a script": (
        "publish.yml",
        "run: bot plan --out plan.json",
        "run: bot plan --out plan.json --only ${{ inputs.only }}",
        "through env",
    ),
    "an issue's title in an expression": (
        "add-handle.yml",
        "run: bot propose\n        env:\n",
        "run: bot propose\n        env:\n          TITLE: ${{ github.event.issue.title }}\n",
        "read from the event's file",
    ),
    "a fork's branch outside of a group": (
        "registry-comment.yml",
        "          name: review\n",
        "          name: review-${{ github.event.workflow_run.head_branch }}\n",
        "outside of a concurrency group",
    ),
    "a stranger's code with rights": (
        "registry.yml",
        "  pull_request:",
        "  pull_request_target:",
        "pull_request_target",
    ),
    "the pull request's code in the comment": (
        "registry-comment.yml",
        "ref: ${{ github.event.repository.default_branch }}",
        "ref: ${{ github.event.workflow_run.head_sha }}",
        "not main's code",
    ),
    "a page that forgets which page was last": (
        "pages.yml",
        "key: pages-",
        "key: publish-",
        "a cache that publish",
    ),
    "another workflow after the others": (
        "takedown.yml",
        "on:\n  workflow_dispatch:",
        "on:\n  workflow_run: {workflows: [publish]}\n  workflow_dispatch:",
        "workflow_run is for",
    ),
    "a clock among other triggers": (
        "publish.yml",
        "on:\n",
        'on:\n  schedule: [{cron: "1 1 * * *"}]\n',
        "file of its own",
    ),
    "no timeout": ("ci.yml", "    timeout-minutes: 90\n", "", "no timeout"),
    "secrets by inheritance": (
        "schedule.yml",
        "    secrets:\n      HF_TOKEN: ${{ secrets.HF_TOKEN }}\n      X_BEARER_TOKEN: ${{ secrets.X_BEARER_TOKEN }}\n"
        "      WANDB_API_KEY: ${{ secrets.WANDB_API_KEY }}\n",
        "    secrets: inherit\n",
        "inherited",
    ),
    "logic in a script": (
        "publish.yml",
        "run: bot plan --out plan.json",
        "run: |\n          bot plan --out plan.json\n          echo done",
        "one call of bot",
    ),
    "a cache that others fill": ("publish.yml", "key: publish-bases-", "key: bases-", "a cache that publish"),
}


@pytest.mark.parametrize("mistake", [each for each in PLANTED if PLANTED[each][0] not in LEFT_OUT])
def test_a_planted_mistake_is_found(mistake: str) -> None:
    name, old, new, words = PLANTED[mistake]
    assert old in FILES[name]
    assert any(words in problem for problem in problems(name, FILES[name].replace(old, new)))


@pytest.mark.parametrize(
    ("event", "changed", "code"),
    [
        ("pull_request", ["registry.yaml"], "false"),
        ("pull_request", ["registry.yaml", "posts/ada.jsonl"], "false"),
        ("pull_request", [], "false"),
        ("pull_request", ["registry.yaml", "bot/x.py"], "true"),
        ("pull_request", ["README.md"], "true"),
        ("pull_request", ["posts/x/conftest.py"], "true"),
        ("pull_request", ["sub/registry.yaml"], "true"),
        ("push", ["registry.yaml"], "true"),
    ],
)
def test_ci_runs_for_all_but_a_pull_request_of_the_registry(
    tmp_path: Path, event: str, changed: list[str], code: str
) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]

    def commit() -> None:
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run(
            [*git, "-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", "x"], check=True
        )

    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / ".ci").mkdir()
    shutil.copy2(ROOT / ".ci/changes", tmp_path / ".ci/changes")
    commit()
    for path in changed:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    commit()
    output = tmp_path / "output"
    environment = {"PATH": os.environ["PATH"], "GITHUB_EVENT_NAME": event, "GITHUB_OUTPUT": str(output)}
    subprocess.run([tmp_path / ".ci/changes"], check=True, env=environment)
    assert output.read_text() == f"code={code}\n"


def test_every_step_of_ci_that_installs_or_runs_waits_for_that_answer() -> None:
    for job in load(FILES["ci.yml"])["jobs"].values():
        checkout, changes, *rest = job["steps"]
        assert checkout["with"]["fetch-depth"] == 2
        assert changes["uses"] == "./.github/actions/changes"
        assert all("steps.changes.outputs.code == 'true'" in step["if"] for step in rest)


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def steps() -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, step)
        for name, text in FILES.items()
        for job in load(text)["jobs"].values()
        for step in job.get("steps", ())
    ]


def test_every_call_of_the_bot_is_one_that_it_understands() -> None:
    for name, step in steps():
        if not str(step.get("run", "")).startswith("bot "):
            continue
        words = step["run"].split()
        command = commands()[words[1]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words[2:] if word.startswith("--")} <= options, (name, step["run"])


def test_every_flag_in_the_environment_is_one_of_its_commands() -> None:
    found = 0
    for name, step in steps():
        for key in step.get("env", {}):
            if not key.startswith("BOT_") or key == KEYLESS:
                continue
            command = step["run"].split()[1]
            names = {
                f"BOT_{command.upper()}_{parameter.name}".upper() for parameter in commands()[command].params
            }
            assert key in names, (name, key)
            found += 1
    assert found > 10


def test_who_asks_the_hub_for_the_fleet_knows_whether_it_is_keyless() -> None:
    asking = [(name, step) for name, step in steps() if KEYLESS in step.get("env", {})]
    assert [(name, step["name"]) for name, step in asking] == [
        ("publish.yml", "Plan"),
        ("publish.yml", "Apply"),
    ]
    assert {step["env"][KEYLESS] for _, step in asking} == {"${{ vars.BOT_KEYLESS }}"}
    assert keyless.is_enabled({KEYLESS: "true"})


def test_a_called_workflow_asks_for_no_more_than_its_caller_may() -> None:
    """GitHub does not start a run where a called job asks for more."""
    granted = load(FILES["schedule.yml"])["jobs"]["publish"]["permissions"]
    asked: dict[str, str] = {}
    for job in load(FILES["publish.yml"])["jobs"].values():
        for key, value in job["permissions"].items():
            asked[key] = max(asked.get(key, ""), value)  # read, write: in the order of the alphabet
    assert granted == asked


@pytest.mark.parametrize("path", [FORM] if FORM.exists() else [])
def test_the_form_asks_for_what_the_bot_reads(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    fields = [item for item in form["body"] if item["type"] != "markdown"]
    assert tuple(field["attributes"]["label"] for field in fields) == HEADINGS
    assert all(field["type"] in ("input", "dropdown") for field in fields)  # one line each
    assert form["labels"] == [LABEL]
    (network,) = (field for field in fields if field["type"] == "dropdown")
    assert set(network["attributes"]["options"]) <= set(get_args(Source))
    assert f"'{LABEL}'" in FILES[path.name]


def test_a_form_and_the_workflow_that_answers_it_are_there_or_not_together() -> None:
    assert FORM.exists() == (FORM.name in FILES)


def test_what_can_be_asked_for_by_hand_is_what_the_docs_name() -> None:
    inputs = load(FILES["publish.yml"])["on"]["workflow_dispatch"]["inputs"]
    assert set(inputs) == {"only", "force", "dry-run", "max-models", "max-reads", "max-change", "shards"}
    read = set(re.findall(r"inputs\.([\w-]+)", FILES["publish.yml"]))
    assert read == set(inputs)


def test_publication_is_one_run_at_a_time_and_never_cancelled_by_the_next() -> None:
    assert load(FILES["publish.yml"])["concurrency"] == {"group": "fleet", "cancel-in-progress": False}


def test_the_clock_is_off_the_hour_and_calls_publish() -> None:
    workflow = load(FILES["schedule.yml"])
    (entry,) = workflow["on"]["schedule"]
    assert int(entry["cron"].split()[0]) not in (0, 30)
    assert workflow["jobs"]["publish"]["uses"] == "./.github/workflows/publish.yml"
    assert "workflow_call" in load(FILES["publish.yml"])["on"]


def test_a_takedown_is_by_hand_in_an_environment_of_its_own() -> None:
    workflow = load(FILES["takedown.yml"])
    assert set(workflow["on"]) == {"workflow_dispatch"}
    environments = {
        name: {environment_of(job) for job in load(text)["jobs"].values()} for name, text in FILES.items()
    }
    assert environments["takedown.yml"] == {"takedown"}
    assert all("takedown" not in found for name, found in environments.items() if name != "takedown.yml")


def environment_of(job: dict[str, Any]) -> str | None:
    found = job.get("environment")
    return found["name"] if isinstance(found, dict) else found


def test_the_check_on_pull_requests_may_be_required() -> None:
    workflow = load(FILES["registry.yml"])
    assert workflow["on"] == {"pull_request": None}  # no filter: a check that does not run blocks for ever
    assert [job["name"] for job in workflow["jobs"].values()] == ["registry"]


def test_the_oldest_and_the_newest_python_are_tested() -> None:
    versions = load(FILES["ci.yml"])["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert versions[0] == "3.11"
    assert all(isinstance(version, str) for version in versions)
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()


def test_the_time_that_a_plan_reckons_with_ends_before_the_job_does() -> None:
    jobs = load(FILES["publish.yml"])["jobs"]
    (step,) = [step for step in jobs["plan"]["steps"] if step.get("name") == "Plan"]
    limit = int(re.fullmatch(r"(\d+)m", step["env"]["BOT_PLAN_TIME_LIMIT"])[1])  # type: ignore[index]
    assert 0 < jobs["apply"]["timeout-minutes"] - limit <= 20


def test_no_artifact_and_no_cache_takes_what_is_kept_beside_the_registry() -> None:
    """`.bot` holds posts and unfinished trainings: traces of people, which go nowhere else."""
    taken = [
        path
        for text in FILES.values()
        for job in yaml.safe_load(text)["jobs"].values()
        for step in job.get("steps", ())
        if re.search(r"upload-artifact|actions/cache|upload-pages", step.get("uses", ""))
        for path in str(step["with"]["path"]).split()
    ]
    assert taken
    whole = re.compile(r"^(\.{0,2}/?|~|\*.*|\$\{\{ *github\.workspace *\}\}/?)$")
    assert not [path for path in taken if ".bot" in path or whole.match(path)], taken
