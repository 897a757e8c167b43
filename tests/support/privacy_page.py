"""Writes the tables of docs/PRIVACY.md from the code that enforces them: python -m tests.support.privacy_page."""

from pathlib import Path

from hub.access.classification import ALERT, CASE, MEASURED, OTHER_SERIES, PICTURE, SERIES, Level
from hub.access.inventory import TABLES

PAGE = Path(__file__).parents[2] / "docs/PRIVACY.md"
BEGIN, END = "<!-- made of the code: begin -->\n", "<!-- made of the code: end -->\n"


def made() -> str:
    """The part of the page between its marks."""
    lines = [
        "| table | class | what, and why | how long | who sees it | columns by level |",
        "|---|---|---|---|---|---|",
    ]
    for name, table in sorted(TABLES.items()):
        levels = [
            f"{level.name}: {', '.join(f'`{each}`' for each, of in table.levels.items() if of == level)}"
            for level in sorted(set(table.levels.values()))
        ]
        seen = f"`{table.seen_by}`" if table.seen_by else "no route"
        lines.append(f"| `{name}` | {table.data_class} | {table.why} | {table.kept} | {seen} | {'; '.join(levels)} |")
    lines += ["", "| what leaves | level |", "|---|---|"]
    for level in sorted(set(ALERT.values())):
        fields = ", ".join(f"`{name}`" for name, of in ALERT.items() if of == level)
        lines.append(f"| of an alert: {fields} | {level.name} |")
    lines.append(f"| of an alert: {', '.join(f'`{name}`' for name in MEASURED)} | that of the series |")
    for level in sorted(set(CASE.values())):
        fields = ", ".join(f"`{name}`" for name, of in CASE.items() if of == level)
        lines.append(f"| of a case: {fields} | {level.name} |")
    for level in sorted({*SERIES.values(), OTHER_SERIES}):
        categories = [f"`{name}`" for name, of in SERIES.items() if of == level]
        categories += ["any other"] if level == OTHER_SERIES else []
        lines.append(f"| values of series of the category {', '.join(categories)} | {level.name} |")
    lines.append(f"| pictures and clips of places | {Level(PICTURE).name} |")
    return "\n".join(lines) + "\n"


def page(before: str) -> str:
    """The page with that part made anew."""
    head, _, rest = before.partition(BEGIN)
    return head + BEGIN + made() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
