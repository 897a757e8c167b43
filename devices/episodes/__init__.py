"""What devices repeat while it lasts: one event with updates."""
