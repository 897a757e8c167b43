"""HJ 212, the frames by which stations of environmental monitoring report: 2005, 2017 and what is known of 2025."""
