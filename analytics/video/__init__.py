"""What the frames of a fixed camera tell of its picture and its scene: pure, no I/O, no threads, no persons."""
