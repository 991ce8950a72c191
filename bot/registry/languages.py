"""From the language codes of networks to ISO 639, which is what a model card may name."""

from __future__ import annotations

import re

# ISO 639-1: https://www.loc.gov/standards/iso639-2/php/code_list.php
_TWO_LETTERS = """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
    en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it
    iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt
    my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl
    sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo
    za zh zu
"""
# Three-letter codes that networks give to posts, where ISO 639-1 has none.
_THREE_LETTERS = """
    arz ast bar bho bjn ceb chr ckb csb dsb fil frp fur gsw haw hsb kab lzh mai mdf min mni mwl nap nds new nso
    pag pam pap pcd sat scn sco shn srd syr szl tok tzm vec war yue zgh
"""
_KNOWN = frozenset(_TWO_LETTERS.split() + _THREE_LETTERS.split())

_RENAMED = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro", "msa": "ms", "cmn": "zh", "zho": "zh"}
_CODE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*")


def iso_639(code: str | None) -> str | None:
    """The ISO 639 code in lower case, regions dropped (`pt-BR` is `pt`); None for what names no language.

    X's `und`, `zxx`, `qme` (media), `qht` (hashtags) and their like are none; its `in` is Indonesian.
    """
    match = _CODE.fullmatch(code.strip().lower()) if code else None
    if not match:
        return None
    language = _RENAMED.get(match[1], match[1])
    return language if language in _KNOWN else None
