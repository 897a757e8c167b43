"""The privacy gate for pictures (docs/adr/0033-pictures-pass-a-gate.md): only `work` and what it imports use OpenCV."""
