"""What is stored for others to be forwarded, in the commit that stores it."""
