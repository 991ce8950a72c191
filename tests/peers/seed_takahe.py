"""Fills an empty Takahe with two people and their posts; run by Takahe's own Python, in its folder.

Posts are written through Takahe's models, since nobody can sign in without a browser. Prints, as JSON, the texts of
the posts by kind and a token with which one may read.
"""

import datetime
import json
import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "takahe.settings"
django.setup()

from activities.models import Post, PostInteraction  # noqa: E402
from api.models import Application, Token  # noqa: E402
from core.models import Config  # noqa: E402
from core.signatures import RsaKeys  # noqa: E402
from users.models import Domain, Identity, User  # noqa: E402

keys = dict(zip(("private_key", "public_key"), RsaKeys.generate_keypair(), strict=True))
Config.system = Config.load_system()
Config.set_system("system_actor_private_key", keys["private_key"])
Config.set_system("system_actor_public_key", keys["public_key"])
Config.system = Config.load_system()
user = User.objects.create(email="person@example.com")
domain = Domain.objects.create(domain="example.com", local=True, public=True, state="updated")


def identity(name, **fields):
    """A new person of this server."""
    at = f"https://example.com/@{name}@example.com/"
    made = Identity.objects.create(
        username=name,
        domain=domain,
        actor_uri=at,
        inbox_uri=f"{at}inbox/",
        profile_uri=f"https://example.com/@{name}/",
        name=name.title(),
        local=True,
        state="updated",
        **keys,
        **fields,
    )
    made.users.set([user])
    return made


carol = identity("carol", summary="<p>Birds, <b>mostly</b>.</p>", discoverable=True)
bob = identity("bob")
written = {}
minute = 0


def write(kind, content, author=carol, **fields):
    """A new post, a minute after the last."""
    global minute
    minute += 1
    post = Post.create_local(author=author, content=content, **fields)
    when = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(minutes=minute)
    Post.objects.filter(pk=post.pk).update(published=when, state="fanned_out")
    written.setdefault(kind, []).append(str(post.pk))
    return post


visibility = Post.Visibilities
theirs = write("bob", "Bob says a word", author=bob)
for number in range(90):
    write("plain", f"The bird number {number} sings")
write("reply", "@bob is right", reply_to=theirs)
write("unlisted", "Not on the front page", visibility=visibility.unlisted)
write("followers", "For followers alone", visibility=visibility.followers)
write("direct", "@bob for you alone", visibility=visibility.mentioned)
write("warned", "Behind a warning", summary="a warning", sensitive=True)
write("link", "See https://example.org/very/long/path/that/is/shortened/in/display and tell me")
write("tag", "Words with #hashtag inside")
write("lines", "First line\nsecond line\n\nnew paragraph & more <b>not html</b>")
write("edited", "Before the edit").edit_local(content="After the edit")
gone = write("deleted", "Soon deleted")
Post.objects.filter(pk=gone.pk).update(state="deleted")
PostInteraction.objects.create(type="boost", post=theirs, identity=carol, state="fanned_out")

application = Application.objects.create(
    name="reader", client_id="reader", client_secret="-", redirect_uris="urn:x", scopes="read"
)
token = Token.objects.create(
    application=application, user=user, identity=carol, token="not-a-secret", scopes=["read"]
)
print(json.dumps({"written": written, "token": token.token, "account": str(carol.pk)}))
