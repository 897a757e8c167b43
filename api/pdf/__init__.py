"""PDF documents. Nothing but the process that makes one (child.py) imports Typst, whose library is 90 MB."""

NO_FONT = 3
"""Exit code of that process: no font with Chinese characters was found."""
