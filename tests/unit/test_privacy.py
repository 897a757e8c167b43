"""The privacy gate knows what is about persons, and lets pass what is about places and things."""

import pytest

from devices.privacy import is_private, mentions_private, without_private

PRIVATE = """
face faces faceId face_id FaceCapture facedetection faceCount faceImage FACE_RECOGNITION facial_features
plate plateNo plate_number licensePlate license-plate LicensePlateNumber licenseplate carPlate ANPR alpr LPRResult
personId person_id personName pedestrian_reid humanFeature driver_name reid trackId track_id targetTrack TargetTrack
tracking trajectory vehicle_tracking fingerprint finger_vein iris_scan voiceprint gait biometrics gender ageGroup
idCard id_card passport phone_number AccessControllerEvent vehicleMatchResult chepaihao renlian
人脸 人脸识别 车牌 车牌号 身份证号 人员轨迹 姓名 手机号 指纹 目标跟踪
""".split()  # noqa: SIM905 a list of words reads better as text

THINGS = """
pm25 temperature surface_temp interface_state typeface template plate_temp hotplate_power baseplate person_count
people_count crowd_density crowd track_tension solar_tracker_angle race_time id device_id card_slot phone_battery
iris_aperture mobile_signal car_count vehicle_count vehicle_speed human_detection national_grid gas_leak smoke
agents pressure approx_level trackside_noise 温度 人数 人群密度 水位 车流量
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", PRIVATE)
def test_about_persons(name: str) -> None:
    assert is_private(name)
    assert mentions_private(f'{{"a": 1, "{name}": "x"'.encode())
    assert mentions_private(f"<Event><{name}>x</{name}>".encode("gb18030"))


@pytest.mark.parametrize("name", THINGS)
def test_about_places_and_things(name: str) -> None:
    assert not is_private(name)
    assert not mentions_private(f'{{"a": 1, "{name}": "x"'.encode())


def test_fields_are_dropped_at_any_level_and_counted() -> None:
    given = {"a": [{"faceId": 1, "b": 2}, [{"plateNo": 1}]], "gender": {"x": 1}, "c": None}
    assert without_private(given) == ({"a": [{"b": 2}, [{}]], "c": None}, 3)
    assert given["gender"] == {"x": 1}, "the input stays as it was"


def test_bytes_without_a_name_are_no_person() -> None:
    assert not mentions_private(bytes(range(256)))
    assert not mentions_private(b"")
