"""GB/T 28181-2016 and 2022: SIP messages, digest, and the XML (MANSCDP) that cameras and platforms send in them."""
