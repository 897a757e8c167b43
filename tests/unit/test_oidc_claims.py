"""What the claims of a person give: a name of its own, and roles by the settings, never wider ones."""

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from hub.access.classification import ReadCeiling
from hub.access.oidc.claims import Given, person_of
from hub.access.roles import Role
from hub.oidc_settings import Ceiling, Oidc, RoleName

ISSUER = "https://id.example.org/realms/city"


def oidc(*grants: dict[str, Any], **more: Any) -> Oidc:
    return Oidc.model_validate({"issuer": ISSUER, "client_id": "ganzhi", "grants": grants, **more})


def given(claims: dict[str, Any], settings: Oidc, two_factor: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    held = person_of({"sub": "1", **claims}, settings, two_factor).grants
    return [(each.role, each.organisation, each.region, each.area) for each in held]


CUT = {"group": "county-desk", "role": "viewer", "ceiling": "L2"}
DESK = {"group": "county-desk", "role": "operator", "organisation": "yhjj", "region": "330110"}


def test_the_roles_and_ceilings_of_the_settings_are_those_of_the_hub() -> None:
    assert set(get_args(RoleName)) == set(Role)
    assert get_args(Ceiling) == get_args(ReadCeiling)


@pytest.mark.parametrize("groups", [["other", "county-desk"], "county-desk"])
def test_a_group_gives_its_role_within_its_limits(groups: object) -> None:
    assert given({"groups": groups}, oidc(DESK)) == [(Role.OPERATOR, "yhjj", "330110", None)]


def test_a_group_gives_its_role_up_to_a_ceiling() -> None:
    held = [person_of({"sub": "1", "groups": "county-desk"}, oidc(each), ()).grants for each in (DESK, CUT)]
    assert [each.ceiling for [each] in held] == ["L4", "L2"]
    with pytest.raises(ValidationError, match="ceiling"):
        oidc({**DESK, "ceiling": "L1"})


@pytest.mark.parametrize(
    "groups", [None, [], ["COUNTY-DESK"], ["county-desk "], {"county-desk": 1}, [["county-desk"]], "county-desk,other"]
)
def test_what_is_not_that_group_gives_nothing(groups: object) -> None:
    assert given({"groups": groups}, oidc(DESK)) == []


def test_a_group_may_stand_within_another_claim() -> None:
    settings = oidc(DESK, claims={"groups": "realm_access.roles"})
    assert given({"realm_access": {"roles": ["county-desk"]}}, settings) == [(Role.OPERATOR, "yhjj", "330110", None)]
    assert given({"realm_access": "county-desk"}, settings) == []
    flat = {"https://id.example.org/groups": ["county-desk"]}
    assert given(flat, oidc(DESK, claims={"groups": "https://id.example.org/groups"})) != []


def test_the_division_may_come_from_a_claim_and_without_it_there_is_no_role() -> None:
    settings = oidc({"group": "desk", "role": "viewer", "region_claim": "division"})
    assert given({"groups": ["desk"], "division": "330110"}, settings) == [(Role.VIEWER, None, "330110", None)]
    for division in (None, "", "3", "33011x", ["330110"], "330110\n", "٣٣٠١١٠", {"a": 1}):
        assert given({"groups": ["desk"], "division": division}, settings) == []
    assert given({"groups": ["desk"]}, settings) == []


@pytest.mark.parametrize(
    ("shown", "counts"),
    [
        ({}, False), ({"amr": ["pwd"]}, False), ({"amr": "mfa"}, True), ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "gold"}, True), ({"acr": "silver"}, False), ({"acr": ["gold"]}, False), ({"amr": [["mfa"]]}, False),
    ],
)  # fmt: skip
def test_a_role_that_needs_two_factors_is_given_only_to_who_has_shown_them(shown: dict[str, Any], counts: bool) -> None:
    settings = oidc(DESK, {"group": "county-desk", "role": "viewer"}, acr=["gold"])
    roles = [role for role, *_ in given({"groups": "county-desk", **shown}, settings, ("operator",))]
    assert roles == ([Role.OPERATOR, Role.VIEWER] if counts else [Role.VIEWER])
    assert person_of({"sub": "1", **shown}, settings, ()).second_factor is counts


def test_the_account_is_called_after_the_provider_and_never_as_one_of_the_hub() -> None:
    person = person_of({"sub": "1", "preferred_username": "admin", "name": "李伟\n<b>"}, oidc(), ())
    assert person.names[0] == "admin@id.example.org"
    assert person.display_name == "李伟 <b>"
    other = person_of({"sub": "2", "preferred_username": "李伟"}, oidc(), ())
    assert other.names[0].startswith("oidc-")
    assert other.names != person_of({"sub": "3", "preferred_username": "李伟"}, oidc(), ()).names
    long = person_of({"sub": "1", "preferred_username": "@x" * 99, "name": "n" * 999}, oidc(), ())
    assert len(long.names[0]) == 64
    assert len(long.display_name) == 200
    assert person_of({"sub": "abc"}, oidc(), ()).display_name == "abc"


def test_a_role_that_two_groups_give_is_given_once() -> None:
    settings = oidc({"group": "a", "role": "viewer"}, {"group": "b", "role": "viewer"})
    person = person_of({"sub": "1", "groups": ["a", "b"]}, settings, ())
    assert person.grants == (Given(Role.VIEWER, None, None, None),)


@pytest.mark.parametrize(
    "issuer",
    ["http://id.example.org", "id.example.org", "https://", "https://a@b", "https://a?b", "https://a#b", "ftp://a",
     "https://a/ b"],
)  # fmt: skip
def test_an_issuer_that_cannot_be_trusted_is_no_setting(issuer: str) -> None:
    with pytest.raises(ValueError, match="1 validation error for Oidc"):
        Oidc(issuer=issuer, client_id="x")
