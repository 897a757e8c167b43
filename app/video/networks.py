"""The folder of networks that operators bring for their cameras: ONNX files, read in the child that runs them."""

import os
from pathlib import Path

from analytics.video.network import MOST_BYTES
from analytics.video.settings import BadVideoSettings, VideoSettings

FOLDER = "HUB_VIDEO_NETWORKS"
"""The environment variable that names it."""


def network_of(settings: VideoSettings) -> bytes | None:
    """The file that a camera's settings name; None if they name none. BadVideoSettings says what is missing."""
    if settings.network is None:
        return None
    folder = os.environ.get(FOLDER)
    if not folder:
        raise BadVideoSettings(f"network: set {FOLDER} to the folder that holds {settings.network.file}")
    path = Path(folder) / settings.network.file
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadVideoSettings(f"network: {settings.network.file} cannot be read: {error.strerror}") from error
