"""Each process that runs tests begins with some that are slow (tests.support.process_shares.py)."""

from tests.support.process_shares import shares


def test_each_process_has_as_many_tests_of_each_folder_and_files_stay_whole() -> None:
    files = [
        f"{folder}/{number}" for folder in ("acceptance", "unit") for number in range(9) for _ in range(number + 1)
    ]
    found = shares(files, 3)
    sizes = [
        [sum(found[each] == at for each in files if each.startswith(folder)) for at in range(3)] for folder in "au"
    ]
    assert min(map(min, sizes)) >= 10, sizes
    whole = list(map(sum, zip(*sizes, strict=True)))
    assert max(whole) - min(whole) <= 9, "one file"
    assert list(found) == list(dict.fromkeys(files)), "as they are collected"
