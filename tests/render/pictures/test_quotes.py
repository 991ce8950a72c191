from __future__ import annotations

from bot.render.pictures import quotes

BOX = (1050.0, 380.0, (92, 76, 62, 56, 44, 38))


def sample(text: str, prompt: str = "My dream is") -> dict[str, str]:
    return {"prompt": prompt, "text": text}


def fitting(*texts: str, most: int = 2) -> list[str]:
    found = quotes.fitting([sample(text) for text in texts], *BOX, legible=56, most=most)
    return [" ".join(one.block.lines) for one in found]


LONG = " to write" + " and to write again" * 40 + "."


def test_the_first_that_fit_are_shown_in_their_order() -> None:
    assert fitting(" to fly.", " to sing.", " to dance.") == ["My dream is to fly.", "My dream is to sing."]
    assert fitting(" to fly.", " to sing.", most=1) == ["My dream is to fly."]


def test_a_text_that_does_not_fit_gives_way_to_the_next() -> None:
    assert fitting(LONG, " to fly.") == ["My dream is to fly."]


def test_nothing_is_cut_and_nothing_leaves_the_box() -> None:
    texts = [sample(" to be " + "very " * count + "brief.") for count in range(0, 60, 3)]
    found = quotes.fitting(texts, *BOX, legible=56)
    assert all(not one.block.shortened and one.block.width <= BOX[0] for one in found)
    assert found[-1].bottom <= BOX[1]


def test_a_text_that_ends_as_a_sentence_does_comes_before_one_that_breaks_off() -> None:
    assert fitting(" to fly over the", " to sing.") == ["My dream is to sing."]
    assert fitting(" to fly over the", LONG) == ["My dream is to fly over the"]
    assert fitting(" 旅すること", " 旅です。") == ["My dream is 旅です。"]


def test_where_none_fits_the_first_whole_sentences_of_one_are_shown() -> None:
    assert fitting(" to fly. And to sing." + LONG) == ["My dream is to fly. And to sing."]
    assert fitting(LONG.rstrip(".")) == []


def test_the_prompt_alone_is_no_text() -> None:
    assert fitting("", "  ") == []


def test_few_words_are_set_large_and_many_small_but_legible() -> None:
    [short] = quotes.fitting([sample(" to fly.")], *BOX, legible=56)
    assert short.block.size == 92
    [long] = quotes.fitting([sample(" to fly" + " and to sing" * 24 + ".")], *BOX, legible=56)
    assert long.block.size < 56


def test_the_prompt_keeps_its_own_colour_across_lines() -> None:
    [one] = quotes.fitting([sample(" to fly.", "A prompt of many words " * 4)], *BOX, legible=56)
    assert sum(one.block.leads) >= len("A prompt of many words " * 4) - len(one.block.lines)
    assert '#ffd166"' in one.block.at(0, 0, lead="#ffd166")
    assert "fill" not in one.block.at(0, 0)
    assert "<script" not in one.block.at(0, 0, lead='"><script>')
