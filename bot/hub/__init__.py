"""Where repos live: one protocol, two backends, the Hugging Face Hub and a plain folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bot.errors import UsageError
from bot.hub.protocol import WAIT_S, Blob, Contents, Hub, Listing, Repo
from bot.sources.handles import shown

__all__ = ["WAIT_S", "Blob", "Contents", "Hub", "Listing", "Repo", "open_hub"]


_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?/?")


def closest_target(text: str) -> str:
    """The target of a hub that a text without `dir:` or `https://` probably means: a folder, or a host's name."""
    return f"https://{text}" if _HOST.fullmatch(text) and not Path(text).exists() else f"dir:{text}"


def open_hub(target: str | None, namespace: str, *, token: str | None = None, wait_s: float = WAIT_S) -> Hub:
    """The backend that `target` names: `dir:PATH`, or a Hub's address; None is `HF_ENDPOINT` or the real Hub.

    `token` None works without credentials; no other place is searched for one. Nothing is read or checked yet.
    Raises UsageError for a target that is neither.
    BOT_KEYLESS in the environment publishes updates with tokens exchanged for the workflow's identity.
    """
    if target == "dir:":
        raise UsageError("dir: names no folder: write dir:PATH, such as dir:models")
    if target is not None and target.startswith("dir:"):
        from bot.hub.folder import FolderHub

        return FolderHub(Path(target.removeprefix("dir:")).expanduser(), namespace, wait_s=wait_s)
    if target is not None and "://" not in target:
        raise _no_hub(target)
    # Telemetry costs a call a day, to the real Hub even when another endpoint is meant.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from bot.hub import endpoint, huggingface, keyless

    kind = keyless.KeylessHub if keyless.is_enabled(os.environ) else huggingface.HuggingFaceHub
    return kind(endpoint.address(os.environ, target), namespace, token=token, wait_s=wait_s)


def _no_hub(target: str) -> UsageError:
    """The error that a text is no target of a hub. One with an @ may hold a password and is not shown."""
    if "@" in target:
        return UsageError("what names the hub is neither dir:PATH nor a web address with https:// before it")
    close = closest_target(target)
    return UsageError(
        f"{shown(target)} names no hub: it is dir:PATH or a web address; did you mean {close}?",
        instead=[close],
    )
