"""SIP between the codec and a socket, whoever dials whom: transactions of requests, and answers to what comes again."""
