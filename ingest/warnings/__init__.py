"""Official warnings from sources that are asked again and again."""
