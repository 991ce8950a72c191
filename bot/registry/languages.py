"""ISO 639, which is what a model card may name: each language's code and English name, and codes of networks."""

from __future__ import annotations

import re

# Two letters: ISO 639-1, https://www.loc.gov/standards/iso639-2/php/code_list.php
# Three letters: codes that networks give to posts, where ISO 639-1 has none.
_TABLE = """
    aa Afar; ab Abkhazian; ae Avestan; af Afrikaans; ak Akan; am Amharic; an Aragonese; ar Arabic;
    as Assamese; av Avaric; ay Aymara; az Azerbaijani; ba Bashkir; be Belarusian; bg Bulgarian; bi Bislama;
    bm Bambara; bn Bangla; bo Tibetan; br Breton; bs Bosnian; ca Catalan; ce Chechen; ch Chamorro;
    co Corsican; cr Cree; cs Czech; cu Church Slavonic; cv Chuvash; cy Welsh; da Danish; de German;
    dv Divehi; dz Dzongkha; ee Ewe; el Greek; en English; eo Esperanto; es Spanish; et Estonian; eu Basque;
    fa Persian; ff Fulah; fi Finnish; fj Fijian; fo Faroese; fr French; fy Western Frisian; ga Irish;
    gd Scottish Gaelic; gl Galician; gn Guarani; gu Gujarati; gv Manx; ha Hausa; he Hebrew; hi Hindi;
    ho Hiri Motu; hr Croatian; ht Haitian Creole; hu Hungarian; hy Armenian; hz Herero; ia Interlingua;
    id Indonesian; ie Interlingue; ig Igbo; ii Sichuan Yi; ik Inupiaq; io Ido; is Icelandic; it Italian;
    iu Inuktitut; ja Japanese; jv Javanese; ka Georgian; kg Kongo; ki Kikuyu; kj Kuanyama; kk Kazakh;
    kl Kalaallisut; km Khmer; kn Kannada; ko Korean; kr Kanuri; ks Kashmiri; ku Kurdish; kv Komi;
    kw Cornish; ky Kyrgyz; la Latin; lb Luxembourgish; lg Ganda; li Limburgish; ln Lingala; lo Lao;
    lt Lithuanian; lu Luba-Katanga; lv Latvian; mg Malagasy; mh Marshallese; mi Māori; mk Macedonian;
    ml Malayalam; mn Mongolian; mr Marathi; ms Malay; mt Maltese; my Burmese; na Nauru; nb Norwegian Bokmål;
    nd North Ndebele; ne Nepali; ng Ndonga; nl Dutch; nn Norwegian Nynorsk; no Norwegian; nr South Ndebele;
    nv Navajo; ny Nyanja; oc Occitan; oj Ojibwa; om Oromo; or Odia; os Ossetic; pa Punjabi; pi Pali;
    pl Polish; ps Pashto; pt Portuguese; qu Quechua; rm Romansh; rn Rundi; ro Romanian; ru Russian;
    rw Kinyarwanda; sa Sanskrit; sc Sardinian; sd Sindhi; se Northern Sami; sg Sango; si Sinhala; sk Slovak;
    sl Slovenian; sm Samoan; sn Shona; so Somali; sq Albanian; sr Serbian; ss Swati; st Southern Sotho;
    su Sundanese; sv Swedish; sw Swahili; ta Tamil; te Telugu; tg Tajik; th Thai; ti Tigrinya; tk Turkmen;
    tl Tagalog; tn Tswana; to Tongan; tr Turkish; ts Tsonga; tt Tatar; tw Twi; ty Tahitian; ug Uyghur;
    uk Ukrainian; ur Urdu; uz Uzbek; ve Venda; vi Vietnamese; vo Volapük; wa Walloon; wo Wolof; xh Xhosa;
    yi Yiddish; yo Yoruba; za Zhuang; zh Chinese; zu Zulu;
    arz Egyptian Arabic; ast Asturian; bar Bavarian; bho Bhojpuri; bjn Banjar; ceb Cebuano; chr Cherokee;
    ckb Sorani Kurdish; csb Kashubian; dsb Lower Sorbian; fil Filipino; frp Arpitan; fur Friulian;
    gsw Swiss German; haw Hawaiian; hsb Upper Sorbian; kab Kabyle; lzh Literary Chinese; mai Maithili;
    mdf Moksha; min Minangkabau; mni Manipuri; mwl Mirandese; nap Neapolitan; nds Low German; new Newari;
    nso Northern Sotho; pag Pangasinan; pam Kapampangan; pap Papiamento; pcd Picard; sat Santali;
    scn Sicilian; sco Scots; shn Shan; srd Sardinian; syr Syriac; szl Silesian; tok Toki Pona;
    tzm Central Atlas Tamazight; vec Venetian; war Waray; yue Cantonese; zgh Standard Moroccan Tamazight
"""
LANGUAGES: dict[str, str] = {
    code: name
    for code, _, name in (pair.strip().partition(" ") for pair in _TABLE.replace("\n", " ").split(";"))
}
"""The English name of each language, by its code."""

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
    return language if language in LANGUAGES else None
