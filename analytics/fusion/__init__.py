"""Fusion (融合): findings close in place and time become one incident, decided by one leader."""
