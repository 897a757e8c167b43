"""Whether settings of the analysis of video can be used; without OpenCV, for the hub itself."""

from typing import Any

from analytics.video.settings import BadVideoSettings, read_settings


def fault_of(given: Any) -> str | None:
    """What is wrong with settings as JSON has them; None: nothing."""
    try:
        read_settings(given)
    except BadVideoSettings as error:
        return str(error)
    return None
