"""Where view libraries (视图库, GA/T 1400) register over HTTP, and tell of devices, their states and tollgates."""
