"""`bot apply --on hf-jobs` as a person runs it: a checkout, a store on S3, and a job that runs its whole script."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from clones import clone, commit
from fleets import Fleet
from jobs_server import JobsServer
from moto.server import ThreadedMotoServer

from bot.__main__ import main
from bot.apply.jobs.api import MODELS
from bot.io import origin

pytest_plugins = ["hub_fixtures"]

ADDRESS = "https://example.org/org/fleet"
BOT = "https://example.org/org/mynah"
ROOT = Path(__file__).parents[3]
AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "aws-secret-that-must-not-leak",
    "AWS_DEFAULT_REGION": "us-east-1",
}
# What a job's image brings; the environment of the test stands in for what pip would install.
IMAGE = {
    "python3": 'mkdir -p "${@: -1}/bin" && touch "${@: -1}/bin/activate"',
    "python": '[ "$1" = -c ] || echo "$*" >> "$HOME/pip.log"',  # torch is there already
    "bot": f'exec {sys.executable} -m bot "$@"',
}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket `fleet-posts`, and the environment that leads to it."""
    import s3fs

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    s3fs.S3FileSystem.clear_instance_cache()
    for name, value in {**AWS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="fleet-posts")
    yield client
    client.close()
    server.stop()


@pytest.fixture(autouse=True)
def bot_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The bot's own repository, from whose commit the bot that runs comes, with what installs it."""
    folder = clone(tmp_path / "mynah", BOT)
    for part in (".ci", "locks"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("node_modules"))
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    found = origin.Origin(BOT, commit(folder))
    monkeypatch.setattr(origin, "find", lambda: found)
    return folder


@pytest.fixture
def server(_real_client: None) -> Iterator[JobsServer]:
    with JobsServer(lambda _: ("ERROR", [])) as running:
        yield running


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def bot(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(arguments))
    print(f"bot {arguments[0]}: exit {code}", out.getvalue(), err.getvalue(), sep="\n")
    assert AWS["AWS_SECRET_ACCESS_KEY"] not in out.getvalue() + err.getvalue()
    assert JobsServer.token not in out.getvalue() + err.getvalue()
    return code, out.getvalue(), err.getvalue()


def container(folder: Path, checkout: Path, network: dict[str, str]) -> Any:
    """What runs a job: its command in an empty folder, with its own environment and nothing of this process's."""
    image = folder / "image"
    image.mkdir()
    for name, body in IMAGE.items():
        program = image / name
        program.write_text(f"#!/bin/bash\n{body}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def work(spec: dict[str, Any]) -> tuple[str, list[str]]:
        home = folder / "-".join(json.loads(spec["environment"][MODELS]))
        home.mkdir()
        places = {checkout: ADDRESS, checkout.parent / "mynah": BOT}
        (home / ".gitconfig").write_text(
            "".join(f'[url "file://{path}"]\n\tinsteadOf = {address}\n' for path, address in places.items())
        )
        ran = subprocess.run(
            spec["command"],
            cwd=home,
            env={
                "HOME": str(home),
                "PATH": f"{image}:/usr/bin:/bin",
                **network,
                **spec["environment"],
                **spec["secrets"],
            },
            capture_output=True,
            text=True,
            check=False,
        )
        (home / "job.log").write_text(f"exit {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
        return ("COMPLETED" if ran.returncode == 0 else "ERROR"), [
            *ran.stderr.splitlines(),
            *ran.stdout.splitlines(),
        ]

    return work


@pytest.mark.usefixtures("s3")
def test_models_are_trained_in_a_job_and_published_from_a_checkout_and_a_store_elsewhere(
    server: JobsServer, tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "fleet"
    shutil.copytree(tiny_base, checkout / "bases" / "tiny")
    fleet = Fleet(checkout, Path("./bases/tiny"))
    fleet.posts("bob", 250, seed=2)  # committed beside the registry
    fleet.entry("bob")
    fleet.models.append("  - {handles: [ada]}")  # imported into the store
    fleet.top = "store: s3://fleet-posts/store\n"
    fleet.write()
    path = checkout / "registry.yaml"
    path.write_text(path.read_text().replace("namespace: org", "namespace: tester"))
    git(checkout, "init", "--quiet")
    git(checkout, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(checkout, "remote", "add", "origin", ADDRESS)
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "-m", "begin")
    git(checkout, "update-ref", "refs/remotes/origin/main", "HEAD")
    fleet.posts("ada", 250, seed=1)
    assert bot("import", "ada", str(checkout / "ada.jsonl"), "--registry", str(path))[0] == 0

    network = {name: os.environ[name] for name in os.environ if name.startswith("HF_HUB_DISABLE")}
    server.work = container(tmp_path, checkout, network)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", server.token)
    arguments = ("--registry", str(path), "--on", "hf-jobs", "--shards", "1", "--timeout", "90m")
    code, out, err = bot("apply", "--json", *arguments)
    outcomes = {outcome["name"]: outcome for outcome in json.loads(out)["outcomes"]}
    assert {name: one["result"] for name, one in outcomes.items()} == {"ada": "done", "bob": "done"}
    assert code == 0
    for name in ("ada", "bob"):
        assert outcomes[name]["commit"] == server.store.repos[f"tester/{name}"].head.sha
        assert "model.safetensors" in server.files(f"tester/{name}")
    (job,) = server.jobs.values()
    assert job.spec["timeoutSeconds"] == 5400
    assert "completed" in err
    installed = (tmp_path / "ada-bob" / "pip.log").read_text()
    assert all(f"locks/{role}.txt" in installed for role in ("build", "light", "train", "s3"))

    code, out, _ = bot("apply", "--json", *arguments)
    assert (code, json.loads(out)["outcomes"]) == (0, [])
    assert len(server.jobs) == 1


def test_what_a_job_could_not_get_at_is_said_before_anything_is_done(
    server: JobsServer, tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(tmp_path, tiny_base)
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.write()
    path = tmp_path / "registry.yaml"
    path.write_text(path.read_text().replace("namespace: org", "namespace: tester"))
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", server.token)
    code, _, err = bot("apply", "--registry", str(path), "--on", "hf-jobs")
    assert code == 2
    assert "is in no git repository's commit" in err
    code, _, err = bot(
        "apply", "--registry", str(path), "--on", "hf-jobs", "--hub", f"dir:{tmp_path / 'hub'}"
    )
    assert code == 2
    assert "--on hf-jobs publishes to the Hugging Face Hub" in err
    assert server.jobs == {}
    assert server.store.repos == {}
