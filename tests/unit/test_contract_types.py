"""What is named twice is stored once, and what is said of unknown names (api/contract_types.py)."""

from api.contract_types import known
from api.routes.consumer_body import ConsumerBody
from api.routes.consumer_filters import FilterBody
from api.routes.inhibitions import InhibitionBody


def test_what_is_named_twice_counts_once() -> None:
    assert FilterBody(days=[2, 1, 2]).days == [2, 1]
    given = {"url": "https://desk.example.org/a", "prove_at": ["09:00", "17:00", "09:00"]}
    assert ConsumerBody.model_validate(given).prove_at == ["09:00", "17:00"]
    rule = InhibitionBody(
        parent_kinds=["power_loss"] * 2, parent_metrics=["a", "a"], kinds=["offline", "fault", "offline"]
    )
    assert (rule.parent_kinds, rule.parent_metrics, rule.kinds) == (["power_loss"], ["a"], ["offline", "fault"])


def test_a_profile_that_the_library_has_is_one_to_install() -> None:
    assert "hub profiles install smoke-detector" in known("profile", "smoke-detector", ["air", "camera"])
    assert known("profile", "smok", ["smoke"]) == "there is no profile 'smok'; did you mean smoke?"
    assert "install" not in known("rule", "smoke-detector", ["air"])
