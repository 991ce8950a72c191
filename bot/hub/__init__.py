"""Where repos live: one protocol, two backends, the Hugging Face Hub and a plain folder."""

from __future__ import annotations

import os
from pathlib import Path

from bot.hub.protocol import WAIT_S, Blob, Contents, Hub, Listing, Repo

__all__ = ["WAIT_S", "Blob", "Contents", "Hub", "Listing", "Repo", "open_hub"]


def open_hub(target: str | None, namespace: str, *, token: str | None = None, wait_s: float = WAIT_S) -> Hub:
    """The backend that `target` names: `dir:PATH`, or a Hub's address; None is `HF_ENDPOINT` or the real Hub.

    `token` None works without credentials; no other place is searched for one. Nothing is read or checked yet.
    BOT_KEYLESS in the environment publishes updates with tokens exchanged for the workflow's identity.
    """
    if target is not None and target.startswith("dir:"):
        from bot.hub.folder import FolderHub

        return FolderHub(Path(target.removeprefix("dir:")).expanduser(), namespace, wait_s=wait_s)
    # Telemetry costs a call a day, to the real Hub even when another endpoint is meant.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from bot.hub import endpoint, huggingface, keyless

    kind = keyless.KeylessHub if keyless.is_enabled(os.environ) else huggingface.HuggingFaceHub
    return kind(endpoint.address(os.environ, target), namespace, token=token, wait_s=wait_s)
