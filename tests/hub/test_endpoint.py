from __future__ import annotations

import pytest

from bot.__main__ import main
from bot.errors import CredentialsError, UsageError
from bot.github import summaries
from bot.hub import endpoint, open_hub

SECRET = "pa55-word"
MIRROR = f"http://someone:{SECRET}@mirror.example"


def test_what_is_asked_and_what_is_shown() -> None:
    assert endpoint.address({}) == endpoint.displayed({}) == "https://huggingface.co"
    assert endpoint.address({"HF_ENDPOINT": f"{MIRROR}/"}) == MIRROR
    assert endpoint.address({"HF_ENDPOINT": MIRROR}, "http://other") == "http://other"
    for address in (MIRROR, f"http://a:{SECRET}@{SECRET}@mirror.example", "http://mirror.example/"):
        assert endpoint.displayed({"HF_ENDPOINT": address}) == "http://mirror.example"


def test_a_hub_says_its_address_without_a_password() -> None:
    hub = open_hub(MIRROR, "org", token="")
    assert hub.url("ada") == "http://mirror.example/org/ada"
    assert SECRET not in repr(hub)
    with pytest.raises(CredentialsError) as caught:
        hub.check(write=False)
    assert "http://mirror.example/settings/tokens" in str(caught.value)


def test_links_of_summaries_have_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", MIRROR)
    assert "(http://mirror.example/org/ada)" in summaries.model("org/ada", published=True)
    assert SECRET not in summaries.reason(f"made, {endpoint.displayed({'HF_ENDPOINT': MIRROR})}/org/ada")


def test_what_ends_a_command_holds_no_password(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = f"{tmp_path}/registry.yaml"
    with open(registry, "w") as file:  # noqa: PTH123
        file.write("version: 1\nnamespace: org\nmodels: []\n")
    monkeypatch.setenv("HF_ENDPOINT", f"http://someone:{SECRET}@127.0.0.1:9")
    for token in (None, "", "hf_x y", "hf_x"):
        if token is not None:
            monkeypatch.setenv("HF_TOKEN", token)
        assert main(["plan", "--registry", registry]) in (1, 5)
        said = "".join(capsys.readouterr())
        assert said
        assert SECRET not in said
        assert "someone" not in said


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("models", "dir:models"),
        ("./models", "dir:./models"),
        ("~/models", "dir:~/models"),
        ("huggingface.co", "https://huggingface.co"),
        ("hub.example.org:8080", "https://hub.example.org:8080"),
    ],
)
def test_a_hub_without_its_kind_is_refused_with_the_one_that_is_meant(target: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_hub(target, "org")
    assert list(caught.value.instead) == [meant]
    open_hub(meant, "org")


def test_a_hub_that_may_hold_a_password_is_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        open_hub(MIRROR.removeprefix("http://"), "org")
    assert SECRET not in str(caught.value)
