"""GA/T 1400 (视图库): JSON over HTTP between view libraries; of it lists of devices and tollgates, and states."""
