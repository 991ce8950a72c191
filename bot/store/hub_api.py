"""The Hub's own client as the store asks it: the endpoint and the token of this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def hub_api() -> HfApi:
    """The client for `HF_ENDPOINT`, with `HF_TOKEN` or the token of `hf auth login`."""
    from huggingface_hub import HfApi, constants, get_token

    from bot import __version__

    endpoint = (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")
    token = os.environ.get("HF_TOKEN", "").strip() or get_token()
    return HfApi(endpoint=endpoint, token=token, library_name="mynah", library_version=__version__)
