"""Exports of Instagram, Threads and Facebook, built by the tests from the forms that are published of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

NOON = 1_714_564_800
"""Seconds: 2024-05-01 12:00 UTC."""

PROFILE = "personal_information/personal_information/personal_information.json"
THREADS = "your_instagram_activity/threads/threads_and_replies.json"
INSTAGRAM = "your_instagram_activity/media/posts_1.json"
FACEBOOK = "your_facebook_activity/posts/your_posts__check_ins__photos_and_videos_1.json"


def mistaken(value: object) -> bytes:
    """JSON as Meta writes it: each byte of UTF-8 as a character of its own."""
    return json.dumps(_mistaken(value)).encode()


def threads(*texts: str) -> bytes:
    """The file threads_and_replies.json."""
    posts = [{"media": [{"uri": "", "creation_timestamp": NOON, "title": words}]} for words in texts]
    return mistaken({"text_post_app_text_posts": posts})


def instagram(*captions: str) -> bytes:
    """The file posts_1.json: the first caption is that of its only picture, the others are those of several."""
    picture = {"uri": "media/posts/1.jpg", "creation_timestamp": NOON, "title": ""}
    posts: list[dict[str, Any]] = [
        {"media": [picture, picture], "title": words, "creation_timestamp": NOON} for words in captions[1:]
    ]
    return mistaken([{"media": [{**picture, "title": captions[0]}]}, *posts])


def facebook(*texts: str) -> bytes:
    """The file of Facebook's own timeline, with a shared link that has no words."""
    shared = {"timestamp": NOON, "attachments": [{"data": []}], "title": "Ada shared a link."}
    posts = [{"timestamp": NOON, "data": [{"post": words}], "title": "Ada wrote."} for words in texts]
    return mistaken([*posts, shared])


def profile(user: str = "Ada_Example", private: str = "False") -> bytes:
    """The file personal_information.json of Instagram."""
    values = {
        "Email": "zanzibar@example.org",
        "Username": user,
        "Name": "Ada Öl",
        "Bio": "Birds 🦜",
        "Private Account": private,
    }
    strings = {key: {"href": "", "value": value, "timestamp": 0} for key, value in values.items()}
    return mistaken({"profile_user": [{"title": "", "media_map_data": {}, "string_map_data": strings}]})


def _mistaken(value: object) -> object:
    match value:
        case str():
            return value.encode().decode("latin-1")
        case dict():
            return {key: _mistaken(each) for key, each in value.items()}
        case Sequence():
            return [_mistaken(each) for each in value]
    return value
