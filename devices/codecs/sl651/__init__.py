"""SL 651-2014, the frames by which stations of hydrology report: rain, levels, flows."""
