"""Settings of the analysis of video."""

from pydantic import Field

from hub.setting_types import Section


class VideoPatrol(Section):
    """Cameras that are visited by turns (轮巡; `hub cameras add rtsp --patrol`)."""

    every_s: float = Field(default=3_600, ge=1, le=604_800)
    """From the begin of a round to that of the next one, which begins once the one before it is over."""
    at_once: int = Field(default=50, ge=1, le=1_000)
    """Cameras that are open at one time, where video.cpu leaves enough."""


class Video(Section):
    """Streams of cameras that are looked at (`hub cameras add rtsp`)."""

    processes: int = Field(default=1, ge=0, le=64)
    """Processes that read, decode and look at streams, and one for streams that ended another. 0: none."""
    cameras: int = Field(default=60, ge=1, le=1_000)
    """Streams that one process reads at most; beyond it cameras wait, and say so."""
    fps: float = Field(default=5.0, ge=0.1, le=25)
    """Frames a second that are looked at."""
    cpu: float = Field(default=1.0, gt=0, le=256)
    """Processors that decoding and analysis of all cameras may take; beyond it less is looked at."""
    camera_cpu: float = Field(default=0.25, gt=0, le=4)
    """Of these, what one camera may take."""
    clips: bool = True
    """Whether findings get a clip of the seconds around them: at most 3 MiB of memory a camera."""
    silent_s: float = Field(default=10.0, ge=1, le=120)
    """A stream that sends nothing for so long is opened anew."""
    lost_s: float = Field(default=30.0, ge=1, le=3_600)
    """A camera without pictures for so long has lost its video, which is an event."""
    patrol: VideoPatrol = VideoPatrol()
    """Its process takes what the steady analysis leaves of `cpu`, and a twentieth of it at the least."""
