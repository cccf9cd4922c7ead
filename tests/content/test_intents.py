import pytest

from content import emergencies, intents
from content.normalise import heard, words
from tests import make


def command(text: str) -> str | None:
    return intents.command(words(text))


def intent(text: str) -> str:
    return make.the_catalog().understand(text).intent


WISHES = {
    "menu": ["menu", "Bắt đầu", "bat dau lai", "Start", "trang chủ", "hướng dẫn", "cho tôi xem menu"],
    "back": ["quay lại", "lui lai", "trở lại nhé", "back"],
    "skip": ["bỏ qua", "không rõ", "ko ro", "toi khong nho", "skip please"],
    "cancel": ["hủy", "thôi", "thôi không gửi nữa", "dừng lại", "stop", "dạ thôi ạ"],
    "language_en": ["english", "Speak English please", "tiếng anh", "en"],
    "language_vi": ["tiếng việt", "Vietnamese", "vi"],
    "yes": ["có", "đồng ý", "đúng rồi ạ", "gửi đi", "ừ gửi"],
    "okay": ["ok", "oke nhé", "dạ vâng", "uk"],
    "bye": ["tạm biệt", "bye"],
    "opening": ["ad ơi cho e hỏi tí", "cho em hỏi", "alo có ai không"],
    "who": ["bạn là ai", "bạn là người hay máy", "tao muốn gặp người thật"],
    "angry": ["bot ngu vl"],
    "grief": ["mẹ tôi mới mất sáng nay"],
    "no": ["không", "k", "ko ạ", "dạ không", "sai rồi", "không đồng ý"],
    "thanks": ["cảm ơn", "cám ơn nhiều", "tks", "thank you so much", "dạ cảm ơn ạ"],
    "greeting": ["chào", "xin chào bạn", "hello", "alo", "chào buổi sáng", "em chào anh ạ"],
    "unsatisfied": ["không đúng ý tôi", "không phải ý tôi hỏi", "trả lời sai rồi", "ý khác"],
    "feedback": ["góp ý", "toi muon gop y", "góp ý cho bot", "bot trả lời sai, tôi muốn góp ý về dịch vụ", "nếp sống hay"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WISHES.items() for text in texts])
def test_a_wish_is_understood(name: str, text: str) -> None:
    assert command(text) == name
    assert intent(text) == intents.MEANT[name]


@pytest.mark.parametrize(
    "text", ["tiêu chí gia đình văn hóa là gì", "karaoke ồn quá", "asdf", "", "😀", "!!!"]
)
def test_what_is_no_word_of_command(text: str) -> None:
    assert command(text) is None


# One plain sentence of each, by whoever wrote the rules: strangers' sentences are measured by `make evaluate`.
PLAIN = {
    "ask": "Tiêu chí gia đình văn hóa là gì?",
    "report_violation": "Quán karaoke đầu thôn tối nào cũng mở loa tới 1 giờ sáng, nhờ xử lý giùm",
    "report_model": "Thôn tôi có mô hình tiếng kẻng an ninh rất hay, muốn giới thiệu cho nơi khác",
    "suggest": "Đề nghị xã lắp thêm đèn đường ở xóm 3",
    "follow": "Phản ánh hôm trước của tôi tới đâu rồi?",
    "talk_to_staff": "cho tôi gặp cán bộ phụ trách",
    "emergency": "cứu với có người chìm dưới sông",
    "complain_service": "bot trả lời chậm quá, hỏi mãi không ra",
    "subscribe": "cho tôi đăng ký nhận tin của phong trào",
    "unsubscribe": "đừng gửi tin cho tôi nữa",
    "privacy": "ai xem được thông tin của tôi",
    "legal_denunciation": "tôi muốn tố cáo chủ tịch xã nhận hối lộ",
    "legal_complaint": "tôi khiếu nại quyết định xử phạt của xã đối với tôi",
    "crime_report": "tôi muốn tố giác nhóm buôn bán ma túy trong xóm",
}


@pytest.mark.parametrize(("name", "text"), PLAIN.items())
def test_what_is_plainly_wanted(name: str, text: str) -> None:
    assert intent(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "quán có menu tiếng Việt không",
        "thôi nôi có được mở loa không",
        "trở lại làng có cần khai báo gì không",
        "chào bạn cho hỏi rác đổ ở đâu",
        "hủy giấy gia đình văn hóa thì sao",
        "lớp tiếng anh cho trẻ em ở nhà văn hóa",
        "không phân loại rác có bị phạt không",
        "cảm ơn nhưng tôi hỏi về karaoke",
        "muốn góp ý danh sách gia đình văn hóa thì góp lúc nào",
    ],
)
def test_a_word_of_command_inside_a_question_is_none(text: str) -> None:
    assert command(text) is None


# From the table of vietnamese-text.md, section 6, and our own.
DANGER = [
    "con tôi bị đuối nước",
    "chau be dang chim duoi song",
    "có người rớt xuống hồ chưa lên",
    "sắp chết đuối rồi cứu với",
    "nhà tôi đang cháy",
    "cháy chợ rồi",
    "chồng tôi đang đánh tôi",
    "nó đang cầm dao rượt vợ nó",
    "cháu tôi bị xâm hại",
    "có người bị xe cán",
    "bị rắn cắn rồi làm sao",
    "đang đánh nhau bằng dao ngoài quán",
    "tui bi dam roi",
    "nước lũ ngập tới nóc, cứu",
    "nhà sập có người bị đè",
    "sạt lở núi vùi nhà dân rồi",
    "điện giật anh tôi rồi",
    "có trộm đang trong nhà tôi",
    "sos",
    "cứu tôi với",
    "help me",
    "goi cap cuu gium",
    "vợ tôi chuyển dạ giữa đường",
    "bà nội bị ong đốt sưng khó thở",
    "my house is on fire",
    "he will kill me now",
    "cứu tôi vớiiiiii",
    "CỨU EM VỚI",
]
CALM = [
    "lớp học phòng chống đuối nước ở đâu",
    "cắm biển cảnh báo đuối nước ở hồ",
    "phòng cháy chữa cháy khu dân cư làm gì",
    "cháy hàng vé xem hội chưa ad",
    "mua bình chữa cháy loại nào",
    "đánh vợ bị phạt bao nhiêu tiền",
    "bạo lực gia đình là gì",
    "ổng dọa kiện tôi ra tòa",
    "tin đồn bắt cóc trẻ em có thật không",
    "lạc mất giấy gia đình văn hóa",
    "em không muốn sống gần quán karaoke này nữa",
    "ồn muốn chết luôn",
    "nhảy dân vũ ở công viên mấy giờ",
    "113 là số gì",
    "số sos của xã là số mấy",
    "cứu trợ bão lụt gửi ở đâu",
    "hướng dẫn giúp tôi với",
    "nhà văn hóa sập mái từ năm ngoái",
    "cây đổ chắn lối đi",
    "nó đốt vàng mã",
    "xác heo trôi kênh",
    "không muốn sống ở xóm này nữa, ồn quá",
    "xí nghiệp đang xả thải",  # "hiep" stands in it, but not as a word
]


@pytest.mark.parametrize("text", DANGER)
def test_danger_is_heard(text: str) -> None:
    assert intent(text) == "emergency"


@pytest.mark.parametrize("text", CALM)
def test_what_only_sounds_like_danger_raises_no_alarm(text: str) -> None:
    assert intent(text) != "emergency"


@pytest.mark.parametrize(
    "text",
    [
        "nhà tui bị cắt danh hiệu mà không biết lý do",
        "chồng tôi bị mất danh hiệu",
        "con tôi bị gạch khỏi danh sách",
        "xóm đang chạy đua danh hiệu",
        "chị tôi đang đánh máy đơn",
        "em đang chạy bộ",
        "con tui bị bạn bắt nạt, muốn hỏi người tư vấn",
        "treo cờ ngày lễ thế nào",
    ],
)
def test_a_title_a_list_or_a_run_is_no_danger(text: str) -> None:
    assert intent(text) != "emergency"


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("karaoke ồn thì báo ai", True),
        ("vut rac phat bao nhieu", True),
        ("có được không", True),
        ("thật?", True),
        ("what is it", True),
        ("tôi đã gửi rồi", False),
        ("chữ nhỏ", False),
        ("", False),
    ],
)
def test_a_question_is_known_by_its_form(text: str, asks: bool) -> None:
    from content.normalise import clean, fold

    assert intents.question(fold(clean(text))) is asks


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("nhà tôi đang cháy", "fire"),
        ("chau be dang chim duoi song", "water"),
        ("nó đang cầm dao rượt vợ nó", "violence"),
        ("mẹ tôi ngất xỉu không thở", "illness"),
        ("cháu bé bị xâm hại", "child"),
        ("sạt lở núi vùi nhà dân rồi", "disaster"),
        ("cứu tôi với", "now"),
        ("trời ơi cứu với", "now"),  # not "trôi"
        ("nó nằm im không dậy", "illness"),  # not "nổ"
        ("ông tôi ngất xỉu", "illness"),
        ("báo ai bây giờ, gấp lắm", "now"),  # not "bão"
        ("rắn cắn dưới gầm giường", "illness"),  # not "đuối"
        ("con tôi bị đuối nước", "water"),
        ("bị ong đốt sưng khó thở", "illness"),
        ("có người té xuống hồ", "water"),
        ("vui lòng cứu giúp", "now"),  # not "vùi"
        ("nó kẹt trong nhà cháy", "fire"),
        ("tao giết nó bây giờ", "violence"),
        ("học sinh trong phòng học, cứu với", "now"),  # not "hóc", "phỏng"
        ("my house is on fire", "fire"),
        ("someone is drowning", "water"),
    ],
)
def test_the_right_number_for_a_danger(text: str, kind: str) -> None:
    assert emergencies.kind(" ".join(words(text))) == kind


def test_the_model_sees_the_form_of_a_text() -> None:
    flags = intents.flags("nhà cháy rồi, gọi ai?", heard("nhà cháy rồi, gọi ai?"))
    assert {"asks for whom", "question", "question mark", "danger event"} <= set(flags)
    assert "angry" in intents.flags("vl", heard("ồn vl"))


@pytest.mark.parametrize("text", ["tôi muốn tự tử", "không muốn sống nữa", "chán sống ghê á", "em muốn chết"])
def test_what_is_said_outright_is_an_alarm_whatever_the_model_thinks(text: str) -> None:
    assert emergencies.outright(" ".join(words(text)))


@pytest.mark.parametrize(
    "text", ["nóng muốn chết", "không muốn sống gần quán karaoke", "phòng chống tự tử học ở đâu"]
)
def test_a_figure_of_speech_or_a_question_is_not_said_outright(text: str) -> None:
    assert not emergencies.outright(" ".join(words(text)))
