"""A Hub with trusted publishers, and GitHub's provider of identities beside it, for tests on loopback."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from hub_http import Answer
from hub_repos import Refusal, Token
from hub_server import HubServer

REQUEST = "gh_requesttokenthatmustnotleak"
WRITE = ("repo.content.read", "repo.write")


class KeylessServer(HubServer):
    """`publishers` are the repos that trust this workflow. `made` are the tokens given out, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens[REQUEST] = Token("actions")
        self.publishers: set[str] = set()
        self.identities: dict[str, str] = {}
        self.made: list[str] = []
        self.read_only = False

    @property
    def environment(self) -> dict[str, str]:
        """What a job with `id-token: write` is given, as GitHub words it."""
        address = f"{self.url}/_actions/identity?api-version=2.0"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": address, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST}

    def answer(self, method: str, target: str, token: Token | None, body: bytes) -> Answer:
        """Both ends of the exchange, and what a Hub answers else."""
        url = urlsplit(target)
        match method, url.path:
            case "GET", "/_actions/identity":
                query = parse_qs(url.query)
                if token is None or token.user != "actions" or query.get("api-version") != ["2.0"]:
                    raise Refusal(401, "not a job")
                identity = f"eyJ.identity{len(self.identities)}.sig"
                self.identities[identity] = query["audience"][0]
                return Answer(json.dumps({"value": identity, "count": 1}).encode())
            case "POST", "/oauth/token":
                return self._exchange(json.loads(body))
        return super().answer(method, target, token, body)

    def _exchange(self, asked: dict[str, str]) -> Answer:
        sound = (
            asked["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange"
            and asked["subject_token_type"] == "urn:ietf:params:oauth:token-type:id_token"
            and self.identities.get(asked["subject_token"]) == self.url
        )
        if not sound or asked["resource"] not in self.publishers:
            words = {"error": "invalid_grant", "error_description": f"no match for {asked['subject_token']}"}
            return Answer(json.dumps(words).encode(), 400)
        made = f"hf_jwt_keyless{len(self.made)}"
        self.made.append(made)
        may = WRITE[:1] if self.read_only else WRITE
        self.tokens[made] = Token("[OIDC]", "fineGrained", grants=((asked["resource"], may),))
        return Answer(json.dumps({"access_token": made, "token_type": "bearer", "expires_in": 3600}).encode())
