"""GB/T 26875.3, the frames by which fire alarm systems and user transmission devices report to a centre."""
