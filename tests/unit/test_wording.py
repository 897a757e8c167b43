"""What mails and robots say of an alert besides its facts: what whoever answers it is to do."""

from email.message import EmailMessage

from api.push.mail_text import _write
from api.push.robot import GUIDANCE_MAX
from api.push.wecom import WeCom
from api.push.wording import worded
from tests.support.deliveries import change

GUIDANCE = {"cause": "Heavy rain <b>", "action": "Close\nthe underpass", "contacts": "", "respond_s": 600}
TOLD = ["Heavy rain ＜b＞", "Close the underpass", "within 10 min"]  # what could be markup is written so


def test_what_is_to_be_done_is_told_while_the_condition_lasts() -> None:
    told = worded(change(lang="en", guidance=GUIDANCE), "UTC").guidance
    assert [said for _, said in told] == TOLD
    assert worded(change(lang="zh", guidance=GUIDANCE), "UTC").guidance[-1][1] == "10 分钟内"
    over = change("a.2", "cleared", "en", guidance=GUIDANCE, cleared_at="2026-01-01T01:00:00+00:00")
    assert worded(over, "UTC").guidance == []
    assert worded(change(lang="en"), "UTC").guidance == [], "the ceiling may have taken it away"


def test_a_mail_says_it_as_text_and_harmless_as_html() -> None:
    made = EmailMessage()
    _write(made, worded(change(lang="en", guidance=GUIDANCE), "UTC"), "en", [])
    plain, shown = (part.get_content() for part in made.iter_parts())
    assert "To be done: Close the underpass\n" in plain
    assert TOLD[0] in shown
    assert "<b>" not in shown


def test_a_robot_says_as_much_of_it_as_its_message_takes() -> None:
    words = worded(change(guidance=GUIDANCE | {"action": "撤" * 2000}), "UTC")
    text = WeCom.single(WeCom.__new__(WeCom), words)
    assert sum("撤" * GUIDANCE_MAX + "…" in line for line in text.lines) == 1
    assert not any("撤" * (GUIDANCE_MAX + 1) in line for line in text.lines)
