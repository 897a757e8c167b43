"""What a body of MANSCDP is written in, whatever it declares: UTF-8 or GB18030 (GB2312 and GBK are in it). Pure.

Cameras declare GB2312 and send UTF-8, or the other way round, and cut texts in the middle of a character: one such is
replaced, and does not decide. Some Chinese in GB2312 (联通) is right UTF-8 of other alphabets: Chinese counts.
"""

import re

UTF_8, GB18030 = "utf-8", "gb18030"
_CHINESE = re.compile("[\u2000-\u206f\u2103\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")


def charset_of(body: bytes) -> str:
    """Its name."""
    if body.isascii():
        return UTF_8
    text = body.decode(UTF_8, "replace")
    chinese = len(_CHINESE.findall(text))
    others = sum(not letter.isascii() for letter in text) - chinese
    return UTF_8 if chinese > others else GB18030


def text_of(body: bytes) -> tuple[str, str]:
    """The text, and what it was written in."""
    charset = charset_of(body)
    return body.decode(charset, "replace"), charset
