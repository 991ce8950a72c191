"""Who wrote the text of an issue: its editors, which GitHub names by GraphQL alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.github.api import GitHub, GitHubError

_EDITS = """
query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    issue(number: $number) {
      body
      author { __typename login }
      first: userContentEdits(first: 50) { totalCount nodes { id editedAt editor { __typename login } } }
      last: userContentEdits(last: 50) { nodes { id editedAt editor { __typename login } } }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Editor:
    """Who wrote a version of a text; `login` is empty for an account that is gone."""

    login: str
    is_bot: bool = False

    @property
    def is_workflow(self) -> bool:
        """Whether it is the account of the token that workflows get."""
        return self.is_bot and self.login.removesuffix("[bot]") == "github-actions"


@dataclass(frozen=True, slots=True)
class IssueText:
    """The text of an issue, and who wrote it: editors, the latest first, then its author where all edits are known."""

    body: str
    editors: tuple[Editor, ...]


def read(hub: GitHub, number: int) -> IssueText:
    """The text of an issue with its editors, of one moment. Raises GitHubError."""
    answer = hub.graphql(_EDITS, {"number": number}, "issues: read")
    try:
        issue = answer["data"]["repository"]["issue"]
        edits = {one["id"]: one for part in ("first", "last") for one in issue[part]["nodes"]}
        latest = sorted(edits.values(), key=lambda one: str(one["editedAt"]), reverse=True)
        editors = [_editor(one["editor"]) for one in latest]
        if len(edits) == issue["first"]["totalCount"]:
            editors.append(_editor(issue["author"]))
        return IssueText(str(issue["body"]), tuple(editors))
    except (KeyError, TypeError):
        raise GitHubError(f"GitHub did not say who edited issue #{number}") from None


def _editor(actor: dict[str, Any] | None) -> Editor:
    return Editor(str(actor["login"]), actor["__typename"] == "Bot") if actor else Editor("")
