"""`bot doctor` as a stranger runs it: exit codes, 80 columns, JSON, no token in sight, no torch needed."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import HubServer

from bot.__main__ import main

pytest_plugins = ["hub_fixtures"]

SECRET = "secret-that-must-not-leak"
HEAD = "version: 1\nnamespace: tester\ncontact: https://example.org/removal\n"


def doctor(folder: Path, *args: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["doctor", "--registry", str(folder / "registry.yaml"), *args])
    assert HubServer.token not in out.getvalue() + err.getvalue()
    assert SECRET not in out.getvalue() + err.getvalue()
    assert "Traceback" not in err.getvalue()
    return code, out.getvalue()


@pytest.fixture
def fresh(tmp_path: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a registry that lacks nothing, and the environment of a person who has a token."""
    (tmp_path / "registry.yaml").write_text(HEAD + "models: []\n")
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", server.token)
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_where_nothing_is_missing_it_says_so_and_ends_with_0(fresh: Path, server: HubServer) -> None:
    code, out = doctor(fresh)
    assert code == 0
    assert out.splitlines()[-1] == "Nothing is missing."
    assert {call.method for call in server.calls} == {"GET"}


@pytest.mark.parametrize("token", [HubServer.token, "", "hf_wrong"])
def test_a_mirrors_password_is_never_printed(
    fresh: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.url.replace("://", f"://mirror-user:{SECRET}@x:{SECRET}@"))
    monkeypatch.setenv("HF_TOKEN", token)
    _, out = doctor(fresh)  # looks for SECRET in all that it prints
    assert "mirror-user" not in out
    if not token:
        assert f"{server.url}/settings/tokens" in "".join(out.split())


def test_it_fits_80_columns_but_breaks_no_address(fresh: Path) -> None:
    text = (
        HEAD
        + "x: {terms_acknowledged: true}\nmodels:\n  - {handles: [ada_example], source: x, consent: self}\n"
    )
    (fresh / "registry.yaml").write_text(text)
    store = "s3://a-bucket-with-a-long-name/and/a/long/path/to/where/the/posts/are"
    _, out = doctor(fresh, "--store", store)
    assert [line for line in out.splitlines() if len(line) > 80 and len(line.split()) > 1] == []
    assert store in out
    assert "1 missing." in out or "2 missing." in out


def test_json_has_every_finding_and_the_exit_code_stays(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    code, out = doctor(fresh, "--json")
    assert code == 5
    findings = json.loads(out)["findings"]
    assert {"what", "state", "text"} == set().union(*findings)
    assert {one["what"] for one in findings if one["state"] == "missing"} == {"hub"}
    assert {"python", "disk", "fonts", "registry", "store"} <= {one["what"] for one in findings}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no registry at"),
        ("version: 1\nmodels: [\n", "registry.yaml:"),
        ("version: 1\nmodels: []\nmodels: []\nnonsense: 1\n", "and 1 more, see bot validate"),
    ],
)
def test_a_registry_that_cannot_be_read_is_one_finding_among_others(
    fresh: Path, text: str | None, words: str
) -> None:
    if text is None:
        (fresh / "registry.yaml").unlink()
    else:
        (fresh / "registry.yaml").write_text(text)
    code, out = doctor(fresh)
    assert code == 2
    assert words in " ".join(out.split())
    assert "fonts" in out


def test_of_several_exit_codes_credentials_come_first(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD + "models:\n  - {handles: [ada_example], source: x, consent: self}\n"
    (fresh / "registry.yaml").write_text(text)
    monkeypatch.setenv("X_BEARER_TOKEN", f"{SECRET} with a space")
    code, out = doctor(fresh)
    assert code == 5
    assert "terms_acknowledged" in out


def test_a_folder_hub_needs_no_token(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert doctor(fresh, "--hub", f"dir:{fresh / 'hub'}")[0] == 0


def test_a_pull_request_from_a_fork_shows_all_that_can_be_said(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    code, out = doctor(fresh)
    assert code == 0
    assert "not given to pull requests" in " ".join(out.split())


def test_it_starts_where_training_is_not_installed(fresh: Path) -> None:
    code = (
        "import importlib.abc, sys\n"
        "class Gone(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'transformers', 'tensorboardX', 'safetensors', 'numpy'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Gone())\n"
        "import importlib.util\n"
        "real = importlib.util.find_spec\n"
        "def find(name, package=None):\n"
        "    try:\n"
        "        return real(name, package)\n"
        "    except ModuleNotFoundError:\n"
        "        return None\n"
        "importlib.util.find_spec = find\n"
        "from bot.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", code, "doctor", "--registry", str(fresh / "registry.yaml")]
    ran = subprocess.run(
        [*command, "--hub", f"dir:{fresh / 'hub'}"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "so nothing can be trained here" in " ".join(ran.stdout.split())
