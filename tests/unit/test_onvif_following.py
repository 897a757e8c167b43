"""What a PullPoint tells: notifications that are about persons are replaced before anything else sees them."""

import asyncio

from devices.cameras.onvif_service import OnvifService
from devices.codecs.onvif.events import PERSON
from hub.models import Origin
from hub.picture import Picture
from ingest.cameras.onvif import OnvifFollowing

SAID = (
    "<NotificationMessage><Topic>{topic}</Topic><Message><Message UtcTime='2026-03-01T00:00:00Z'><Data>"
    "<SimpleItem Name='State' Value='true'/><SimpleItem Name='{name}' Value='x-77'/></Data></Message></Message>"
    "</NotificationMessage>"
)
ANSWER = "<Envelope><Body><PullMessagesResponse>{}</PullMessagesResponse></Body></Envelope>"


async def test_a_notification_about_persons_is_replaced_where_it_arrives() -> None:
    taken: list[bytes] = []

    async def put(origin: Origin, document: bytes, pictures: tuple[Picture, ...]) -> None:
        taken.append(document)

    service: OnvifService = None  # type: ignore[assignment]  # nothing is asked
    following = OnvifFollowing("gate-1", service, lambda _: Origin("onvif", "", "gate-1"), put, asyncio.Semaphore())
    fire = SAID.format(topic="RuleEngine/FireDetector/Fire", name="Note")
    face = SAID.format(topic="RuleEngine/FaceRecognition/Face", name="Name")
    await following._take(ANSWER.format(fire + face).encode(), 0.0)
    assert PERSON in taken
    [told] = [document for document in taken if b"FireDetector" in document]
    assert b"x-77" in told
    assert [document for document in taken if b"FaceRecognition" in document and document != PERSON] == []
    assert sum(b"x-77" in document for document in taken) == 1
