"""The catalogue of texts: both languages, the same placeholders, no key that nobody uses and none that is missing."""

import ast
import re
import string
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from api.routes.shares import DecisionBody
from hub.access.oidc.refused import Why
from hub.access.shares import Kind, State
from hub.alerts.transitions import HANDLINGS
from hub.models import LEVEL_NAMES
from hub.words import LANGS, Lang, below, catalogue, optional, preferred, text

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "devices", "ingest", "analytics", "api", "app")
CALL = re.compile(r"\b(?:text|optional|Sentence)\(\s*(f?)([\"'])(.+?)\2\s*[,)]")


_WRITTEN_OUT = (ast.Constant, ast.JoinedStr, ast.BinOp)


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_both_languages_have_the_same_placeholders() -> None:
    for key, both in catalogue().items():
        assert set(both) == set(LANGS), key
        assert all(sentence == sentence.strip("\n") and sentence for sentence in both.values()), key
        assert placeholders(both["en"]) == placeholders(both["zh"]), key
        assert not re.search("[一-鿿]", both["en"]) or key.startswith(("page.language", "sheet.meaning")), key


@cache
def _calls() -> set[str]:
    """A regular expression for each key that Python code asks for; `{...}` of an f-string is any one level."""
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for _, _, key in CALL.findall(path.read_text(encoding="utf-8")):
                parts = re.split(r"\{[^}]*\}", key)
                found.add("[A-Za-z0-9_]+".join(re.escape(part) for part in parts))
    return found


def _asked_by_the_page() -> set[str]:
    files = [path for path in (ROOT / "api" / "console").iterdir() if path.suffix in (".js", ".html")]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = set(re.findall(r"\bt\('(\w+)'", sources)) | set(re.findall(r'data-t="(\w+)"', sources))
    named |= set(re.findall(r"(?:link = |\? |: )'(\w+)'", sources)) & {"connecting", "live", "down", "limit_above",
                                                                       "limit_below"}  # fmt: skip
    steps = re.search(r"SHOWN_STEPS = \[(.*?)\]", sources)
    assert steps is not None
    named |= {f"step_{step}" for step in re.findall(r"'(\w+)'", steps[1])}
    named |= {f"share_{each}" for each in get_args(Kind)} | {f"share_state_{each}" for each in get_args(State)}
    named |= {f"share_to_{each}" for each in get_args(DecisionBody.model_fields["to"].annotation)}
    if "sound_" in named:
        named |= {"sound_on", "sound_off", "sound_blocked"}
    return {f"page.{name}" for name in named - {"step_", "oidc_", "sound_"}} | {
        f"page.{name}" for name in (*LEVEL_NAMES, *HANDLINGS, "cleared", *(f"oidc_{why}" for why in get_args(Why)))
    }


def test_each_key_that_is_asked_for_exists() -> None:
    calls = _calls()
    assert len(calls) > 30
    missing = [call for call in calls if not any(re.fullmatch(call, key) for key in catalogue())]
    assert not missing
    assert _asked_by_the_page() <= catalogue().keys()


def test_each_key_that_exists_is_asked_for() -> None:
    calls, page = _calls(), _asked_by_the_page()
    asked = re.compile("|".join(calls))
    unused = [key for key in catalogue() if key not in page and not asked.fullmatch(key)]
    assert not unused


def test_whatever_may_not_be_found_has_a_word() -> None:
    named = {
        name for path in (ROOT / "api").rglob("*.py")
        for called in re.findall(r"not_found\((.*)\)", path.read_text(encoding="utf-8"))
        for name in re.findall(r'(?:^|else )"([a-z ]+)"', called)
    }  # fmt: skip
    assert len(named) > 30
    assert {f"thing.{name.replace(' ', '_')}" for name in named} == below("thing.")["en"].keys()


def test_no_refusal_is_told_in_english_alone() -> None:
    """A sentence that stands where it is used has no Chinese; `Sentence("refusal.key", ...)` has."""
    plain, refusals = [], 0
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "DecodeError":
                    refusals += 1
                    plain += [f"{path}:{node.lineno}" for arg in node.args[1:2] if isinstance(arg, _WRITTEN_OUT)]
    assert refusals > 70
    assert not plain


@pytest.mark.parametrize("name", ["areas", "consumers", "case_tables", "case_steps", "cases", "outside_conflicts"])
def test_what_people_meet_on_the_page_is_refused_in_both_languages(name: str) -> None:
    tree = ast.parse((ROOT / "api" / "routes" / f"{name}.py").read_text(encoding="utf-8"))
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)]
    refused = [
        each for each in calls if isinstance(each.func, ast.Name) and each.func.id in ("invalid", "ProblemError")
    ]
    assert refused
    assert not [each.lineno for each in refused for arg in each.args[1:2] if isinstance(arg, _WRITTEN_OUT)]


def test_a_text_is_filled_in_and_a_wrong_key_is_a_mistake() -> None:
    assert text("phrase.ago", "zh", span="3 分钟") == "3 分钟前"
    with pytest.raises(KeyError):
        text("phrase.ago", "en")
    with pytest.raises(KeyError):
        text("no.such.key", "en")
    assert optional("no.such.key", "en") == ""
    assert below("phrase.never")["zh"] == {"phrase.never": "从未"}


@pytest.mark.parametrize(
    ("header", "lang"),
    [(None, "en"), ("", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("fr, en;q=0.5, zh;q=0.9", "zh"), ("en-GB", "en"),
     ("de", "en"), ("zh;q=x", "zh")],
)  # fmt: skip
def test_the_language_that_is_asked_for_first(header: str | None, lang: Lang) -> None:
    assert preferred(header) == lang
