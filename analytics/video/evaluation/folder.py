"""The clips of a folder, and the files of labels beside them."""

from collections.abc import Sequence
from glob import escape
from pathlib import Path

from analytics.video.evaluation.formats import BadLabels
from analytics.video.evaluation.labels import ClipLabels, file_of, labels_of

CLIPS = frozenset(
    {".mp4", ".avi", ".mkv", ".mov", ".webm", ".ts", ".m4v", ".mpg", ".mpeg", ".flv", ".h264", ".h265"}
    | {".wmv", ".asf", ".3gp", ".mts", ".m2ts", ".mjpg", ".mjpeg", ".ogv", ".vob"}
)
TABLES = frozenset({".json", ".jsonl", ".csv", ".tsv", ".txt", ".xml", ".xls", ".xlsx", ".ods", ".yaml", ".yml"})
"""Endings of what people write labels into."""


def clips(folder: Path) -> list[Path]:
    """The clips below a folder, by path, or the one that is named; raises BadLabels when there is none."""
    if not folder.exists():
        raise BadLabels(f"{folder} is not there: name a clip, or a folder with clips")
    endings = " ".join(sorted(CLIPS))
    if not folder.is_dir():
        if folder.suffix.lower() not in CLIPS:
            raise BadLabels(f"{folder} is no clip by its name ({endings}): name a clip, or a folder with clips")
        return [folder]
    if not (found := sorted(path for path in folder.rglob("*") if path.suffix.lower() in CLIPS)):
        raise BadLabels(f"there is no clip in {folder} ({endings}); each may have CLIP.json or CLIP.csv beside it")
    return found


def labelled(files: Sequence[Path]) -> list[tuple[Path, ClipLabels | None]]:
    """Clips with their labels; raises BadLabels with all files that are wrong, for they are mended at once."""
    found: list[tuple[Path, ClipLabels | None]] = []
    wrong: dict[str, None] = {}
    for clip in files:
        try:
            found.append((clip, labels_of(clip)))
        except BadLabels as error:
            wrong[error.detail] = None  # two clips may have one file
    if wrong:
        raise BadLabels("\n  ".join(("", *wrong) if len(wrong) > 1 else wrong))
    return found


def unread(folder: Path, files: Sequence[Path]) -> list[Path]:
    """What may be meant as labels, and is those of no clip: in a folder, or beside the one clip that is named."""
    near = folder.rglob("*") if folder.is_dir() else folder.parent.glob(f"{escape(folder.stem)}.*")
    read = {file_of(clip) for clip in files}
    return sorted(path for path in near if path.suffix.lower() in TABLES and path.is_file() and path not in read)
