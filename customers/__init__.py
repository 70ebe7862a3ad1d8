"""Who writes to us, what they bought, who looks after them."""
