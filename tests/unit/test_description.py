"""What a stream is described as."""

import pytest

from ingest.video.description import NoVideoError, track_of

HEVC = """v=0
a=control:rtsp://10.0.0.9/all
m=audio 0 RTP/AVP 8
a=control:track0
m=video 0 RTP/AVP 97 98
a=rtpmap:97 JPEG/90000
a=rtpmap:98 H265/90000
a=fmtp:98 sprop-vps=QAEMAf//; sprop-sps=QgEB; sprop-pps=RAHA
a=control:track1
"""


def test_the_video_that_can_be_decoded_is_taken() -> None:
    track = track_of(HEVC.replace("\n", "\r\n"))
    assert (track.encoding, track.payload_type) == ("hevc", 98)
    assert (track.control, track.aggregate) == ("track1", "rtsp://10.0.0.9/all")
    assert [each[0] for each in track.sets] == [0x40, 0x42, 0x44]


def test_a_stream_without_such_video_names_what_it_has() -> None:
    with pytest.raises(NoVideoError) as caught:
        track_of("v=0\nm=video 0 RTP/AVP 32\n")
    assert caught.value.told == "MPEG"
    assert track_of("v=0\nm=video 0 RTP/AVP 26\n").encoding is None
    with pytest.raises(NoVideoError):
        track_of("")
