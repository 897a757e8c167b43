"""What switches a guard off, and for how long it may."""
