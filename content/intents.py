"""What a person wants: words of command by rules, all else by a model learned from many hands.

Words of command count only in a message that holds little else: "menu" is a wish, "quán có menu
tiếng Việt không" is not.
"""

import re
from collections.abc import Callable, Sequence

from content import emergencies
from content.aspects import aspects
from content.normalise import Words

_Rule = tuple[str, Callable[[str, int], bool]]

_QUESTION = re.compile(
    r"\?|(?<!\w)(gi|sao|ai|dau|nao|may|bao nhieu|bao lau|bao gio|khi nao|khong|chua|the nao|lam sao|ha|a|what|how|who|when|where|why|can|is|does|do)(?!\w)"
)
_ENGLISH = re.compile(
    r"(?<!\w)(the|my|is|are|what|how|who|where|when|which|every|we|they|there|this|that|night|report|want|agree|neighbou?r|loud|street|people|can|could|does|do|about|for|to|of|in|and|not|have|has|should|please|your|their)(?!\w)"
)


def _is(*phrases: str, longest: int = 6) -> Callable[[str, int], bool]:
    """The whole message is one of these, give or take politeness."""
    before = r"(?:(?:da|vang|cho (?:toi|minh|em)|toi|minh|em|please|xin)\s)*"
    after = r"(?:\s(?:ban|nhe|nha|nghe|a|ah|voi|di|di nhe|quan tri|oi|bot|nep song|please|roi))*"
    exact = re.compile(before + r"(?:" + "|".join(phrases) + r")" + after)
    return lambda said, count: count <= longest and exact.fullmatch(said) is not None


def _says(*phrases: str, longest: int = 200) -> Callable[[str, int], bool]:
    """One of these stands in the message."""
    anywhere = re.compile(r"(?<!\w)(?:" + "|".join(phrases) + r")(?!\w)")
    return lambda said, count: count <= longest and anywhere.search(said) is not None


# "góp ý …" tells us something, unless it asks how, or is about the list of families.
_TELLS = re.compile(r"(?:(?:toi|em|minh|da|xin|cho toi|muon|toi muon) )*gop y(?: |$)")
_SERVICE = re.compile(r"(?<!\w)(?:nep song|dich vu nay|bot|trang nay|trang web|tro chuyen)(?!\w)")
_LISTS = re.compile(
    r"danh sach|binh xet|gia dinh van hoa|(?<!\w)(?:o dau|the nao|khi nao|bao gio|nhu nao|cho ai|voi ai|duoc khong)(?!\w)"
)
_PEOPLE = "(?: (?:ban|anh|chi|em|bot|ad|quan tri|co|chu|bac|moi nguoi|ca nha|nep song|buoi sang|cac ban|oi))*"

_WANT = "(?:(?:muon|can|duoc|xin|cho) )*"
_THING = "(?: (?:mot|1|viec|vu|chuyen|van de|tinh hinh|vi pham|nay|kia|o day|tai day|qua day|voi ban|cho ban|hay))*"

RULES: tuple[_Rule, ...] = (
    ("menu", _is("/?start", "menu", "bat dau( lai)?", "trang chu", "(xem )?(cac )?(menu|muc|muc luc|chuc nang)", "home", "huong dan( su dung)?", "giup do", "tro giup")),
    ("back", _is("quay lai", "lui lai", "tro lai", "back", "go back")),
    ("resume", _is("viet tiep( gop y)?", "tiep tuc( viet)?", "lam tiep", "continue", "go on")),
    ("skip", _is("bo qua", "khong ro", "(da )?khong (co|biet|nho)( gi| dau| ai| ro| nua)?( het| ca)?", "skip", "khong nho", "chua ro", "khoi( can)?", "khong can")),
    ("cancel", _is("(dung|khoan|chua|khong) (gui|gop y)( nua| voi| da)?", "khoan( da)?", "huy", "huy bo", "dung lai", "thoat", "thoi", "thoi khong (gui|can|gop y)( nua)?", "khong gui nua", "stop", "cancel")),
    ("forget", _is("xoa( het| toan bo)? (cuoc tro chuyen|du lieu|tin nhan|lich su)( nay| cua toi)?", "quen toi di", "delete my (data|conversation|messages)", "forget me", longest=8)),
    ("language_en", _is("english", "tieng anh", "in english", "en", longest=4)),
    ("language_en", _says("speak english", "english please", "in english", longest=12)),
    ("language_vi", _is("tieng viet", "vietnamese", "vi", longest=4)),
    ("yes", _is("co", "dung (roi|vay)", "phai", "dong y", "yes", "i agree", "agree", "(ok |oke |duoc |roi |vang |da )?gui( di| luon| giup| gop y| cho toi| toi| em| minh)*", "(u|uh|uk|ok|oke|duoc|duoc roi) gui( di)?", "send( it)?")),
    ("cancel", _is("dung")),  # đừng, dừng or đúng: only what loses nothing
    ("okay", _is("u", "uh", "uk", "um", "ok", "oke", "oki", "okay", "duoc", "da", "vang", "da vang", "hieu", "biet", "tot")),
    ("no", _is("khong", "khong phai", "khong dong y", "no", "sai", "sai roi")),
    ("thanks", _says("cam on", "thank you", "thanks", "thank", "thks", "tks", longest=6)),
    ("thanks", _is("hay qua", "tot qua", "tuyet voi")),
    ("bye", _is("tam biet", "bye( bye)?", "goodbye", "chao tam biet", "hen gap lai")),
    ("greeting", _is(f"(?:a|da|quan tri oi|e)? ?(?:xin )?chao{_PEOPLE}", "hi+( there)?", "hello( there)?", "hey", "a lo", "alo", "good (morning|afternoon|evening)")),
    ("opening", _is(f"(?:quan tri oi |alo )?cho (?:toi|em|e|minh|chau)? ?hoi(?: ti| xiu| chut| cai)*{_PEOPLE}", "quan tri oi", "(?:alo )?co ai (?:do )?khong", "hoi ti", "toi muon hoi", longest=9)),
    ("who", _is("(?:ban|may|ai vay|day) (?:la )?(?:ai|gi)", "(?:ban|may) la (?:nguoi|may|robot|bot)(?: hay (?:nguoi|may|robot|bot))?", "nep song la (?:gi|ai)", "who are you", "are you (?:a )?(?:human|robot|bot)", longest=8)),
    ("who", _says("gap nguoi that", "noi chuyen voi nguoi that", "gap (?:can bo|nguoi phu trach)", "noi chuyen voi (?:can bo|nguoi)", "talk to a (?:human|person)", longest=12)),
    ("unsatisfied", _is("khong dung y( toi)?", "khong phai (y|cai) (toi|minh|do)( hoi)?", "tra loi sai( roi)?", "khong dung", "not what i (meant|asked)", "y khac", longest=8)),
    ("angry", _says("bot (ngu|te|do)", "(ngu|vo dung|te hai) (vl|vcl|qua)", "do ngu", "tra loi nhu (cai )?may", "vl", "vcl", "dm", "cc", "useless", "stupid", longest=10)),
    ("grief", _says("(me|ba|cha|bo|ong|vo|chong|con|anh|chi|em|chau|ong ba|ong noi|ba noi|ong ngoai|ba ngoai)( \\w+){0,2} (moi |vua )?(mat|qua doi|tu tran)( roi| sang nay| hom qua| toi qua| dem qua)", "(?<!doc )(?<!nhin )(?<!xem )(moi|vua) (mat|qua doi)( sang nay| hom qua| toi qua)?$", "passed away", longest=25)),
    ("violation", _is(f"{_WANT}(gui |viet |bao )?(don |tin )?phan anh{_THING}", f"{_WANT}(bao|to|ke) (cao )?(mot |1 )?(viec|vu viec|chuyen|vu|vi pham){_THING}", "(i (want|would like|need) to )?(make a |send a )?report( a| the)?( problem| something| case)?", longest=9)),
    ("model_practice", _is(f"{_WANT}(ke |gui |gioi thieu |chia se )(ve )?(mot |1 )?(mo hinh|cach lam)( hay)?{_THING}", "mo hinh hay", "cach lam hay", longest=9)),
    ("suggestion", _is(f"{_WANT}(gui |neu |co )?(kien nghi|de xuat|kho khan|vuong mac|y kien){_THING}", f"{_WANT}gop y (cho|voi|ve) (thon|xa|phuong|lang|to|dia phuong)( minh)?", "(i (have|want to make) a )?suggest(ion)?", longest=9)),
    ("withdraw", _is(f"{_WANT}(rut|rut lai|huy) (lai )?(cai )?(phan anh|ho so|don|y kien|bao cao|viec)( nay| do| kia| hom truoc| da gui| cua toi)*( lai)?", f"{_WANT}khong (kien|phan anh|bao) nua", "withdraw( my report| it)?", longest=10)),
    ("progress", _is("(ho so |phan anh |viec |don )?(cua (toi|em|minh) )?(bao gio|khi nao|chung nao|bao lau)( nua)? (thi )?(moi )?(xong|co ket qua|tra loi|co tra loi|giai quyet( xong)?|duoc giai quyet|xu ly( xong)?)", "(da )?co (tin|ket qua|tra loi)( gi)? chua", "(ho so |phan anh |viec )?(cua (toi|em|minh) )?(toi|den) dau roi", "da xu ly chua", longest=12)),
    ("unfinished", _is("chua xong", "chua (duoc|hai long|giai quyet)( ho co lam gi dau| gi ca| gi het)?", "khong hai long( voi)?( ket qua)?( nay)?", "van (con|chua|y nhu cu|nhu cu)( \\w+){0,5}", "not done", longest=10)),
    ("satisfied", _is("(toi )?hai long( roi| lam)?", "(da )?(xong|on) roi", "satisfied", longest=5)),
    ("mine", _is("/?(ho so|viec|phan anh|tin) (cua )?(toi|em|minh)( da gui)?", "/?ho so", "what i sent", "my reports?")),
    ("code", _is("/?tra cuu( ho so| phan anh)?", "/?tra ma", "(xem|tra) (ma|tien do)", "track")),
    ("feedback", _says("(muon )?gop y (ve|cho|la|voi)?( \\w+){0,3} ?(dich vu|bot|nep song|trang|tro chuyen)", "feedback", "(bot|nep song|dich vu nay|trang nay) (cham|hay|tot|kho dung)", longest=60)),
    ("feedback", lambda said, count: count <= 400 and _TELLS.match(said) is not None and _LISTS.search(said) is None),
    ("feedback", _is("danh gia dich vu")),
)  # fmt: skip


# What each word of command wants, in the terms of the model.
MEANT = {
    "menu": "other", "back": "back", "resume": "other", "skip": "skip", "cancel": "cancel", "forget": "privacy",
    "language_en": "language", "language_vi": "language", "yes": "yes", "okay": "yes", "no": "no", "thanks": "thanks",
    "bye": "greeting", "greeting": "greeting", "opening": "greeting", "who": "talk_to_staff", "unsatisfied": "complain_service",
    "angry": "complain_service", "grief": "other", "feedback": "complain_service", "violation": "report_violation", "model_practice": "report_model", "suggestion": "suggest", "mine": "follow", "code": "follow", "withdraw": "follow", "progress": "follow", "unfinished": "complain_service", "satisfied": "yes",
}  # fmt: skip


def suggests(words: Sequence[str]) -> bool:
    """Whether folded words suggest something, and not about this service."""
    said = " ".join(words)
    told = len(words) > 3 and _TELLS.match(said) is not None
    return told and _LISTS.search(said) is None and _SERVICE.search(said) is None


def command(words: Sequence[str]) -> str | None:
    """The word of command, or of manners, that a message is."""
    said = " ".join(words)
    return next((name for name, fits in RULES if fits(said, len(words))), None)


def flags(text: str, words: Words) -> list[str]:
    """What a text's form tells, for the model: question marks and words, sides of a matter, signs of danger."""
    said = " ".join(words.folded)
    found = [f"asks for {aspect}" for aspect in aspects(words.folded)]
    found += [f"danger {sign}" for sign in emergencies.signs(said)]
    if question(said):
        found.append("question")
    if "?" in text:
        found.append("question mark")
    if words.angry:
        found.append("angry")
    return found


def question(said: str) -> bool:
    """Whether folded text has the form of a question."""
    return _QUESTION.search(said) is not None


def english(words: Sequence[str]) -> bool:
    """Whether folded words are English: at least three of its small words among them."""
    return len({m for word in words for m in _ENGLISH.findall(word)}) >= 3


_WISH = re.compile(
    r"^\W*(?:(?:dạ|da|xin|cho|tôi|toi|em|mình|minh|muốn|muon|có|co)\s+){0,6}(?:góp\s*ý|gop\s*y|feedback)\b"
    r"(?:\s+(?:về|ve|cho|với|voi|là|la|on)\b)?(?:\s+(?:dịch vụ|dich vu|nếp sống|nep song|bot|trang(?: này| nay)?)\b){0,4}[\s:,.!-]*",
    re.IGNORECASE,
)


def after_wish(text: str) -> str:
    """What "góp ý cho Nếp Sống: …" tells beyond the wish itself; as it was written."""
    return _WISH.sub("", text).strip()
