"""Nobody may as another: `may` and `grants` say the same, whatever the tree of devices and the topic."""

from hypothesis import given
from hypothesis import strategies as st

from devices.credentials.rights import HEARD, PUBLISHED, Action, grants, may

PREFIX = "ganzhi/v1"
CODES = ("a", "b", "c", "child", "d.1")
codes = st.sampled_from(CODES)
trees = st.dictionaries(codes, codes)
"""Parent by child."""
parts = st.sampled_from((*CODES, *PUBLISHED, HEARD, "child", "+", "#", "", "$share", "x"))
topics = st.lists(parts, max_size=6).map(lambda some: "/".join([PREFIX, *some])) | st.text()
actions = st.sampled_from(["publish", "subscribe"])


@given(codes, trees, topics, actions)
def test_what_is_granted_is_what_is_allowed(device: str, tree: dict[str, str], topic: str, action: Action) -> None:
    children = [child for child, parent in tree.items() if parent == device]
    granted = grants(device, children, PREFIX)
    allowed = may(device, action, topic, PREFIX, tree.get)
    if action == "publish":
        assert allowed == (topic in granted.publish)
    elif topic in granted.subscribe:
        assert allowed
    elif allowed:  # exact names and `+` below its own name, which one filter covers
        assert topic.startswith(f"{PREFIX}/{device}/child/")
        assert topic.endswith(f"/{HEARD}")


@given(codes, codes, trees, st.sampled_from((*PUBLISHED, HEARD)), actions, st.data())
def test_nobody_may_as_another(
    device: str, other: str, tree: dict[str, str], form: str, action: Action, data: st.DataObject
) -> None:
    """Neither on the other's own topics nor through a gateway, unless it is the other's parent."""
    gateway = data.draw(codes)
    own, through = f"{PREFIX}/{other}/{form}", f"{PREFIX}/{gateway}/child/{other}/{form}"
    for topic, spoken_for in ((own, other), (through, gateway)):
        if may(device, action, topic, PREFIX, tree.get):
            assert spoken_for == device or tree.get(other) == device
            if action == "publish":
                assert other == device or tree.get(other) == device


def test_no_wildcard_is_ever_published_or_reaches_others() -> None:
    parent = {"b": "a"}.get
    for topic in (f"{PREFIX}/+/telemetry", f"{PREFIX}/#", "#", f"{PREFIX}/a/#", f"$share/x/{PREFIX}/a/command"):
        assert not may("a", "publish", topic, PREFIX, parent)
        assert not may("a", "subscribe", topic, PREFIX, parent)
    assert not may("a", "publish", f"{PREFIX}/a/child/+/telemetry", PREFIX, parent)
    assert may("a", "subscribe", f"{PREFIX}/a/child/+/command", PREFIX, parent)
    assert not may("a", "publish", f"{PREFIX}/a/command", PREFIX, parent)
    assert not may("a", "publish", "ganzhi/v10/a/telemetry", PREFIX, parent)
