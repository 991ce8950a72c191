from __future__ import annotations

import pytest

from bot.apply.adopt.columns import order


@pytest.mark.parametrize(
    ("names", "handles", "found"),
    [
        (["Ada Example", "Bob"], ["ada_example", "bob_example"], ("ada_example", "bob_example")),
        (["Bob", "Ada"], ["ada_example", "bob_example"], ("bob_example", "ada_example")),
        (["Ádá | Éxample", "B"], ["ada_example", "zzz"], ("ada_example", "zzz")),
        (["The real Robert", "???"], ["ada", "robert99"], ("robert99", "ada")),
        (["carol official", "Carol"], ["carol", "carol_official"], ("carol_official", "carol")),
        (["", "Ada"], ["ada", "bob"], ("bob", "ada")),
        (["Example Ada", "Example, Bob"], ["bob_example", "ada_example"], ("ada_example", "bob_example")),
        (["Sun", "Moon"], ["ada", "bob"], None),
        (["Ada", "Ada"], ["ada", "bob"], None),
        (["Example", "Example"], ["ada_example", "bob_example"], None),
        (["Ada", "Sun", "Moon"], ["ada", "bob", "eve"], None),
        (["Theo", "the moon"], ["theodore", "bob"], ("theodore", "bob")),
    ],
)
def test_only_one_order_that_fits_is_believed(
    names: list[str], handles: list[str], found: tuple[str, ...] | None
) -> None:
    assert order(names, handles) == found
