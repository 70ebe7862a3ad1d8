"""Mail out, in reading order: outbox, threads, quoting, compose, delivery."""
