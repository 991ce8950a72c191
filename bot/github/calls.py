"""Runs `gh` and `hf` as a person would: found, logged in, with secrets on their input and never on a command line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.errors import CredentialsError, UsageError
from bot.github.api import GitHub
from bot.github.setup import USER_ID, Call

TIMEOUT_S = 300.0
GET_GH = "install it from https://cli.github.com, then run: gh auth login"


class CallError(Exception):
    """A call failed; the text says how."""


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs calls with an environment; `ask` gives the value of a secret, empty for none."""

    ask: Callable[[str], str]
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def run(self, call: Call) -> None:
        """Makes a call. Raises CallError with its own words."""
        body = USER_ID.sub(lambda found: self._user_id(found[1]), call.body)
        if call.secret:
            body = self.ask(call.secret)
            if not body.strip():
                raise CallError(f"no value was given for {call.secret}")
        self._output(call.words, body.strip())

    def _user_id(self, path: str) -> str:
        found = self._output(("gh", "api", path, "--jq", ".id"))
        if not found.isdigit():
            raise CallError(f"GitHub knows no number of {path}")
        return found

    def _output(self, words: tuple[str, ...], body: str = "") -> str:
        path = shutil.which(words[0], path=self.environment.get("PATH"))
        if path is None:
            raise CallError(f"{words[0]} is not installed")
        try:
            done = subprocess.run(
                [path, *words[1:]],
                input=body,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT_S,
                check=False,
                env=dict(self.environment),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            why = "it took too long" if isinstance(error, subprocess.TimeoutExpired) else error.strerror
            raise CallError(f"{words[0]} did not end well: {why}") from None
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split())[:300]
            raise CallError(said or f"{words[0]} ended with {done.returncode}")
        return done.stdout.strip()

    def token(self) -> str:
        """The token that gh is logged in with. UsageError without gh, CredentialsError where it is logged out."""
        if shutil.which("gh", path=self.environment.get("PATH")) is None:
            raise UsageError(f"gh, the command line of GitHub, is not installed: {GET_GH}")
        try:
            found = self._output(("gh", "auth", "token"))
        except CallError:
            found = ""
        if not found:
            raise CredentialsError("gh is not logged in: run gh auth login, then this again")
        return found


def repository(name: str, runner: Runner) -> GitHub:
    """A repository with the token of the environment, else of gh. UsageError, CredentialsError."""
    environment = runner.environment
    token = environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN") or runner.token()
    return GitHub(environment.get("GITHUB_API_URL") or "https://api.github.com", name, token)
