"""Adoption: models that the older system made become ones of this fleet, with every fact and their weights kept.

A repo without our manifest is touched nowhere else, and here only when a person names it and says to write.
"""

from __future__ import annotations

from bot.apply.adopt.adoption import Adoption, adopt, candidates
from bot.apply.adopt.avatars import fetch

__all__ = ["Adoption", "adopt", "candidates", "fetch"]
