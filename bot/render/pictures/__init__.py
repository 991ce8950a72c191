"""Pictures of a card: round avatars, the loss curve, the pictures that people share. Same facts, same bytes.

Avatars come from strangers: whatever their bytes are, the answer is a picture. The others are SVG templates,
rendered without any font of the machine.
"""

from __future__ import annotations

from bot.render.pictures.avatars import avatar, thumbnail
from bot.render.pictures.chart import loss_curve
from bot.render.pictures.poster import social_preview, square

__all__ = ["avatar", "loss_curve", "social_preview", "square", "thumbnail"]
