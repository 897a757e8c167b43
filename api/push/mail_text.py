"""An alert as a mail: subject, plain text, HTML with a chart, and headers of repeats and threads. Pure."""

import html
import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from api.push.channel import Consumer, Delivery, Summary
from api.push.chart import chart
from api.push.wording import COLOURS, Wording, summary_lines, worded, worded_summary
from hub.words import Lang, text

_CID = "readings"


def mail(consumer: Consumer, delivery: Delivery, sender: str, recipients: list[str], zone: str) -> EmailMessage:
    """The message; the same id for a repetition, and one thread for each alert."""
    words = worded(delivery, zone)
    made = _headed(consumer, delivery.id, sender, recipients, delivery.at, words, delivery.lang)
    alert, _, seq = delivery.id.rpartition(".")
    if seq != "1" and not delivery.test:
        first = _id(consumer, f"{alert}.1", sender)
        made["In-Reply-To"], made["References"] = first, first
    drawn = chart([(at.timestamp(), value) for at, value in delivery.readings], delivery.picture.get("threshold"))
    _write(made, words, delivery.lang, [], _drawing(delivery) if drawn else "")
    if drawn:
        page = made.get_body(("html",))
        assert isinstance(page, EmailMessage)  # noqa: S101 for the type checker; it has just been added
        page.add_related(drawn, "image", "png", cid=f"<{_CID}>")
    return made


def summary_mail(consumer: Consumer, summary: Summary, sender: str, recipients: list[str], zone: str) -> EmailMessage:
    """A mail that names each alert, with its id."""
    words = worded_summary(summary, zone)
    made = _headed(consumer, summary.id, sender, recipients, summary.at, words, summary.lang)
    lines = summary_lines(summary, zone, len(summary.named))
    named = [f"{line} · {each.id}" for (_, line), each in zip(lines, summary.named, strict=True)]
    _write(made, words, summary.lang, named)
    return made


def _headed(
    consumer: Consumer, id_: str, sender: str, recipients: list[str], at: datetime, words: Wording, lang: Lang
) -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = words.heading
    made["From"] = Address("Ganzhi 感知" if lang == "zh" else "Ganzhi", addr_spec=sender)
    made["To"] = ", ".join(recipients)
    made["Date"] = format_datetime(at)
    made["Message-ID"] = _id(consumer, id_, sender)
    made["Auto-Submitted"] = "auto-generated"
    if words.colour == "red":
        made["Importance"], made["X-Priority"] = "high", "1"
    return made


def _write(made: EmailMessage, words: Wording, lang: Lang, named: list[str], drawing: str = "") -> None:
    """The text, plain and as HTML."""
    facts = [*words.facts, *words.guidance]
    lines = [f"{label}: {fact}" for label, fact in facts] + ([words.link] if words.link else [])
    made.set_content("\n".join([words.heading, "", *lines, "", *named, ""]))
    rows = "".join(
        f'<tr><td style="color:#667085;padding:2px 12px 2px 0">{html.escape(label)}</td>'
        f"<td>{html.escape(fact)}</td></tr>"
        for label, fact in facts
    )
    style = f"border-left:6px solid {COLOURS[words.colour]};padding-left:10px"
    items = "".join(f"<li>{html.escape(each)}</li>" for each in named)
    parts = [
        f'<h2 style="{style}">{html.escape(words.heading)}</h2>',
        f"<table>{rows}</table>",
        drawing,
        f"<ol>{items}</ol>" if items else "",
        f'<p><a href="{html.escape(words.link)}">{html.escape(words.link_text)}</a></p>' if words.link else "",
    ]
    made.add_alternative(f'<html lang="{lang}"><body>{"".join(parts)}</body></html>', subtype="html")


def _drawing(delivery: Delivery) -> str:
    values = [value for _, value in delivery.readings]
    told = text("push.chart", delivery.lang, low=f"{min(values):g}", high=f"{max(values):g}", count=len(values))
    return f'<p><img src="cid:{_CID}" width="480" height="140" alt=""><br><small>{html.escape(told)}</small></p>'


def _id(consumer: Consumer, delivery_id: str, sender: str) -> str:
    local = re.sub(r"[^0-9A-Za-z._-]", "-", f"{delivery_id}.{consumer.code}")
    return f"<{local}@{sender.rpartition('@')[2]}>"
